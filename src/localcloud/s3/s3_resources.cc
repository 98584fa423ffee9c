// What CloudFormation makes of S3: buckets and their policies. A property becomes the XML that a client would put.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/json_members.h"
#include "localcloud/s3/s3_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::ErrorKind::invalid_input, std::move(message));
}

// Copies members of a property to elements of XML: {"AllowedOrigins", "AllowedOrigin"}; a list gives many elements.
using Names = std::vector<std::pair<std::string_view, std::string_view>>;

base::Result<> copy_members(XmlNode& node, const json::object& from, const Names& names, std::string_view property) {
  for (const auto& [name, value] : from) {
    auto known = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.first == name; });
    if (known == names.end()) {
      return invalid(fmt::format("The local cloud does not implement {}.{}", property, std::string_view(name)));
    }
    if (known->second.empty()) continue;  // its own code writes it
    if (value.is_array()) {
      for (const auto& text : list_property(from, name)) node.add(known->second, text);
    } else {
      node.add(known->second, text_property(from, name));
    }
  }
  return {};
}

base::Result<XmlNode> versioning_xml(const json::object& property) {
  XmlNode node{.name = "VersioningConfiguration"};
  TRY(copy_members(node, property, {{"Status", "Status"}}, "VersioningConfiguration"));
  return node;
}

base::Result<XmlNode> cors_xml(const json::object& property) {
  XmlNode node{.name = "CORSConfiguration"};
  TRY(known_members(property, "s3", "CorsConfiguration", {"CorsRules"}));
  for (const auto& rule : list_in(property, "CorsRules")) {
    if (!rule.is_object()) return invalid("CorsRules must be a list of rules");
    TRY(copy_members(node.add("CORSRule"), rule.get_object(),
                     {{"AllowedHeaders", "AllowedHeader"},
                      {"AllowedMethods", "AllowedMethod"},
                      {"AllowedOrigins", "AllowedOrigin"},
                      {"ExposedHeaders", "ExposeHeader"},
                      {"Id", "ID"},
                      {"MaxAge", "MaxAgeSeconds"}},
                     "CorsRules"));
  }
  return node;
}

base::Result<XmlNode> public_access_xml(const json::object& property) {
  XmlNode node{.name = "PublicAccessBlockConfiguration"};
  TRY(copy_members(
      node, property,
      {{"BlockPublicAcls", ""}, {"IgnorePublicAcls", ""}, {"BlockPublicPolicy", ""}, {"RestrictPublicBuckets", ""}},
      "PublicAccessBlockConfiguration"));
  for (auto name : {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}) {
    node.add(name, text_property(property, name, "false"));
  }
  return node;
}

base::Result<XmlNode> ownership_xml(const json::object& property) {
  XmlNode node{.name = "OwnershipControls"};
  TRY(known_members(property, "s3", "OwnershipControls", {"Rules"}));
  TRY(auto rules, objects_property(property, "Rules", {"ObjectOwnership"}));
  for (const auto& rule : rules) node.add("Rule").add("ObjectOwnership", text_property(rule, "ObjectOwnership"));
  return node;
}

base::Result<> lifecycle_rule(XmlNode& node, const json::object& rule) {
  TRY(copy_members(node, rule,
                   {{"Id", "ID"},
                    {"Status", "Status"},
                    {"Prefix", ""},
                    {"TagFilters", ""},
                    {"ObjectSizeGreaterThan", ""},
                    {"ObjectSizeLessThan", ""},
                    {"ExpirationInDays", ""},
                    {"ExpirationDate", ""},
                    {"ExpiredObjectDeleteMarker", ""},
                    {"NoncurrentVersionExpiration", ""},
                    {"NoncurrentVersionExpirationInDays", ""},
                    {"AbortIncompleteMultipartUpload", ""}},
                   "LifecycleConfiguration.Rules"));
  XmlNode both{.name = "And"};
  for (auto name : {"Prefix", "ObjectSizeGreaterThan", "ObjectSizeLessThan"}) {
    if (rule.contains(name)) both.add(name, text_property(rule, name));
  }
  TRY(auto tags, objects_property(rule, "TagFilters", {"Key", "Value"}));
  for (const auto& tag : tags) {
    auto& one = both.add("Tag");
    one.add("Key", text_property(tag, "Key"));
    one.add("Value", text_property(tag, "Value"));
  }
  node.add("Filter").children.push_back(std::move(both));
  XmlNode expiration{.name = "Expiration"};
  for (auto [name, element] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"ExpirationInDays", "Days"},
           {"ExpirationDate", "Date"},
           {"ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"}}) {
    if (rule.contains(name)) expiration.add(element, text_property(rule, name));
  }
  if (!expiration.children.empty()) node.children.push_back(std::move(expiration));
  const auto& old = object_in(rule, "NoncurrentVersionExpiration");
  TRY(known_members(old, "s3", "NoncurrentVersionExpiration", {"NoncurrentDays", "NewerNoncurrentVersions"}));
  auto old_days = text_property(old, "NoncurrentDays", text_property(rule, "NoncurrentVersionExpirationInDays"));
  if (!old_days.empty()) {
    auto& expire = node.add("NoncurrentVersionExpiration");
    expire.add("NoncurrentDays", old_days);
    if (old.contains("NewerNoncurrentVersions")) {
      expire.add("NewerNoncurrentVersions", text_property(old, "NewerNoncurrentVersions"));
    }
  }
  const auto& abort = object_in(rule, "AbortIncompleteMultipartUpload");
  TRY(known_members(abort, "s3", "AbortIncompleteMultipartUpload", {"DaysAfterInitiation"}));
  if (!abort.empty()) {
    node.add("AbortIncompleteMultipartUpload").add("DaysAfterInitiation", text_property(abort, "DaysAfterInitiation"));
  }
  return {};
}

base::Result<XmlNode> lifecycle_xml(const json::object& property) {
  XmlNode node{.name = "LifecycleConfiguration"};
  TRY(known_members(property, "s3", "LifecycleConfiguration", {"Rules"}));
  for (const auto& rule : list_in(property, "Rules")) {
    if (!rule.is_object()) return invalid("Rules must be a list of rules");
    TRY(lifecycle_rule(node.add("Rule"), rule.get_object()));
  }
  return node;
}

base::Result<> write_filter(XmlNode& node, const json::object& filter) {
  TRY(known_members(filter, "s3", "Filter", {"S3Key"}));
  const auto& key = object_in(filter, "S3Key");
  TRY(known_members(key, "s3", "Filter.S3Key", {"Rules"}));
  TRY(auto rules, objects_property(key, "Rules", {"Name", "Value"}));
  if (rules.empty()) return {};
  auto& written = node.add("Filter").add("S3Key");
  for (const auto& rule : rules) {
    auto& line = written.add("FilterRule");
    line.add("Name", text_property(rule, "Name"));
    line.add("Value", text_property(rule, "Value"));
  }
  return {};
}

base::Result<XmlNode> notification_xml(const json::object& property) {
  XmlNode node{.name = "NotificationConfiguration"};
  TRY(known_members(
      property, "s3", "NotificationConfiguration",
      {"LambdaConfigurations", "QueueConfigurations", "TopicConfigurations", "EventBridgeConfiguration"}));
  struct Kind {
    std::string_view list, element, target;
  };
  static const std::vector<Kind> kKinds{{"LambdaConfigurations", "CloudFunctionConfiguration", "Function"},
                                        {"QueueConfigurations", "QueueConfiguration", "Queue"},
                                        {"TopicConfigurations", "TopicConfiguration", "Topic"}};
  for (const auto& kind : kKinds) {
    for (const auto& one : list_in(property, kind.list)) {
      if (!one.is_object()) return invalid(fmt::format("{} must be a list", kind.list));
      auto& made = node.add(kind.element);
      auto element = kind.target == "Function" ? std::string_view("CloudFunction") : kind.target;
      TRY(copy_members(made, one.get_object(), {{"Event", "Event"}, {kind.target, element}, {"Filter", ""}},
                       kind.list));
      TRY(write_filter(made, object_in(one.get_object(), "Filter")));
    }
  }
  if (const auto* bridge = property.if_contains("EventBridgeConfiguration"); bridge != nullptr && bridge->is_object()) {
    TRY(known_members(bridge->get_object(), "s3", "EventBridgeConfiguration", {"EventBridgeEnabled"}));
    if (text_property(bridge->get_object(), "EventBridgeEnabled", "true") == "true") {
      node.add("EventBridgeConfiguration");
    }
  }
  return node;
}

// A property, the subresource that a client would put, and how one becomes the other.
struct Configured {
  std::string_view property;
  std::string_view subresource;
  std::function<base::Result<XmlNode>(const json::object&)> xml;
};

const std::vector<Configured>& configured() {
  static const std::vector<Configured> kConfigured{
      {"VersioningConfiguration", "versioning", versioning_xml},
      {"CorsConfiguration", "cors", cors_xml},
      {"PublicAccessBlockConfiguration", "publicAccessBlock", public_access_xml},
      {"OwnershipControls", "ownershipControls", ownership_xml},
      {"LifecycleConfiguration", "lifecycle", lifecycle_xml},
      {"NotificationConfiguration", "notification", notification_xml},
  };
  return kConfigured;
}

class BucketType final : public SyncType {
 public:
  explicit BucketType(S3Service& s3, std::string region)
      : SyncType({.name = "AWS::S3::Bucket",
                  .works = {"BucketName", "VersioningConfiguration", "CorsConfiguration",
                            "PublicAccessBlockConfiguration", "OwnershipControls", "LifecycleConfiguration",
                            "NotificationConfiguration", "Tags", "AccessControl"},
                  // Every object is encrypted at rest anyway; the others count and sort, and nobody here looks.
                  .accepted = {"BucketEncryption", "MetricsConfigurations", "AnalyticsConfigurations",
                               "IntelligentTieringConfigurations"},
                  .replaces = {"BucketName"}}),
        s3_(s3),
        region_(std::move(region)) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "BucketName");
    constexpr std::size_t kLongest = 63;
    if (name.empty()) name = lower_case(generated_name(request.stack_name, request.logical_id, kLongest));
    if (s3_.bucket(name)) return aws_error(409, "BucketAlreadyExists", fmt::format("{} already exists", name));
    TRY(auto* created, s3_.create_bucket(name));
    auto filled = fill(*created, request);
    if (!filled) {
      std::ignore = s3_.delete_bucket(name);
      return base::fail(filled.error());
    }
    return state(name);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, s3_.bucket(request.physical_id));
    TRY(fill(*found, request));
    return state(request.physical_id);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    return unless_gone(s3_.delete_bucket(request.physical_id));
  }

 private:
  base::Result<> fill(Bucket& bucket, const ResourceRequest& request) {
    const auto& properties = request.properties;
    auto control = text_property(properties, "AccessControl", "Private");
    if (control != "Private" && control != "BucketOwnerFullControl") {
      return invalid("The local cloud does not implement the AccessControl " + control);
    }
    XmlNode tagging{.name = "Tagging"};
    auto& set = tagging.add("TagSet");
    TRY(auto tags, tags_property(request));
    for (const auto& [key, value] : tags) {
      auto& tag = set.add("Tag");
      tag.add("Key", key);
      tag.add("Value", value);
    }
    bucket.configurations.erase("tagging");
    if (!tags.empty()) bucket.configurations["tagging"] = std::move(tagging);
    for (const auto& [property, subresource, xml] : configured()) {
      const auto* value = properties.if_contains(property);
      const auto* old = request.old_properties.if_contains(property);
      if (value != nullptr && old != nullptr && *value == *old) continue;
      if (value == nullptr && old != nullptr) {
        TRY(reset(bucket, subresource));
      }
      if (value == nullptr) continue;
      if (!value->is_object()) return invalid(fmt::format("{} must be an object", property));
      TRY(auto node, xml(value->get_object()));
      TRY(s3_.configure(bucket, subresource, &node));
    }
    return {};
  }

  // As a bucket is without the property.
  base::Result<> reset(Bucket& bucket, std::string_view subresource) {
    if (subresource != "versioning") {
      TRY(s3_.configure(bucket, subresource, nullptr));
    } else if (bucket.has_versions()) {
      XmlNode suspended{.name = "VersioningConfiguration"};
      suspended.add("Status", "Suspended");
      return s3_.configure(bucket, subresource, &suspended);
    }
    bucket.configurations.erase(std::string(subresource));
    if (subresource == "publicAccessBlock") bucket.public_access = {};
    return {};
  }

  ResourceState state(const std::string& name) const {
    return {.physical_id = name,
            .ref = {},
            .attributes = {{"Arn", fmt::format("arn:aws:s3:::{}", name)},
                           {"DomainName", fmt::format("{}.s3.amazonaws.com", name)},
                           {"DualStackDomainName", fmt::format("{}.s3.dualstack.{}.amazonaws.com", name, region_)},
                           {"RegionalDomainName", fmt::format("{}.s3.{}.amazonaws.com", name, region_)}}};
  }

  S3Service& s3_;
  std::string region_;
};

class BucketPolicyType final : public SyncType {
 public:
  explicit BucketPolicyType(S3Service& s3)
      : SyncType({.name = "AWS::S3::BucketPolicy",
                  .works = {"Bucket", "PolicyDocument"},
                  .accepted = {},
                  .replaces = {"Bucket"}}),
        s3_(s3) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto name, needed_property(request.properties, "Bucket"));
    TRY(auto* bucket, s3_.bucket(name));
    if (bucket->policy) {
      return aws_error(409, "AlreadyExists", fmt::format("The bucket policy already exists on bucket {}.", name));
    }
    return put(*bucket, request);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* bucket, s3_.bucket(request.physical_id));
    return put(*bucket, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    if (auto bucket = s3_.bucket(request.physical_id)) (*bucket)->policy.reset();
    return {};
  }

 private:
  base::Result<ResourceState> put(Bucket& bucket, const ResourceRequest& request) {
    const auto* document = request.properties.if_contains("PolicyDocument");
    if (document == nullptr) return invalid("Property PolicyDocument is required");
    TRY(s3_.set_policy(bucket, *document));
    return ResourceState{.physical_id = bucket.name, .ref = {}, .attributes = {}};
  }

  S3Service& s3_;
};

}  // namespace

ResourceTypes s3_resource_types(S3Service& s3, const std::string& region) {
  ResourceTypes types;
  types.push_back(std::make_unique<BucketType>(s3, region));
  types.push_back(std::make_unique<BucketPolicyType>(s3));
  return types;
}

}  // namespace localcloud
