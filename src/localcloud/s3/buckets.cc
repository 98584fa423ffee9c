// Buckets: making, finding, listing and removing them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "codec/base64.h"
#include "localcloud/http_text.h"
#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"

namespace localcloud {

namespace {

// What S3 keeps for names of its own ("General purpose bucket naming rules").
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 3> kBegins{"xn--", "sthree-", "amzn-s3-demo-"};
  constexpr std::array<std::string_view, 5> kEnds{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
  return std::any_of(kBegins.begin(), kBegins.end(), [&](auto one) { return name.starts_with(one); }) ||
         std::any_of(kEnds.begin(), kEnds.end(), [&](auto one) { return name.ends_with(one); });
}

base::Result<> check_bucket_name(std::string_view name) {
  constexpr std::size_t kShortest = 3;
  constexpr std::size_t kLongest = 63;
  auto fits = [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || std::isdigit(static_cast<unsigned char>(c)) != 0 ||
           c == '-' || c == '.';
  };
  bool ends = !name.empty() && name.front() != '-' && name.front() != '.' && name.back() != '-' && name.back() != '.';
  bool address =
      std::count(name.begin(), name.end(), '.') == 3 && name.find_first_not_of("0123456789.") == std::string_view::npos;
  if (name.size() >= kShortest && name.size() <= kLongest && ends && !address &&
      std::all_of(name.begin(), name.end(), fits) && name.find("..") == std::string_view::npos && !is_reserved(name)) {
    return {};
  }
  return aws_error(400, "InvalidBucketName", "The specified bucket is not valid.");
}

// The region that a CreateBucketConfiguration names, which is this one; us-east-1 has no name.
base::Result<> check_location(const XmlNode& configuration, std::string_view region) {
  auto place = configuration.text_of("LocationConstraint");
  if (place.empty() ? region == "us-east-1" : (place == region && place != "us-east-1")) return {};
  return aws_error(
      400, place == "us-east-1" ? "InvalidLocationConstraint" : "IllegalLocationConstraintException",
      fmt::format("The {} location constraint is incompatible for the region specific endpoint this request "
                  "was sent to.",
                  place.empty() ? "unspecified" : place));
}

base::Result<> refuse_acls(const net::Headers& headers) {
  bool granted = std::any_of(headers.begin(), headers.end(),
                             [](const auto& header) { return lower_case(header.first).starts_with("x-amz-grant-"); });
  if (!granted && headers.get_or("x-amz-acl", "private") == "private") return {};
  return aws_error(400, "InvalidBucketAclWithObjectOwnership",
                   "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
}

}  // namespace

base::Result<Bucket*> S3Service::create_bucket(std::string_view name) {
  TRY(check_bucket_name(name));
  // In us-east-1 alone the owner may create a bucket again.
  if (cloud_.region != "us-east-1" && buckets_.contains(name)) {
    return aws_error(409, "BucketAlreadyOwnedByYou",
                     "Your previous request to create the named bucket succeeded and you already own it.");
  }
  auto& made = buckets_[std::string(name)];
  if (made.name.empty()) {
    made.name = std::string(name);
    made.created = cloud_.clock->now();
  }
  return &made;
}

base::Result<Bucket*> S3Service::bucket(std::string_view name) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) return aws_error(404, "NoSuchBucket", "The specified bucket does not exist");
  return &found->second;
}

base::Result<> S3Service::delete_bucket(std::string_view name) {
  TRY(auto* found, bucket(name));
  if (!found->objects.empty()) {
    return aws_error(409, "BucketNotEmpty",
                     found->has_versions()
                         ? "The bucket you tried to delete is not empty. You must delete all versions in the bucket."
                         : "The bucket you tried to delete is not empty");
  }
  buckets_.erase(buckets_.find(name));
  return {};
}

S3Service::Answer S3Service::list_buckets(const Call& call, const Address& address) {
  if (call.request.method != "GET") return base::fail(not_implemented("s3", call.request.method + " /"));
  TRY(cloud_.iam->authorize(call.caller, "s3:ListAllMyBuckets", "*"));
  auto prefix = field(address.query, "prefix").value_or("");
  auto region = field(address.query, "bucket-region").value_or(cloud_.region);
  auto most = field(address.query, "max-buckets");
  auto after = codec::base64_decode(field(address.query, "continuation-token").value_or(""));
  if (!after) return aws_error(400, "InvalidArgument", "The continuation token provided is incorrect");
  constexpr std::size_t kMost = 10'000;
  std::size_t left = kMost;
  if (most) {
    auto [end, error] = std::from_chars(most->data(), most->data() + most->size(), left);
    if (error != std::errc() || end != most->data() + most->size() || left < 1 || left > kMost) {
      return aws_error(400, "InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000");
    }
  }
  XmlWriter xml;
  xml.open("ListAllMyBucketsResult", kS3Namespace).open("Owner").element("ID", cloud_.account_id).close();
  xml.open("Buckets");
  std::string last;
  bool truncated = false;
  for (auto at = buckets_.upper_bound(*after); at != buckets_.end() && region == cloud_.region; ++at) {
    const auto& [name, one] = *at;
    if (!name.starts_with(prefix)) continue;
    truncated = left-- == 0;
    if (truncated) break;
    last = name;
    xml.open("Bucket").element("Name", name).element("CreationDate", iso_time(one.created));
    xml.element("BucketRegion", cloud_.region).element("BucketArn", one.arn()).close();
  }
  xml.close();
  if (!prefix.empty()) xml.element("Prefix", prefix);
  if (truncated) xml.element("ContinuationToken", codec::base64_encode(last));
  return s3_answer(call, 200, xml.take());
}

S3Service::Answer S3Service::create_bucket_operation(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:CreateBucket", address));
  const auto& headers = call.request.headers;
  if (headers.get_or("x-amz-bucket-object-lock-enabled", "false") == "true") {
    return base::fail(not_implemented("s3", "CreateBucket with ObjectLockEnabledForBucket"));
  }
  if (headers.get_or("x-amz-bucket-namespace", "global") != "global") {
    return base::fail(not_implemented("s3", "CreateBucket with BucketNamespace"));
  }
  TRY(refuse_acls(headers));
  XmlNode configuration{.name = "CreateBucketConfiguration"};
  if (!call.request.body.empty()) {
    TRY(auto body, receive_body(call.request));
    TRY(configuration, parse_xml(body.content));
  }
  if (configuration.name != "CreateBucketConfiguration") return malformed_xml();
  TRY(check_location(configuration, cloud_.region));
  for (const auto& child : configuration.children) {
    if (child.name == "LocationConstraint" || child.name == "Tags") continue;
    return base::fail(not_implemented("s3", fmt::format("CreateBucket with {}", child.name)));
  }
  bool was_there = buckets_.contains(address.bucket);
  TRY(auto* made, create_bucket(address.bucket));
  auto filled = fill_new(*made, configuration, headers);
  if (!filled && !was_there) std::ignore = delete_bucket(address.bucket);
  TRY(std::move(filled));
  auto response = s3_answer(call, 200);
  response.headers.add("Location", "/" + address.bucket);
  response.headers.add("x-amz-bucket-arn", made->arn());
  return response;
}

// The tags and the ownership that CreateBucket gives.
base::Result<> S3Service::fill_new(Bucket& bucket, const XmlNode& configuration, const net::Headers& headers) {
  if (const auto* tags = configuration.child("Tags")) {
    XmlNode tagging{.name = "Tagging", .children = {*tags}};
    tagging.children.front().name = "TagSet";
    TRY(configure(bucket, "tagging", &tagging));
  }
  auto ownership = headers.get("x-amz-object-ownership");
  if (!ownership) return {};
  XmlNode controls{.name = "OwnershipControls"};
  controls.add("Rule").add("ObjectOwnership", *ownership);
  return configure(bucket, "ownershipControls", &controls);
}

S3Service::Answer S3Service::delete_bucket_operation(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:DeleteBucket", address));
  TRY(delete_bucket(address.bucket));
  return s3_answer(call, 204);
}

S3Service::Answer S3Service::head_bucket(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:ListBucket", address));
  TRY(bucket(address.bucket));
  auto response = s3_answer(call, 200);
  response.headers.add("x-amz-bucket-region", cloud_.region);
  return response;
}

S3Service::Answer S3Service::get_bucket_location(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:GetBucketLocation", address));
  TRY(bucket(address.bucket));
  XmlWriter xml;
  // us-east-1 is the region without a name.
  xml.open("LocationConstraint", kS3Namespace).raw(cloud_.region == "us-east-1" ? "" : cloud_.region);
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud
