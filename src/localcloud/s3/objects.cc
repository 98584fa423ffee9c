// PutObject, DeleteObject, DeleteObjects, and what every new object brings with it.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "localcloud/http_text.h"
#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"

namespace localcloud {

namespace {

// aws-chunked is how the body travelled, not what it is.
std::string without_framing(std::string_view list) {
  std::string rest;
  while (!list.empty()) {
    auto comma = list.find(',');
    auto one = list.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one != "aws-chunked" && !one.empty()) rest += (rest.empty() ? "" : ",") + std::string(one);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  }
  return rest;
}

// The headers that come back with an object. Errors: MetadataTooLarge 400.
base::Result<net::Headers> stored_headers(const net::Request& request) {
  static const std::set<std::string_view> kKept{"content-type", "cache-control", "content-disposition",
                                                "content-language", "expires"};
  constexpr std::size_t kMostMetadata = 2048;
  constexpr std::string_view kMetadata = "x-amz-meta-";
  net::Headers kept;
  std::size_t metadata = 0;
  for (const auto& [name, value] : request.headers) {
    auto known = lower_case(name);
    if (known.starts_with(kMetadata)) metadata += known.size() - kMetadata.size() + value.size();
    if (kKept.contains(known) || known.starts_with(kMetadata)) kept.add(known, value);
    if (known != "content-encoding") continue;
    if (auto rest = without_framing(value); !rest.empty()) kept.add(known, rest);
  }
  if (metadata > kMostMetadata) {
    return aws_error(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size");
  }
  if (!kept.has("content-type")) kept.add("content-type", "binary/octet-stream");
  return kept;
}

base::Result<> check_write_headers(const net::Request& request, std::string_view operation) {
  for (const auto& [name, value] : request.headers) {
    auto known = lower_case(name);
    bool acl = (known == "x-amz-acl" && value != "private" && value != "bucket-owner-full-control") ||
               known.starts_with("x-amz-grant-");
    if (acl) return aws_error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs");
  }
  auto encryption = request.headers.get_or("x-amz-server-side-encryption", "AES256");
  if (encryption == "AES256") return {};
  return base::fail(not_implemented("s3", fmt::format("{} with ServerSideEncryption {}", operation, encryption)));
}

base::Result<std::string> storage_class(const net::Request& request, std::string_view operation) {
  // The classes whose objects are read like any other.
  static const std::set<std::string_view> kHere{
      "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY", "GLACIER_IR"};
  auto wanted = request.headers.get_or("x-amz-storage-class", "STANDARD");
  if (kHere.contains(wanted)) return wanted;
  return base::fail(not_implemented("s3", fmt::format("{} with StorageClass {}", operation, wanted)));
}

// The objects that a Delete lists, all of them before the first goes. Errors: MalformedXML 400; 501 for conditions that
// only directory buckets have.
base::Result<std::vector<const XmlNode*>> wanted_deletions(const XmlNode& request) {
  constexpr std::size_t kMost = 1000;
  auto wanted = request.all("Object");
  if (request.name != "Delete" || wanted.empty() || wanted.size() > kMost) return malformed_xml();
  for (const auto* one : wanted) {
    if (one->text_of("Key").empty()) {
      return malformed_xml();
    }
    for (auto name : {"LastModifiedTime", "Size"}) {
      if (one->child(name) != nullptr) {
        return base::fail(not_implemented("s3", fmt::format("DeleteObjects with {}", name)));
      }
    }
  }
  return wanted;
}

}  // namespace

bool lists_etag(std::string_view header, std::string_view etag) {
  return header == "*" || header.find(quoted_etag(etag)) != std::string_view::npos || header == etag;
}

tl::unexpected<base::Error> precondition_failed() {
  return aws_error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
}

base::Result<> check_write_conditions(const net::Headers& headers, const ObjectVersion* present) {
  auto match = headers.get("If-Match");
  auto none_match = headers.get("If-None-Match");
  if (none_match && *none_match != "*") {
    return aws_error(501, "NotImplemented", "A header you provided implies functionality that is not implemented");
  }
  if (match && present == nullptr) return aws_error(404, "NoSuchKey", "The specified key does not exist.");
  if ((match && !lists_etag(*match, present->etag)) || (none_match && present != nullptr)) return precondition_failed();
  return {};
}

base::Result<> check_key(std::string_view key) {
  constexpr std::size_t kLongestKey = 1024;
  if (key.size() <= kLongestKey) return {};
  return aws_error(400, "KeyTooLongError", "Your key is too long");
}

base::Result<ObjectVersion> described_object(const Call& call, std::string_view operation) {
  TRY(check_write_headers(call.request, operation));
  ObjectVersion object;
  TRY(object.headers, stored_headers(call.request));
  TRY(object.storage_class, storage_class(call.request, operation));
  if (auto tagging = call.request.headers.get("x-amz-tagging")) {
    XmlNode tags{.name = "Tagging"};
    auto& set = tags.add("TagSet");
    for (const auto& [key, value] : parse_form(*tagging)) {
      auto& tag = set.add("Tag");
      tag.add("Key", key);
      tag.add("Value", value);
    }
    constexpr std::size_t kMostTags = 10;
    TRY(object.tags, parse_tags(tags, kMostTags));
  }
  return object;
}

void set_content(ObjectVersion& object, ReceivedBody body) {
  object.etag = hex_of(md5_of(body.content));
  object.checksum = std::move(body.checksum);
  object.content = std::make_shared<const std::string>(std::move(body.content));
}

void add_checksum(net::Response& response, const Checksum& checksum) {
  if (checksum.value.empty()) return;
  response.headers.add(checksum_header(checksum.algorithm), checksum.value);
  response.headers.add("x-amz-checksum-type", checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
}

void write_checksum(XmlWriter& xml, const Checksum& checksum) {
  if (checksum.value.empty()) return;
  xml.element(checksum_element(checksum.algorithm), checksum.value);
  xml.element("ChecksumType", checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
}

const ObjectVersion& S3Service::keep(const Call& call, Bucket& bucket, const std::string& key, ObjectVersion object,
                                     std::string_view event, std::string_view reason) {
  object.modified = cloud_.clock->now();
  const auto& kept = bucket.add(key, std::move(object), fresh_id());
  notify(bucket, {.name = std::string(event),
                  .reason = std::string(reason),
                  .key = key,
                  .size = kept.size(),
                  .etag = kept.etag,
                  .version_id = bucket.has_versions() ? kept.id : std::string(),
                  .principal_id = call.caller.user_id,
                  .requester = cloud_.account_id,
                  .request_id = call.request_id});
  return kept;
}

S3Service::Answer S3Service::put_object(const Call& call, const Address& address) {
  if (call.request.headers.has("x-amz-copy-source")) return copy_object(call, address);
  TRY(authorize(call, "s3:PutObject", address));
  if (call.request.headers.has("x-amz-tagging")) TRY(authorize(call, "s3:PutObjectTagging", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(check_key(address.key));
  TRY(check_write_conditions(call.request.headers, its_bucket->current(address.key)));
  TRY(auto object, described_object(call, "PutObject"));
  TRY(auto body, receive_body(call.request));
  set_content(object, std::move(body));
  const auto& kept = keep(call, *its_bucket, address.key, std::move(object), "ObjectCreated:Put", "PutObject");
  auto response = s3_answer(call, 200);
  response.headers.add("ETag", quoted_etag(kept.etag));
  if (its_bucket->has_versions()) response.headers.add("x-amz-version-id", kept.id);
  add_checksum(response, kept.checksum);
  add_encryption(response);
  return response;
}

Deletion S3Service::drop(const Call& call, Bucket& bucket, const std::string& key, const std::string& id) {
  auto done = bucket.remove(key, id, fresh_id(), cloud_.clock->now());
  if (!done.removed) return done;
  notify(bucket, {.name = done.marker_made ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectRemoved:Delete",
                  .reason = "DeleteObject",
                  .key = key,
                  .etag = done.marker_made ? "d41d8cd98f00b204e9800998ecf8427e" : "",
                  .version_id = done.version_id,
                  .principal_id = call.caller.user_id,
                  .requester = cloud_.account_id,
                  .request_id = call.request_id});
  return done;
}

S3Service::Answer S3Service::delete_object(const Call& call, const Address& address) {
  TRY(auto id, version_id_of(address));
  TRY(authorize(call, id.empty() ? "s3:DeleteObject" : "s3:DeleteObjectVersion", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  if (call.request.headers.has("If-Match")) {
    TRY(check_write_conditions(call.request.headers, its_bucket->current(address.key)));
  }
  auto done = drop(call, *its_bucket, address.key, id);
  auto response = s3_answer(call, 204);
  if (done.marker_made || done.marker_removed) response.headers.add("x-amz-delete-marker", "true");
  if (!done.version_id.empty()) response.headers.add("x-amz-version-id", done.version_id);
  return response;
}

base::Result<> S3Service::may_delete(const Call& call, const Bucket& bucket, const XmlNode& wanted) const {
  Address address{.bucket = bucket.name, .key = wanted.text_of("Key"), .query = {}};
  auto id = wanted.text_of("VersionId");
  if (!id.empty()) address.query.emplace_back("versionId", id);
  TRY(authorize(call, id.empty() ? "s3:DeleteObject" : "s3:DeleteObjectVersion", address));
  const auto* etag = wanted.child("ETag");
  if (etag == nullptr) return {};
  return check_write_conditions({{"If-Match", etag->text}}, bucket.current(address.key));
}

S3Service::Answer S3Service::delete_objects(const Call& call, const Address& address) {
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto body, receive_body(call.request));
  TRY(auto request, parse_xml(body.content));
  if (!body.given && !call.request.headers.has("Content-MD5")) {
    return aws_error(400, "InvalidRequest",
                     "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
  }
  TRY(auto wanted, wanted_deletions(request));
  bool quiet = request.text_of("Quiet") == "true";
  XmlWriter xml;
  xml.open("DeleteResult", kS3Namespace);
  for (const auto* one : wanted) {
    auto key = one->text_of("Key");
    auto id = one->text_of("VersionId");
    auto allowed = may_delete(call, *its_bucket, *one);
    if (!allowed) {
      xml.open("Error").element("Key", key);
      if (!id.empty()) xml.element("VersionId", id);
      xml.element("Code", allowed.error().code).element("Message", allowed.error().message).close();
      continue;
    }
    auto done = drop(call, *its_bucket, key, id);
    if (quiet) continue;
    xml.open("Deleted").element("Key", key);
    if (!id.empty()) xml.element("VersionId", id);
    if (done.marker_made || done.marker_removed) {
      xml.element("DeleteMarker", true).element("DeleteMarkerVersionId", done.version_id);
    }
    xml.close();
  }
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud
