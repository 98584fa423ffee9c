// Buckets: making, finding, listing and removing them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"

namespace localcloud {

namespace {

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
      std::all_of(name.begin(), name.end(), fits) && name.find("..") == std::string_view::npos) {
    return {};
  }
  return aws_error(400, "InvalidBucketName", "The specified bucket is not valid.");
}

}  // namespace

base::Result<Bucket*> S3Service::create_bucket(std::string_view name) {
  TRY(check_bucket_name(name));
  // In us-east-1 the owner may create a bucket again.
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
  XmlWriter xml;
  xml.open("ListAllMyBucketsResult", kS3Namespace).open("Owner").element("ID", cloud_.account_id).close();
  xml.open("Buckets");
  for (const auto& [name, one] : buckets_) {
    if (!name.starts_with(prefix)) continue;
    xml.open("Bucket").element("Name", name).element("CreationDate", iso_time(one.created)).close();
  }
  xml.close();
  if (!prefix.empty()) xml.element("Prefix", prefix);
  return s3_answer(call, 200, xml.take());
}

S3Service::Answer S3Service::create_bucket_operation(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:CreateBucket", address));
  const auto& headers = call.request.headers;
  if (headers.get_or("x-amz-bucket-object-lock-enabled", "false") == "true") {
    return base::fail(not_implemented("s3", "CreateBucket with ObjectLockEnabledForBucket"));
  }
  auto acl = headers.get_or("x-amz-acl", "private");
  if (acl != "private") {
    return aws_error(400, "InvalidBucketAclWithObjectOwnership",
                     "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting");
  }
  if (!call.request.body.empty()) {
    TRY(auto configuration, parse_xml(call.request.body));
    auto place = configuration.text_of("LocationConstraint");
    if (!place.empty() && (place != cloud_.region || place == "us-east-1")) {
      return aws_error(400, place == "us-east-1" ? "InvalidLocationConstraint" : "IllegalLocationConstraintException",
                       fmt::format("The {} location constraint is incompatible for the region specific endpoint this "
                                   "request was sent to.",
                                   place));
    }
    for (auto name : {"Bucket", "Location"}) {
      if (configuration.child(name) != nullptr) {
        return base::fail(not_implemented("s3", fmt::format("CreateBucket with {}", name)));
      }
    }
  }
  TRY(create_bucket(address.bucket));
  auto response = s3_answer(call, 200);
  response.headers.add("Location", "/" + address.bucket);
  return response;
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
