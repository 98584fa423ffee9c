// What a bucket is set up with: one table of the configurations that clients put, get and delete as XML.
#include <fmt/format.h>

#include <algorithm>

#include "base/task_group.h"
#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"

namespace localcloud {

namespace {

struct Kind {
  std::string_view subresource;
  std::string_view root;
  std::string_view get_action;
  std::string_view put_action;
  // What Get answers where there is none; empty: an empty configuration.
  std::string_view missing_code = {};
  std::string_view missing_message = {};
};

const Kind* kind_of(std::string_view subresource) {
  static const std::vector<Kind> kKinds{
      {"versioning", "VersioningConfiguration", "s3:GetBucketVersioning", "s3:PutBucketVersioning"},
      {"notification", "NotificationConfiguration", "s3:GetBucketNotification", "s3:PutBucketNotification"},
      {"cors", "CORSConfiguration", "s3:GetBucketCORS", "s3:PutBucketCORS", "NoSuchCORSConfiguration",
       "The CORS configuration does not exist"},
      {"lifecycle", "LifecycleConfiguration", "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration",
       "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"},
      {"tagging", "Tagging", "s3:GetBucketTagging", "s3:PutBucketTagging", "NoSuchTagSet", "The TagSet does not exist"},
      {"encryption", "ServerSideEncryptionConfiguration", "s3:GetEncryptionConfiguration",
       "s3:PutEncryptionConfiguration", "ServerSideEncryptionConfigurationNotFoundError",
       "The server side encryption configuration was not found"},
      {"ownershipControls", "OwnershipControls", "s3:GetBucketOwnershipControls", "s3:PutBucketOwnershipControls",
       "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"},
      {"publicAccessBlock", "PublicAccessBlockConfiguration", "s3:GetBucketPublicAccessBlock",
       "s3:PutBucketPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration",
       "The public access block configuration was not found"},
  };
  auto found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& one) { return one.subresource == subresource; });
  return found == kKinds.end() ? nullptr : &*found;
}

const Kind* kind_in(const Fields& query) {
  for (const auto& [name, value] : query) {
    if (const auto* kind = kind_of(name)) return kind;
  }
  return nullptr;
}

// What a new bucket has without being told.
std::optional<XmlNode> default_of(std::string_view subresource) {
  if (subresource == "encryption") {
    XmlNode node{.name = "ServerSideEncryptionConfiguration"};
    auto& rule = node.add("Rule");
    rule.add("ApplyServerSideEncryptionByDefault").add("SSEAlgorithm", "AES256");
    rule.add("BucketKeyEnabled", "false");
    return node;
  }
  if (subresource == "ownershipControls") {
    XmlNode node{.name = "OwnershipControls"};
    node.add("Rule").add("ObjectOwnership", "BucketOwnerEnforced");
    return node;
  }
  if (subresource == "publicAccessBlock") {
    XmlNode node{.name = "PublicAccessBlockConfiguration"};
    for (auto name : {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}) {
      node.add(name, "true");
    }
    return node;
  }
  return std::nullopt;
}

base::Result<Versioning> parse_versioning(const XmlNode& node) {
  if (node.text_of("MfaDelete") == "Enabled") {
    return base::fail(not_implemented("s3", "PutBucketVersioning with MFADelete"));
  }
  auto status = node.text_of("Status");
  if (status == "Enabled") return Versioning::enabled;
  if (status == "Suspended") return Versioning::suspended;
  return aws_error(400, "IllegalVersioningConfigurationException", "The Versioning element must be specified");
}

base::Result<> check_encryption(const XmlNode& node) {
  const auto* rule = node.child("Rule");
  const auto* by_default = rule != nullptr ? rule->child("ApplyServerSideEncryptionByDefault") : nullptr;
  if (rule == nullptr || (by_default == nullptr && rule->children.empty())) return malformed_xml();
  if (by_default == nullptr) return {};
  auto algorithm = by_default->text_of("SSEAlgorithm");
  if (algorithm == "aws:kms" || algorithm == "aws:kms:dsse") {
    return base::fail(not_implemented("s3", "PutBucketEncryption with SSEAlgorithm " + algorithm));
  }
  if (algorithm != "AES256") return malformed_xml();
  if (by_default->child("KMSMasterKeyID") == nullptr) return {};
  return aws_error(400, "InvalidArgument",
                   "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse");
}

base::Result<> check_ownership(const XmlNode& node) {
  const auto* rule = node.child("Rule");
  auto ownership = rule != nullptr ? rule->text_of("ObjectOwnership") : std::string();
  if (ownership == "BucketOwnerEnforced" || ownership == "BucketOwnerPreferred" || ownership == "ObjectWriter") {
    return {};
  }
  return malformed_xml();
}

}  // namespace

base::Result<> S3Service::configure(Bucket& bucket, std::string_view subresource, const XmlNode* wanted,
                                    bool check_destination) {
  XmlNode node = wanted != nullptr ? *wanted : XmlNode();
  if (subresource == "versioning") {
    TRY(bucket.versioning, parse_versioning(node));
  } else if (subresource == "cors") {
    std::vector<CorsRule> rules;
    if (wanted != nullptr) {
      TRY(rules, parse_cors(node));
    }
    bucket.cors = std::move(rules);
  } else if (subresource == "lifecycle") {
    std::vector<LifecycleRule> rules;
    if (wanted != nullptr) {
      TRY(rules, parse_lifecycle(node));
    }
    bucket.lifecycle = std::move(rules);
    if (!std::exchange(expires_daily_, true)) cloud_.tasks->spawn(expire_daily());
  } else if (subresource == "notification") {
    NotificationConfiguration configuration;
    if (wanted != nullptr) {
      TRY(configuration, parse_notification(node));
    }
    if (check_destination) TRY(check_destinations(bucket, configuration));
    bucket.notification = std::move(configuration);
  } else if (subresource == "tagging" && wanted != nullptr) {
    constexpr std::size_t kMostTags = 50;
    TRY(parse_tags(node, kMostTags));
  } else if (subresource == "encryption" && wanted != nullptr) {
    TRY(check_encryption(node));
  } else if (subresource == "ownershipControls" && wanted != nullptr) {
    TRY(check_ownership(node));
  } else if (subresource == "publicAccessBlock") {
    auto on = [&](std::string_view name) { return node.text_of(name) == "true"; };
    bucket.public_access = {.block_acls = on("BlockPublicAcls"),
                            .ignore_acls = on("IgnorePublicAcls"),
                            .block_policy = on("BlockPublicPolicy"),
                            .restrict_buckets = on("RestrictPublicBuckets")};
  }
  if (wanted != nullptr) {
    bucket.configurations[std::string(subresource)] = std::move(node);
  } else if (subresource == "encryption") {
    bucket.configurations.erase("encryption");  // back to the default
  } else {
    // An element without a name says that there is none, not even the default.
    bucket.configurations[std::string(subresource)] = XmlNode();
  }
  return {};
}

S3Service::Answer S3Service::get_configuration(const Call& call, const Address& address) {
  const auto* kind = kind_in(address.query);
  TRY(authorize(call, kind->get_action, address));
  TRY(auto* its_bucket, bucket(address.bucket));
  auto found = its_bucket->configurations.find(kind->subresource);
  auto node = found != its_bucket->configurations.end() ? std::optional(found->second) : default_of(kind->subresource);
  if (!node || node->name.empty()) {
    if (!kind->missing_code.empty()) {
      return aws_error(404, std::string(kind->missing_code), std::string(kind->missing_message));
    }
    node = XmlNode{.name = std::string(kind->root)};
  }
  XmlWriter xml;
  write_xml(xml, *node, kS3Namespace);
  return s3_answer(call, 200, xml.take());
}

S3Service::Answer S3Service::put_configuration(const Call& call, const Address& address) {
  const auto* kind = kind_in(address.query);
  TRY(authorize(call, kind->put_action, address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto body, receive_body(call.request));
  TRY(auto node, parse_xml(body.content));
  if (node.name != kind->root) return malformed_xml();
  bool check = call.request.headers.get_or("x-amz-skip-destination-validation", "false") != "true";
  TRY(configure(*its_bucket, kind->subresource, &node, check));
  return s3_answer(call, kind->subresource == "tagging" ? 204 : 200);
}

S3Service::Answer S3Service::delete_configuration(const Call& call, const Address& address) {
  const auto* kind = kind_in(address.query);
  TRY(authorize(call, kind->put_action, address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(configure(*its_bucket, kind->subresource, nullptr));
  return s3_answer(call, 204);
}

}  // namespace localcloud
