// Uploads in parts ("Uploading and copying objects using multipart upload", S3 user guide).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/base64.h"
#include "localcloud/http_text.h"
#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::size_t kSmallestPart = 5 * 1024 * 1024;
constexpr int kMostParts = 10'000;

std::optional<int> number_in(std::string_view text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The parts that a completion lists, in order. Errors: MalformedXML, InvalidPart, InvalidPartOrder, EntityTooSmall 400.
base::Result<std::vector<const UploadedPart*>> chosen_parts(const Upload& upload, const XmlNode& request) {
  auto wanted = request.all("Part");
  if (request.name != "CompleteMultipartUpload" || wanted.empty()) return malformed_xml();
  std::vector<const UploadedPart*> chosen;
  int last = 0;
  int without_checksum = 0;  // the first such part
  for (const auto* one : wanted) {
    auto number = number_in(one->text_of("PartNumber"));
    if (!number) return malformed_xml();
    if (*number <= last) {
      return aws_error(400, "InvalidPartOrder",
                       "The list of parts was not in ascending order. The parts list must be specified in order by "
                       "part number.");
    }
    last = *number;
    auto part = upload.parts.find(*number);
    auto etag = one->text_of("ETag");
    std::erase(etag, '"');
    if (part == upload.parts.end() || part->second.etag != etag) {
      return aws_error(400, "InvalidPart",
                       "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                       "or the specified entity tag may not match the part's entity tag.");
    }
    auto element = checksum_element(part->second.checksum.algorithm);
    auto checksum = one->text_of(element);
    bool of_another = std::any_of(one->children.begin(), one->children.end(), [&](const XmlNode& child) {
      return child.name.starts_with("Checksum") && child.name != element;
    });
    if (of_another || (!checksum.empty() && checksum != part->second.checksum.value)) {
      return aws_error(400, "InvalidPart",
                       "One or more of the specified parts could not be found.  The part may not have been uploaded, "
                       "or the specified entity tag may not match the part's entity tag.");
    }
    if (checksum.empty() && without_checksum == 0) without_checksum = *number;
    chosen.push_back(&part->second);
  }
  for (std::size_t i = 0; i + 1 < chosen.size(); ++i) {
    if (chosen[i]->content->size() >= kSmallestPart) continue;
    return aws_error(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  }
  if (without_checksum != 0 && upload.algorithm && !upload.whole_checksum) {
    return aws_error(400, "InvalidRequest",
                     fmt::format("The upload was created using a {} checksum. The complete request must include the "
                                 "checksum for each part. It was missing for part {} in the request.",
                                 lower_case(checksum_name(*upload.algorithm)), without_checksum));
  }
  return chosen;
}

// Of the parts' checksums, or of the whole.
Checksum joined_checksum(const Upload& upload, const std::vector<const UploadedPart*>& parts,
                         const std::string& content) {
  auto algorithm = upload.algorithm.value_or(ChecksumAlgorithm::crc64nvme);
  if (upload.whole_checksum || algorithm == ChecksumAlgorithm::crc64nvme) return checksum_of_whole(algorithm, content);
  std::string all;
  for (const auto* part : parts) all += checksum_of(algorithm, *part->content);
  return {.algorithm = algorithm,
          .value = fmt::format("{}-{}", codec::base64_encode(checksum_of(algorithm, all)), parts.size()),
          .composite = true};
}

// Which checksum an upload will have ("Checking object integrity": the CRCs alone can be of the whole, and CRC64NVME is
// of nothing else). Errors: InvalidRequest 400.
base::Result<> set_checksum(Upload& upload, const net::Headers& headers) {
  TRY(upload.algorithm, wanted_algorithm(headers));
  auto type = headers.get_or("x-amz-checksum-type", "");
  if (!upload.algorithm) {
    if (type.empty()) return {};
    return aws_error(400, "InvalidRequest",
                     "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
  }
  bool always_whole = *upload.algorithm == ChecksumAlgorithm::crc64nvme;
  bool never_whole = *upload.algorithm == ChecksumAlgorithm::sha1 || *upload.algorithm == ChecksumAlgorithm::sha256;
  if (type.empty()) type = always_whole ? "FULL_OBJECT" : "COMPOSITE";
  if (type != "FULL_OBJECT" && type != "COMPOSITE") {
    return aws_error(400, "InvalidRequest", "Value for x-amz-checksum-type header is invalid.");
  }
  upload.whole_checksum = type == "FULL_OBJECT";
  if (upload.whole_checksum ? !never_whole : !always_whole) return {};
  return aws_error(400, "InvalidRequest",
                   fmt::format("The {} checksum type cannot be used with the {} checksum algorithm.", type,
                               lower_case(checksum_name(*upload.algorithm))));
}

// What a completion says of the whole. Errors: BadDigest, InvalidRequest 400.
base::Result<> check_whole(const net::Headers& headers, const Checksum& checksum, std::size_t size) {
  auto given = headers.get(checksum_header(checksum.algorithm));
  if (given && *given != checksum.value) {
    return aws_error(
        400, "BadDigest",
        fmt::format("The {} you specified did not match the calculated checksum.", checksum_name(checksum.algorithm)));
  }
  for (const auto& [name, value] : headers) {
    auto known = lower_case(name);
    if (!known.starts_with("x-amz-checksum-") || known == "x-amz-checksum-type") continue;
    if (known == checksum_header(checksum.algorithm)) continue;
    return aws_error(
        400, "InvalidRequest",
        fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                    lower_case(checksum_name(checksum.algorithm)), known.substr(known.rfind('-') + 1)));
  }
  auto type = headers.get("x-amz-checksum-type");
  if (type && *type != (checksum.composite ? "COMPOSITE" : "FULL_OBJECT")) {
    return aws_error(400, "InvalidRequest",
                     fmt::format("The upload was created using the {} checksum mode. The complete request must use the "
                                 "same checksum mode.",
                                 checksum.composite ? "COMPOSITE" : "FULL_OBJECT"));
  }
  auto given_size = headers.get("x-amz-mp-object-size");
  if (given_size && *given_size != std::to_string(size)) {
    return aws_error(
        400, "InvalidRequest",
        fmt::format("The provided 'x-amz-mp-object-size' header value {} does not match what was computed: "
                    "{}",
                    *given_size, size));
  }
  return {};
}

// A number of the query, at most 1000 and by default that. Errors: InvalidArgument 400.
base::Result<int> page_size(const Fields& query, std::string_view name) {
  constexpr int kMost = 1000;
  auto text = field(query, name);
  if (!text) return kMost;
  auto number = number_in(*text);
  if (number && *number >= 0) return std::min(*number, kMost);
  return aws_error(400, "InvalidArgument", fmt::format("Provided {} not an integer or within integer range", name));
}

}  // namespace

Checksum checksum_of_whole(ChecksumAlgorithm algorithm, std::string_view bytes) {
  return {.algorithm = algorithm, .value = codec::base64_encode(checksum_of(algorithm, bytes))};
}

base::Result<Upload*> S3Service::upload(Bucket& bucket, const Address& address) {
  auto found = bucket.uploads.find(field(address.query, "uploadId").value_or(""));
  if (found != bucket.uploads.end() && found->second.key == address.key) return &found->second;
  return aws_error(404, "NoSuchUpload",
                   "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                   "aborted or completed.");
}

S3Service::Answer S3Service::create_multipart_upload(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:PutObject", address));
  if (call.request.headers.has("x-amz-tagging")) TRY(authorize(call, "s3:PutObjectTagging", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(check_key(address.key));
  Upload fresh{.id = fresh_id() + fresh_id(),
               .key = address.key,
               .initiated = cloud_.clock->now(),
               .initiator = call.caller.arn,
               .object = {}};
  TRY(fresh.object, described_object(call, "CreateMultipartUpload"));
  auto response = s3_answer(call, 200);
  TRY(set_checksum(fresh, call.request.headers));
  if (fresh.algorithm) {
    response.headers.add("x-amz-checksum-algorithm", std::string(checksum_name(*fresh.algorithm)));
    response.headers.add("x-amz-checksum-type", fresh.whole_checksum ? "FULL_OBJECT" : "COMPOSITE");
  }
  XmlWriter xml;
  xml.open("InitiateMultipartUploadResult", kS3Namespace).element("Bucket", address.bucket);
  xml.element("Key", address.key).element("UploadId", fresh.id);
  auto id = fresh.id;
  its_bucket->uploads.emplace(std::move(id), std::move(fresh));
  auto body = s3_answer(call, 200, xml.take());
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(body.body);
  add_encryption(response);
  return response;
}

S3Service::Answer S3Service::upload_part(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:PutObject", address));
  if (call.request.headers.has("x-amz-copy-source")) return upload_part_copy(call, address);
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto* its_upload, upload(*its_bucket, address));
  TRY(auto body, receive_body(call.request));
  if (body.given && its_upload->algorithm && its_upload->algorithm != body.checksum.algorithm) {
    auto expected = lower_case(checksum_name(*its_upload->algorithm));
    return aws_error(
        400, "InvalidRequest",
        fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}", expected,
                    lower_case(checksum_name(body.checksum.algorithm))));
  }
  return keep_part(call, address, *its_upload, std::move(body), false);
}

S3Service::Answer S3Service::keep_part(const Call& call, const Address& address, Upload& its_upload, ReceivedBody body,
                                       bool copied) {
  auto number = number_in(field(address.query, "partNumber").value_or(""));
  if (!number || *number < 1 || *number > kMostParts) {
    return aws_error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  }
  bool told = its_upload.algorithm || body.given;
  if (its_upload.algorithm && !body.given) body.checksum = checksum_of_whole(*its_upload.algorithm, body.content);
  UploadedPart part{.content = {},
                    .etag = hex_of(md5_of(body.content)),
                    .checksum = std::move(body.checksum),
                    .modified = cloud_.clock->now()};
  part.content = std::make_shared<const std::string>(std::move(body.content));
  net::Response response;
  if (copied) {
    XmlWriter xml;
    xml.open("CopyPartResult", kS3Namespace).element("LastModified", iso_time(part.modified));
    xml.element("ETag", quoted_etag(part.etag));
    if (its_upload.algorithm) xml.element(checksum_element(part.checksum.algorithm), part.checksum.value);
    response = s3_answer(call, 200, xml.take());
  } else {
    response = s3_answer(call, 200);
    response.headers.add("ETag", quoted_etag(part.etag));
    if (told) response.headers.add(checksum_header(part.checksum.algorithm), part.checksum.value);
  }
  add_encryption(response);
  its_upload.parts.insert_or_assign(*number, std::move(part));
  return response;
}

S3Service::Answer S3Service::complete_multipart_upload(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:PutObject", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto* its_upload, upload(*its_bucket, address));
  TRY(auto request, parse_xml(call.request.body));
  TRY(auto parts, chosen_parts(*its_upload, request));
  TRY(check_write_conditions(call.request.headers, its_bucket->current(address.key)));
  ObjectVersion object = its_upload->object;
  std::string content;
  std::string digests;
  for (const auto* part : parts) {
    content += *part->content;
    digests += md5_of(*part->content);
    object.parts.push_back(part->content->size());
  }
  object.etag = fmt::format("{}-{}", hex_of(md5_of(digests)), parts.size());
  object.checksum = joined_checksum(*its_upload, parts, content);
  TRY(check_whole(call.request.headers, object.checksum, content.size()));
  object.content = std::make_shared<const std::string>(std::move(content));
  its_bucket->uploads.erase(std::string(its_upload->id));
  const auto& kept = keep(call, *its_bucket, address.key, std::move(object), "ObjectCreated:CompleteMultipartUpload",
                          "CompleteMultipartUpload");
  XmlWriter xml;
  xml.open("CompleteMultipartUploadResult", kS3Namespace);
  xml.element("Location", fmt::format("{}/{}/{}", cloud_.endpoint, address.bucket, net::percent_encode(address.key)));
  xml.element("Bucket", address.bucket).element("Key", address.key).element("ETag", quoted_etag(kept.etag));
  write_checksum(xml, kept.checksum);
  auto response = s3_answer(call, 200, xml.take());
  if (its_bucket->has_versions()) response.headers.add("x-amz-version-id", kept.id);
  add_encryption(response);
  return response;
}

S3Service::Answer S3Service::abort_multipart_upload(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:AbortMultipartUpload", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto* its_upload, upload(*its_bucket, address));
  its_bucket->uploads.erase(std::string(its_upload->id));
  return s3_answer(call, 204);
}

S3Service::Answer S3Service::list_parts(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:ListMultipartUploadParts", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto* its_upload, upload(*its_bucket, address));
  TRY(int most, page_size(address.query, "max-parts"));
  auto marker = number_in(field(address.query, "part-number-marker").value_or("0"));
  if (!marker || *marker < 0) {
    return aws_error(400, "InvalidArgument", "Provided part-number-marker not an integer or within integer range");
  }
  int after = *marker;
  XmlWriter parts;
  int last = after;
  int count = 0;
  auto at = its_upload->parts.upper_bound(after);
  for (; at != its_upload->parts.end() && count < most; ++at, ++count) {
    const auto& [number, part] = *at;
    last = number;
    parts.open("Part").element("PartNumber", std::to_string(number)).element("LastModified", iso_time(part.modified));
    parts.element("ETag", quoted_etag(part.etag)).element("Size", std::to_string(part.content->size()));
    if (its_upload->algorithm) parts.element(checksum_element(part.checksum.algorithm), part.checksum.value);
    parts.close();
  }
  XmlWriter xml;
  xml.open("ListPartsResult", kS3Namespace).element("Bucket", address.bucket).element("Key", address.key);
  xml.element("UploadId", its_upload->id).element("PartNumberMarker", std::to_string(after));
  xml.element("NextPartNumberMarker", std::to_string(last)).element("MaxParts", std::to_string(most));
  xml.element("IsTruncated", at != its_upload->parts.end());
  xml.element("StorageClass", its_upload->object.storage_class);
  xml.open("Initiator").element("ID", its_upload->initiator).close();
  xml.open("Owner").element("ID", cloud_.account_id).close();
  if (its_upload->algorithm) {
    xml.element("ChecksumAlgorithm", checksum_name(*its_upload->algorithm));
    xml.element("ChecksumType", its_upload->whole_checksum ? "FULL_OBJECT" : "COMPOSITE");
  }
  xml.raw(parts.take());
  return s3_answer(call, 200, xml.take());
}

S3Service::Answer S3Service::list_multipart_uploads(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:ListBucketMultipartUploads", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  if (field(address.query, "delimiter")) {
    return base::fail(not_implemented("s3", "ListMultipartUploads with Delimiter"));
  }
  auto prefix = field(address.query, "prefix").value_or("");
  std::pair after{field(address.query, "key-marker").value_or(""),
                  field(address.query, "upload-id-marker").value_or("")};
  TRY(auto most_wanted, page_size(address.query, "max-uploads"));
  auto most = static_cast<std::size_t>(std::max(most_wanted, 1));
  bool encode = field(address.query, "encoding-type").value_or("") == "url";
  auto text = [&](std::string_view key) { return encode ? net::percent_encode(key, true) : std::string(key); };
  std::vector<const Upload*> found;
  for (const auto& [id, one] : its_bucket->uploads) {
    bool later = after.second.empty() ? one.key > after.first : std::pair(one.key, id) > after;
    if (one.key.starts_with(prefix) && later) found.push_back(&one);
  }
  std::sort(found.begin(), found.end(),
            [](const Upload* a, const Upload* b) { return std::tie(a->key, a->id) < std::tie(b->key, b->id); });
  bool truncated = found.size() > most;
  if (truncated) found.resize(most);
  XmlWriter xml;
  xml.open("ListMultipartUploadsResult", kS3Namespace).element("Bucket", address.bucket);
  xml.element("KeyMarker", text(after.first)).element("UploadIdMarker", after.second);
  if (encode) xml.element("EncodingType", "url");
  if (truncated) {
    xml.element("NextKeyMarker", text(found.back()->key)).element("NextUploadIdMarker", found.back()->id);
  }
  xml.element("Prefix", text(prefix)).element("MaxUploads", std::to_string(most)).element("IsTruncated", truncated);
  for (const auto* one : found) {
    xml.open("Upload").element("Key", text(one->key)).element("UploadId", one->id);
    xml.open("Initiator").element("ID", one->initiator).close();
    xml.open("Owner").element("ID", cloud_.account_id).close();
    xml.element("StorageClass", one->object.storage_class).element("Initiated", iso_time(one->initiated)).close();
  }
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud
