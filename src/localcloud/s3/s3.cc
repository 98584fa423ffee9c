#include "localcloud/s3/s3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/ids.h"
#include "localcloud/http_text.h"
#include "localcloud/iam/signature.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

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

// Members of a query that make a request another operation. Every other one is a parameter.
std::optional<std::string> subresource_of(const Fields& query) {
  static const std::set<std::string_view> kSubresources{"abac",
                                                        "accelerate",
                                                        "acl",
                                                        "analytics",
                                                        "annotation",
                                                        "attributes",
                                                        "cors",
                                                        "delete",
                                                        "encryption",
                                                        "inventory",
                                                        "legal-hold",
                                                        "intelligent-tiering",
                                                        "lifecycle",
                                                        "location",
                                                        "logging",
                                                        "metadataAnnotationTable",
                                                        "metadataConfiguration",
                                                        "metadataInventoryTable",
                                                        "metadataJournalTable",
                                                        "metadataTable",
                                                        "metrics",
                                                        "notification",
                                                        "object-lock",
                                                        "ownershipControls",
                                                        "policy",
                                                        "policyStatus",
                                                        "publicAccessBlock",
                                                        "renameObject",
                                                        "replication",
                                                        "requestPayment",
                                                        "restore",
                                                        "retention",
                                                        "select",
                                                        "session",
                                                        "tagging",
                                                        "torrent",
                                                        "uploadId",
                                                        "uploads",
                                                        "versioning",
                                                        "versions",
                                                        "website"};
  for (const auto& [name, value] : query) {
    if (kSubresources.contains(name)) return name;
  }
  return std::nullopt;
}

// The operation that a request asks for where none is here, for refusing it by name: "GET ?acl" → "GetBucketAcl".
std::string unknown_operation(const net::Request& request, bool object, std::string subresource) {
  static const std::map<std::string_view, std::string_view> kVerbs{
      {"GET", "Get"}, {"PUT", "Put"}, {"DELETE", "Delete"}, {"POST", "Post"}, {"HEAD", "Head"}};
  if (subresource == "restore") return "RestoreObject";
  if (subresource == "select") return "SelectObjectContent";
  auto verb = kVerbs.find(request.method);
  if (!subresource.empty()) {
    subresource[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(subresource[0])));
  }
  return fmt::format("{}{}{}", verb == kVerbs.end() ? request.method : std::string(verb->second),
                     object ? "Object" : "Bucket", subresource);
}

// Headers that no operation looks at and that would change what it does.
base::Result<> refuse_headers(const net::Request& request, std::string_view operation) {
  static constexpr std::array<std::string_view, 4> kBegins{"x-amz-server-side-encryption-customer-",
                                                           "x-amz-copy-source-server-side-encryption-customer-",
                                                           "x-amz-object-lock-", "x-amz-if-match-"};
  static const std::set<std::string_view> kNotHere{"x-amz-server-side-encryption-aws-kms-key-id",
                                                   "x-amz-server-side-encryption-context",
                                                   "x-amz-bypass-governance-retention",
                                                   "x-amz-object-annotation-directive",
                                                   "x-amz-website-redirect-location",
                                                   "x-amz-write-offset-bytes"};
  for (const auto& [name, value] : request.headers) {
    auto known = lower_case(name);
    bool begins = std::any_of(kBegins.begin(), kBegins.end(), [&](auto one) { return known.starts_with(one); });
    if (!begins && !kNotHere.contains(known)) continue;
    return base::fail(not_implemented("s3", fmt::format("{} with {}", operation, known)));
  }
  return {};
}

// Whoever has a presigned URL may not add to what it says: every header of S3's is signed ("Authenticating Requests:
// Using Query Parameters"). How a body of unknown content is marked is no addition.
base::Result<> check_all_signed(const Call& call) {
  auto claimed = parse_signature(call.request);
  if (!claimed) return {};
  for (const auto& [name, value] : call.request.headers) {
    auto known = lower_case(name);
    const auto& names = claimed->signed_headers;
    if (!known.starts_with("x-amz-") || std::find(names.begin(), names.end(), known) != names.end()) continue;
    if (claimed->in_query && known == "x-amz-content-sha256") continue;
    return aws_error(403, "AccessDenied", "There were headers present in the request which were not signed");
  }
  return {};
}

}  // namespace

net::Response s3_answer(const Call& call, int status, std::string xml) {
  net::Response response;
  response.status = status;
  response.headers.add("x-amz-request-id", call.request_id);
  response.headers.add("x-amz-id-2", call.request_id);
  if (!xml.empty()) {
    response.headers.add("Content-Type", "application/xml");
    response.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + std::move(xml);
  }
  return response;
}

// Every object of S3 is encrypted at rest, and every answer says how.
void add_encryption(net::Response& response) {
  response.headers.add("x-amz-server-side-encryption", "AES256");
}

std::string fresh_id() {
  auto id = base::to_hex(base::random_bytes<16>());
  return id;
}

std::string quoted_etag(std::string_view etag) {
  return fmt::format("\"{}\"", etag);
}

const std::vector<S3Service::Route>& S3Service::routes() {
  using S = S3Service;
  static const std::vector<Route> kRoutes{
      {"PUT", false, "", "CreateBucket", &S::create_bucket_operation},
      {"DELETE", false, "", "DeleteBucket", &S::delete_bucket_operation},
      {"HEAD", false, "", "HeadBucket", &S::head_bucket},
      {"GET", false, "", "ListObjects", &S::list_objects},
      {"POST", false, "", "PostObject", &S::post_object},
      {"GET", false, "location", "GetBucketLocation", &S::get_bucket_location},
      {"GET", false, "policy", "GetBucketPolicy", &S::get_bucket_policy},
      {"PUT", false, "policy", "PutBucketPolicy", &S::put_bucket_policy},
      {"DELETE", false, "policy", "DeleteBucketPolicy", &S::delete_bucket_policy},
      {"GET", false, "policyStatus", "GetBucketPolicyStatus", &S::get_bucket_policy_status},
      {"GET", false, "versioning", "GetBucketVersioning", &S::get_configuration},
      {"PUT", false, "versioning", "PutBucketVersioning", &S::put_configuration},
      {"GET", false, "notification", "GetBucketNotificationConfiguration", &S::get_configuration},
      {"PUT", false, "notification", "PutBucketNotificationConfiguration", &S::put_configuration},
      {"GET", false, "cors", "GetBucketCors", &S::get_configuration},
      {"PUT", false, "cors", "PutBucketCors", &S::put_configuration},
      {"DELETE", false, "cors", "DeleteBucketCors", &S::delete_configuration},
      {"GET", false, "lifecycle", "GetBucketLifecycleConfiguration", &S::get_configuration},
      {"PUT", false, "lifecycle", "PutBucketLifecycleConfiguration", &S::put_configuration},
      {"DELETE", false, "lifecycle", "DeleteBucketLifecycle", &S::delete_configuration},
      {"GET", false, "tagging", "GetBucketTagging", &S::get_configuration},
      {"PUT", false, "tagging", "PutBucketTagging", &S::put_configuration},
      {"DELETE", false, "tagging", "DeleteBucketTagging", &S::delete_configuration},
      {"GET", false, "encryption", "GetBucketEncryption", &S::get_configuration},
      {"PUT", false, "encryption", "PutBucketEncryption", &S::put_configuration},
      {"DELETE", false, "encryption", "DeleteBucketEncryption", &S::delete_configuration},
      {"GET", false, "ownershipControls", "GetBucketOwnershipControls", &S::get_configuration},
      {"PUT", false, "ownershipControls", "PutBucketOwnershipControls", &S::put_configuration},
      {"DELETE", false, "ownershipControls", "DeleteBucketOwnershipControls", &S::delete_configuration},
      {"GET", false, "publicAccessBlock", "GetPublicAccessBlock", &S::get_configuration},
      {"PUT", false, "publicAccessBlock", "PutPublicAccessBlock", &S::put_configuration},
      {"DELETE", false, "publicAccessBlock", "DeletePublicAccessBlock", &S::delete_configuration},
      {"GET", false, "versions", "ListObjectVersions", &S::list_object_versions},
      {"GET", false, "uploads", "ListMultipartUploads", &S::list_multipart_uploads},
      {"POST", false, "delete", "DeleteObjects", &S::delete_objects},
      {"PUT", true, "", "PutObject", &S::put_object},
      {"GET", true, "", "GetObject", &S::get_object},
      {"HEAD", true, "", "HeadObject", &S::get_object},
      {"DELETE", true, "", "DeleteObject", &S::delete_object},
      {"GET", true, "tagging", "GetObjectTagging", &S::get_object_tagging},
      {"PUT", true, "tagging", "PutObjectTagging", &S::put_object_tagging},
      {"DELETE", true, "tagging", "DeleteObjectTagging", &S::delete_object_tagging},
      {"POST", true, "uploads", "CreateMultipartUpload", &S::create_multipart_upload},
      {"PUT", true, "uploadId", "UploadPart", &S::upload_part},
      {"POST", true, "uploadId", "CompleteMultipartUpload", &S::complete_multipart_upload},
      {"DELETE", true, "uploadId", "AbortMultipartUpload", &S::abort_multipart_upload},
      {"GET", true, "uploadId", "ListParts", &S::list_parts},
  };
  return kRoutes;
}

std::vector<std::string> S3Service::operations() const {
  // Operations that share their request line with another.
  std::vector<std::string> names{"ListBuckets", "ListObjectsV2", "CopyObject", "UploadPartCopy"};
  for (const auto& route : routes()) names.emplace_back(route.name);
  return names;
}

S3Service::Address S3Service::address_of(const net::Request& request) const {
  auto target = split_target(request.target);
  Address address{.bucket = bucket_in_host(request.headers.get_or("Host", "")), .key = {}, .query = target.query};
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

bool S3Service::owns(const net::Request& request) const {
  return buckets_.contains(address_of(request).bucket);
}

awaitable<net::Response> S3Service::handle(Call call) {
  auto address = address_of(call.request);
  auto answer = act(call, address);
  auto response =
      answer ? std::move(*answer) : s3_failure(call, answer.error(), split_target(call.request.target).path);
  add_cors(call, address, response);
  co_return response;
}

S3Service::Answer S3Service::act(const Call& call, const Address& address) {
  TRY(check_all_signed(call));
  if (address.bucket.empty()) return list_buckets(call, address);
  if (call.request.method == "OPTIONS") return preflight(call, address);
  if (!is_utf8(address.key)) return aws_error(400, "InvalidURI", "Couldn't parse the specified URI.");
  // Who names an owner that is not this account is refused ("Verifying bucket ownership").
  for (auto name : {"x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"}) {
    auto owner = call.request.headers.get(name);
    if (owner && *owner != cloud_.account_id) return aws_error(403, "AccessDenied", "Access Denied");
  }
  auto subresource = subresource_of(address.query).value_or("");
  bool object = !address.key.empty();
  auto route = std::find_if(routes().begin(), routes().end(), [&](const Route& one) {
    return one.method == call.request.method && one.object == object && one.subresource == subresource;
  });
  if (route == routes().end()) {
    return base::fail(not_implemented("s3", unknown_operation(call.request, object, subresource)));
  }
  bool copies = call.request.headers.has("x-amz-copy-source") && call.request.method == "PUT";
  auto name = copies ? (subresource.empty() ? "CopyObject" : "UploadPartCopy") : route->name;
  TRY(refuse_headers(call.request, name));
  return (this->*route->operation)(call, address);
}

base::Result<> S3Service::authorize(const Call& call, std::string_view action, const Address& address) const {
  auto resource = address.key.empty() ? fmt::format("arn:aws:s3:::{}", address.bucket)
                                      : fmt::format("arn:aws:s3:::{}/{}", address.bucket, address.key);
  auto found = buckets_.find(address.bucket);
  const auto* its_bucket = found == buckets_.end() ? nullptr : &found->second;
  auto context = context_of(call, address, its_bucket);
  if (call.caller.arn.empty()) return authorize_anonymous(action, resource, std::move(context), its_bucket);
  return cloud_.iam->authorize(call.caller, action, resource, context,
                               its_bucket != nullptr && its_bucket->policy ? &*its_bucket->policy : nullptr);
}

// The condition keys of S3 that a request has ("Actions, resources, and condition keys for Amazon S3").
ConditionContext S3Service::context_of(const Call& call, const Address& address, const Bucket* its_bucket) const {
  ConditionContext context;
  for (auto [parameter, key] :
       std::initializer_list<std::pair<std::string_view, const char*>>{{"prefix", "s3:prefix"},
                                                                       {"delimiter", "s3:delimiter"},
                                                                       {"max-keys", "s3:max-keys"},
                                                                       {"versionId", "s3:VersionId"}}) {
    if (auto value = field(address.query, parameter)) context[key] = *value;
  }
  for (auto header : {"x-amz-acl", "x-amz-server-side-encryption", "x-amz-storage-class", "x-amz-copy-source",
                      "x-amz-metadata-directive", "x-amz-object-ownership", "if-match", "if-none-match"}) {
    if (auto value = call.request.headers.get(header)) context[fmt::format("s3:{}", header)] = std::string(*value);
  }
  if (auto tagging = call.request.headers.get("x-amz-tagging")) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : parse_form(*tagging)) {
      context["s3:RequestObjectTag/" + key] = value;
      keys.push_back(key);
    }
    context["s3:RequestObjectTagKeys"] = std::move(keys);
  }
  if (its_bucket == nullptr || address.key.empty()) return context;
  if (const auto* object = its_bucket->version(address.key, field(address.query, "versionId").value_or(""))) {
    for (const auto& [key, value] : object->tags) context["s3:ExistingObjectTag/" + key] = value;
  }
  return context;
}

base::Result<std::string> S3Service::get(std::string_view bucket_name, std::string_view key) const {
  auto found = buckets_.find(bucket_name);
  if (found == buckets_.end()) return aws_error(404, "NoSuchBucket", "The specified bucket does not exist");
  const auto* object = found->second.current(key);
  if (object == nullptr) return aws_error(404, "NoSuchKey", "The specified key does not exist.");
  return *object->content;
}

// --- Pages of other origins

void S3Service::add_cors(const Call& call, const Address& address, net::Response& response) const {
  auto origin = call.request.headers.get("Origin");
  auto found = buckets_.find(address.bucket);
  if (!origin || found == buckets_.end() || call.request.method == "OPTIONS") return;
  auto headers = cors_headers(found->second.cors, *origin, call.request.method, {}, false);
  if (!headers) return;
  for (const auto& [name, value] : *headers) response.headers.add(name, value);
}

S3Service::Answer S3Service::preflight(const Call& call, const Address& address) {
  TRY(auto* its_bucket, bucket(address.bucket));
  auto origin = call.request.headers.get("Origin");
  auto method = call.request.headers.get("Access-Control-Request-Method");
  if (!origin) return aws_error(400, "BadRequest", "Insufficient information. Origin request header needed.");
  if (!method) return aws_error(400, "BadRequest", "Invalid Access-Control-Request-Method: null");
  if (its_bucket->cors.empty()) {
    return aws_error(403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.");
  }
  auto headers = cors_headers(its_bucket->cors, *origin, *method,
                              call.request.headers.get_or("Access-Control-Request-Headers", ""), true);
  if (!headers) {
    return aws_error(403, "AccessForbidden",
                     "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
                     "request method / Access-Control-Request-Method or Access-Control-Request-Headers are not "
                     "whitelisted by the resource's CORS spec.");
  }
  auto response = s3_answer(call, 200);
  for (const auto& [name, value] : *headers) response.headers.add(name, value);
  return response;
}

ResourceTypes S3Service::resource_types() {
  return s3_resource_types(*this, cloud_.region);
}

std::unique_ptr<S3> make_s3(Cloud& cloud) {
  return std::make_unique<S3Service>(cloud);
}

}  // namespace localcloud
