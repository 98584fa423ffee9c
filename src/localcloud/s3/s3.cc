#include "localcloud/s3/s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kXmlns = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

tl::unexpected<base::Error> no_such_bucket() {
  return aws_error(404, "NoSuchBucket", "The specified bucket does not exist");
}

// The bucket in a virtual host: "name.s3.us-east-1.amazonaws.com", "name.s3.localhost:4571", "name.localhost:4571";
// else "".
std::string bucket_in_host(std::string_view host) {
  host = host.substr(0, host.rfind(':'));
  auto s3 = host.find(".s3.");
  if (s3 == std::string_view::npos) s3 = host.find(".s3-");
  if (s3 != std::string_view::npos) return std::string(host.substr(0, s3));
  constexpr std::string_view kLocal = ".localhost";
  if (!host.ends_with(kLocal)) return {};
  host.remove_suffix(kLocal.size());
  return host == "s3" || host.starts_with("s3.") ? std::string() : std::string(host);
}

// The operation that a subresource asks for, "GET ?versioning" → "GetBucketVersioning", for refusing it by name.
std::string operation_name(const net::Request& request, bool object, std::string_view subresource) {
  static const std::map<std::string_view, std::string_view> kVerbs{
      {"GET", "Get"}, {"PUT", "Put"}, {"DELETE", "Delete"}, {"POST", "Post"}, {"HEAD", "Head"}};
  if (subresource == "uploads" && object) return "CreateMultipartUpload";
  if (subresource == "uploadId") return request.method == "PUT" ? "UploadPart" : "CompleteMultipartUpload";
  auto verb = kVerbs.find(request.method);
  std::string name(subresource);
  if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return fmt::format("{}{}{}", verb == kVerbs.end() ? request.method : std::string(verb->second),
                     object ? "Object" : "Bucket", name);
}

// Subresources that turn a request into another operation. What is not here is a parameter.
std::optional<std::string> subresource_of(const Fields& query) {
  static const std::set<std::string_view> kSubresources{"accelerate",
                                                        "acl",
                                                        "analytics",
                                                        "attributes",
                                                        "cors",
                                                        "encryption",
                                                        "intelligent-tiering",
                                                        "inventory",
                                                        "legal-hold",
                                                        "lifecycle",
                                                        "logging",
                                                        "metrics",
                                                        "notification",
                                                        "object-lock",
                                                        "policyStatus",
                                                        "ownershipControls",
                                                        "partNumber",
                                                        "publicAccessBlock",
                                                        "replication",
                                                        "requestPayment",
                                                        "restore",
                                                        "retention",
                                                        "select",
                                                        "tagging",
                                                        "torrent",
                                                        "uploadId",
                                                        "uploads",
                                                        "versionId",
                                                        "versioning",
                                                        "versions",
                                                        "website",
                                                        "session"};
  for (const auto& [name, value] : query) {
    if (kSubresources.contains(name)) return name;
  }
  return std::nullopt;
}

base::Result<> check_bucket_name(std::string_view name) {
  constexpr std::size_t kShortest = 3;
  constexpr std::size_t kLongest = 63;
  auto fits = [](char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || std::isdigit(static_cast<unsigned char>(c)) != 0 ||
           c == '-' || c == '.';
  };
  bool ends = !name.empty() && name.front() != '-' && name.front() != '.' && name.back() != '-' && name.back() != '.';
  if (name.size() >= kShortest && name.size() <= kLongest && ends && std::all_of(name.begin(), name.end(), fits))
    return {};
  return aws_error(400, "InvalidBucketName", "The specified bucket is not valid.");
}

}  // namespace

net::Response s3_answer(const Call& call, int status, std::string xml) {
  net::Response response;
  response.status = status;
  response.headers.add("x-amz-request-id", call.request_id);
  if (!xml.empty()) {
    response.headers.add("Content-Type", "application/xml");
    response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + std::move(xml);
  }
  return response;
}

S3Service::Address S3Service::address_of(const Call& call) const {
  auto target = split_target(call.request.target);
  Address address{.bucket = bucket_in_host(call.request.headers.get_or("Host", "")), .key = {}, .query = target.query};
  std::string_view path = target.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (address.bucket.empty()) {
    auto slash = path.find('/');
    address.bucket = net::percent_decode(path.substr(0, slash));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  address.key = net::percent_decode(path);
  return address;
}

base::Result<> S3Service::authorize(const Call& call, std::string_view action, const Address& address) const {
  auto resource = address.key.empty() ? fmt::format("arn:aws:s3:::{}", address.bucket)
                                      : fmt::format("arn:aws:s3:::{}/{}", address.bucket, address.key);
  auto found = buckets_.find(address.bucket);
  bool has_policy = found != buckets_.end() && found->second.policy;
  ConditionContext context;
  if (auto prefix = field(address.query, "prefix")) context["s3:prefix"] = *prefix;
  return cloud_.iam->authorize(call.caller, action, resource, context, has_policy ? &*found->second.policy : nullptr);
}

awaitable<net::Response> S3Service::handle(Call call) {
  auto address = address_of(call);
  auto response = act(call, address);
  if (response) co_return std::move(*response);
  co_return s3_failure(call, response.error(), split_target(call.request.target).path);
}

base::Result<net::Response> S3Service::act(const Call& call, const Address& address) {
  if (address.bucket.empty()) return list_buckets(call);
  if (auto subresource = subresource_of(address.query)) {
    return base::fail(not_implemented("s3", operation_name(call.request, !address.key.empty(), *subresource)));
  }
  return address.key.empty() ? bucket_action(call, address) : object_action(call, address);
}

base::Result<net::Response> S3Service::list_buckets(const Call& call) {
  if (call.request.method != "GET") return base::fail(not_implemented("s3", call.request.method + " /"));
  TRY(cloud_.iam->authorize(call.caller, "s3:ListAllMyBuckets", "*"));
  XmlWriter xml;
  xml.open("ListAllMyBucketsResult", kXmlns).open("Owner").element("ID", cloud_.account_id).close().open("Buckets");
  for (const auto& [name, bucket] : buckets_) {
    xml.open("Bucket").element("Name", name).element("CreationDate", iso_time(bucket.created)).close();
  }
  return s3_answer(call, 200, xml.take());
}

base::Result<net::Response> S3Service::bucket_action(const Call& call, const Address& address) {
  const auto& method = call.request.method;
  if (method == "PUT") {
    if (field(address.query, "policy")) return base::fail(not_implemented("s3", "PutBucketPolicy"));
    TRY(authorize(call, "s3:CreateBucket", address));
    TRY(create_bucket(address.bucket));
    auto response = s3_answer(call, 200);
    response.headers.add("Location", "/" + address.bucket);
    return response;
  }
  if (method == "DELETE") {
    if (field(address.query, "policy")) return base::fail(not_implemented("s3", "DeleteBucketPolicy"));
    TRY(authorize(call, "s3:DeleteBucket", address));
    TRY(delete_bucket(address.bucket));
    return s3_answer(call, 204);
  }
  if (method == "POST" && field(address.query, "delete")) return delete_objects(call, address);
  if (method == "HEAD") {
    TRY(authorize(call, "s3:ListBucket", address));
    TRY(bucket(address.bucket));
    auto response = s3_answer(call, 200);
    response.headers.add("x-amz-bucket-region", cloud_.region);
    return response;
  }
  if (method != "GET") return base::fail(not_implemented("s3", method + " on a bucket"));
  if (field(address.query, "policy")) return base::fail(not_implemented("s3", "GetBucketPolicy"));
  if (field(address.query, "location")) {
    TRY(authorize(call, "s3:GetBucketLocation", address));
    TRY(bucket(address.bucket));
    XmlWriter xml;
    // us-east-1 is the region without a name.
    xml.element("LocationConstraint",
                cloud_.region == "us-east-1" ? std::string_view() : std::string_view(cloud_.region));
    return s3_answer(call, 200, xml.take());
  }
  return list_objects(call, address);
}

// --- The state

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
  if (found == buckets_.end()) return no_such_bucket();
  return &found->second;
}

base::Result<> S3Service::delete_bucket(std::string_view name) {
  auto found = buckets_.find(name);
  if (found == buckets_.end()) return no_such_bucket();
  if (!found->second.objects.empty()) {
    return aws_error(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
  }
  buckets_.erase(found);
  return {};
}

base::Result<std::string> S3Service::get(std::string_view bucket_name, std::string_view key) const {
  auto found = buckets_.find(bucket_name);
  if (found == buckets_.end()) return no_such_bucket();
  auto object = found->second.objects.find(key);
  if (object == found->second.objects.end()) {
    return aws_error(404, "NoSuchKey", "The specified key does not exist.");
  }
  return object->second.content;
}

ResourceTypes S3Service::resource_types() {
  return s3_resource_types(*this);
}

std::unique_ptr<S3> make_s3(Cloud& cloud) {
  return std::make_unique<S3Service>(cloud);
}

}  // namespace localcloud
