// CopyObject and UploadPartCopy.
#include <fmt/format.h>

#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

// The conditions on what is copied.
base::Result<> check_copy_conditions(const net::Headers& headers, const ObjectVersion& object) {
  auto modified = std::chrono::floor<std::chrono::seconds>(object.modified);
  auto time = [&](std::string_view name) {
    auto text = headers.get(name);
    return text ? parse_http_time(*text) : std::optional<base::WallTime>();
  };
  auto match = headers.get("x-amz-copy-source-if-match");
  auto none_match = headers.get("x-amz-copy-source-if-none-match");
  auto since = time("x-amz-copy-source-if-modified-since");
  auto until = time("x-amz-copy-source-if-unmodified-since");
  bool fails = (match && !lists_etag(*match, object.etag)) || (none_match && lists_etag(*none_match, object.etag)) ||
               (since && modified <= *since) || (!match && until && modified > *until);
  if (!fails) return {};
  return precondition_failed();
}

// Unlike of a read, both ends of the range must be given and in the object.
base::Result<ByteRange> copied_range(std::optional<std::string_view> header, std::size_t size) {
  if (!header) return ByteRange{.begin = 0, .end = size};
  auto range = parse_range(header, size);
  if (header->find('-') == header->size() - 1 || !header->starts_with("bytes=") || header->starts_with("bytes=-") ||
      (range && !*range)) {
    return aws_error(400, "InvalidArgument",
                     "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are "
                     "the zero-based offsets of the first and last bytes to copy");
  }
  if (!range || *header != fmt::format("bytes={}-{}", (*range)->begin, (*range)->end - 1)) {
    return aws_error(400, "InvalidArgument",
                     fmt::format("Range specified is not valid for source object of size: {}", size));
  }
  return **range;
}

// "COPY" or "REPLACE".
base::Result<bool> replaces(const net::Headers& headers, std::string_view kind) {
  auto directive = headers.get_or(fmt::format("x-amz-{}-directive", kind), "COPY");
  if (directive == "COPY" || directive == "REPLACE") return directive == "REPLACE";
  return aws_error(400, "InvalidArgument", fmt::format("Unknown {} directive.", kind));
}

}  // namespace

base::Result<S3Service::CopySource> S3Service::copy_source(const Call& call) {
  auto header = call.request.headers.get_or("x-amz-copy-source", "");
  auto question = header.find('?');
  auto path = net::percent_decode(std::string_view(header).substr(0, question));
  if (path.starts_with('/')) path.erase(0, 1);
  auto slash = path.find('/');
  if (slash == std::string::npos) {
    return aws_error(400, "InvalidArgument",
                     "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  Address from{.bucket = path.substr(0, slash), .key = path.substr(slash + 1), .query = {}};
  if (question != std::string::npos) from.query = parse_form(std::string_view(header).substr(question + 1));
  TRY(const auto* object, readable(call, from, "s3:GetObject"));
  if (object->delete_marker) {
    return aws_error(400, "InvalidRequest",
                     "The source of a copy request may not specifically refer to a delete marker by version id.");
  }
  TRY(check_copy_conditions(call.request.headers, *object));
  return CopySource{.address = std::move(from), .version = *object};
}

S3Service::Answer S3Service::copy_object(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:PutObject", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(check_key(address.key));
  TRY(auto source, copy_source(call));
  TRY(auto described, described_object(call, "CopyObject"));
  const auto& headers = call.request.headers;
  TRY(bool new_metadata, replaces(headers, "metadata"));
  TRY(bool new_tags, replaces(headers, "tagging"));
  TRY(check_write_conditions(headers, its_bucket->current(address.key)));
  bool itself = source.address.bucket == address.bucket && source.address.key == address.key;
  bool changed = new_metadata || headers.has("x-amz-storage-class") || headers.has("x-amz-server-side-encryption") ||
                 headers.get_or("x-amz-copy-source", "").find("versionId=") != std::string::npos;
  if (itself && !changed) {
    return aws_error(400, "InvalidRequest",
                     "This copy request is illegal because it is trying to copy an object to itself without changing "
                     "the object's metadata, storage class, website redirect location or encryption attributes.");
  }
  ObjectVersion copy = source.version;
  if (new_metadata) copy.headers = std::move(described.headers);
  // Whoever copies tags reads them.
  if (!new_tags && !copy.tags.empty()) TRY(readable(call, source.address, "s3:GetObjectTagging"));
  if (new_tags) copy.tags = std::move(described.tags);
  if (!copy.tags.empty()) TRY(authorize(call, "s3:PutObjectTagging", address));
  copy.storage_class = described.storage_class;
  copy.parts.clear();
  // A copy is one object: its ETag is of the whole, and so is its checksum.
  copy.etag = hex_of(md5_of(*copy.content));
  TRY(auto algorithm, wanted_algorithm(headers));
  copy.checksum = checksum_of_whole(algorithm.value_or(copy.checksum.algorithm), *copy.content);
  const auto& kept = keep(call, *its_bucket, address.key, std::move(copy), "ObjectCreated:Copy", "CopyObject");
  XmlWriter xml;
  xml.open("CopyObjectResult", kS3Namespace).element("LastModified", iso_time(kept.modified));
  xml.element("ETag", quoted_etag(kept.etag));
  write_checksum(xml, kept.checksum);
  auto response = s3_answer(call, 200, xml.take());
  if (source.version.id != "null") response.headers.add("x-amz-copy-source-version-id", source.version.id);
  if (its_bucket->has_versions()) response.headers.add("x-amz-version-id", kept.id);
  add_encryption(response);
  return response;
}

S3Service::Answer S3Service::upload_part_copy(const Call& call, const Address& address) {
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto* its_upload, upload(*its_bucket, address));
  TRY(auto source, copy_source(call));
  const auto& whole = *source.version.content;
  TRY(auto part, copied_range(call.request.headers.get("x-amz-copy-source-range"), whole.size()));
  ReceivedBody body{.content = whole.substr(part.begin, part.end - part.begin), .checksum = {}, .given = false};
  auto response = keep_part(call, address, *its_upload, std::move(body), true);
  if (response && source.version.id != "null") {
    response->headers.add("x-amz-copy-source-version-id", source.version.id);
  }
  return response;
}

}  // namespace localcloud
