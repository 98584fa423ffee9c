// GetObject and HeadObject: versions, conditions, ranges and parts.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <limits>
#include <locale>
#include <sstream>

#include "localcloud/s3/s3_service.h"

namespace localcloud {

namespace {

enum class Condition { holds, not_modified };

// In the order of RFC 9110: If-Match over If-Unmodified-Since, If-None-Match over If-Modified-Since.
base::Result<Condition> check_conditions(const net::Headers& headers, const ObjectVersion& object) {
  auto modified = std::chrono::floor<std::chrono::seconds>(object.modified);
  auto time = [&](std::string_view name) {
    auto text = headers.get(name);
    return text ? parse_http_time(*text) : std::optional<base::WallTime>();
  };
  if (auto match = headers.get("If-Match")) {
    if (!lists_etag(*match, object.etag)) return precondition_failed();
  } else if (auto since = time("If-Unmodified-Since"); since && modified > *since) {
    return precondition_failed();
  }
  if (auto match = headers.get("If-None-Match")) {
    if (lists_etag(*match, object.etag)) return Condition::not_modified;
  } else if (auto since = time("If-Modified-Since"); since && modified <= *since) {
    return Condition::not_modified;
  }
  return Condition::holds;
}

// What ?partNumber=N reads of an object that was uploaded in parts; another object is one part.
base::Result<std::optional<ByteRange>> part_range(const ObjectVersion& object, std::string_view text) {
  std::size_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) {
    return aws_error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  }
  auto count = std::max<std::size_t>(object.parts.size(), 1);
  if (number > count) return aws_error(416, "InvalidPartNumber", "The requested partnumber is not satisfiable");
  if (object.parts.empty()) {
    // There is no range of nothing.
    return object.size() == 0 ? std::nullopt : std::optional(ByteRange{.begin = 0, .end = object.size()});
  }
  std::size_t begin = 0;
  for (std::size_t i = 0; i + 1 < number; ++i) begin += object.parts[i];
  return std::optional(ByteRange{.begin = begin, .end = begin + object.parts[number - 1]});
}

// "s3:GetObjectTagging" → "s3:GetObjectVersionTagging".
std::string of_version(std::string_view action) {
  constexpr std::string_view kObject = "Object";
  auto behind = action.find(kObject) + kObject.size();
  return fmt::format("{}Version{}", action.substr(0, behind), action.substr(behind));
}

// Everything about an object but its content.
net::Response described_answer(const Call& call, const ObjectVersion& object) {
  auto response = s3_answer(call, 200);
  for (const auto& [name, value] : object.headers) response.headers.add(name, value);
  response.headers.add("ETag", quoted_etag(object.etag));
  response.headers.add("Last-Modified", http_time(object.modified));
  response.headers.add("Accept-Ranges", "bytes");
  add_encryption(response);
  if (object.storage_class != "STANDARD") response.headers.add("x-amz-storage-class", object.storage_class);
  if (!object.tags.empty()) response.headers.add("x-amz-tagging-count", std::to_string(object.tags.size()));
  return response;
}

// Headers of the answer that the query overrides, for who signs.
base::Result<> override_headers(net::Response& response, const Call& call, const Fields& query) {
  for (auto name :
       {"content-type", "content-language", "expires", "cache-control", "content-disposition", "content-encoding"}) {
    auto value = field(query, fmt::format("response-{}", name));
    if (!value) continue;
    if (call.caller.arn.empty()) {
      return aws_error(400, "InvalidRequest",
                       "Request specific response headers cannot be used for anonymous GET requests.");
    }
    if (value->find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return aws_error(400, "InvalidArgument", fmt::format("Header value cannot be represented: response-{}", name));
    }
    response.headers.set(name, *value);
  }
  return {};
}

}  // namespace

std::optional<base::WallTime> parse_http_time(std::string_view text) {
  std::tm time{};
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  stream >> std::get_time(&time, "%a, %d %b %Y %H:%M:%S");
  if (stream.fail()) return std::nullopt;
  auto date = std::chrono::year(time.tm_year + 1900) / (time.tm_mon + 1) / time.tm_mday;
  constexpr auto kFirst = std::chrono::year(1700), kLast = std::chrono::year(2261);  // of what a WallTime can be
  if (!date.ok() || date.year() < kFirst || date.year() > kLast) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(time.tm_hour) + std::chrono::minutes(time.tm_min) +
         std::chrono::seconds(time.tm_sec);
}

base::Result<std::optional<ByteRange>> parse_range(std::optional<std::string_view> header, std::size_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header || !header->starts_with(kUnit)) return std::optional<ByteRange>();
  auto text = header->substr(kUnit.size());
  auto dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return std::optional<ByteRange>();
  auto is_number = [](std::string_view digits) {
    return digits.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!is_number(text.substr(0, dash)) || !is_number(text.substr(dash + 1))) return std::optional<ByteRange>();
  // What is too large for a number is behind every end.
  auto number = [](std::string_view digits) -> std::optional<std::size_t> {
    if (digits.empty()) return std::nullopt;
    std::size_t value = 0;
    bool read = std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc();
    return read ? value : std::numeric_limits<std::size_t>::max();
  };
  auto first = number(text.substr(0, dash));
  auto last = number(text.substr(dash + 1));
  ByteRange range{.begin = 0, .end = size};
  if (first) {
    range.begin = *first;
    if (last) {
      if (*last < *first) return std::optional<ByteRange>();
      range.end = *last < size ? *last + 1 : size;
    }
  } else if (last) {
    range.begin = size - std::min(size, *last);
  } else {
    return std::optional<ByteRange>();
  }
  if (range.begin >= range.end) return aws_error(416, "InvalidRange", "The requested range is not satisfiable");
  return std::optional<ByteRange>(range);
}

base::Result<std::string> version_id_of(const S3Service::Address& address) {
  auto id = field(address.query, "versionId");
  if (!id || !id->empty()) return id.value_or("");
  return aws_error(400, "InvalidArgument", "Version id cannot be the empty string");
}

base::Result<ObjectVersion*> S3Service::readable(const Call& call, const Address& address, std::string_view action) {
  TRY(auto id, version_id_of(address));
  TRY(authorize(call, id.empty() ? std::string(action) : of_version(action), address));
  TRY(auto* its_bucket, bucket(address.bucket));
  auto* found = its_bucket->version(address.key, id);
  if (found != nullptr && (!found->delete_marker || !id.empty())) return found;
  if (!id.empty()) return aws_error(404, "NoSuchVersion", "The specified version does not exist.");
  // Who may not list a bucket does not learn what is not in it.
  TRY(authorize(call, "s3:ListBucket", {.bucket = address.bucket, .key = {}, .query = {}}));
  return aws_error(404, "NoSuchKey", "The specified key does not exist.");
}

S3Service::Answer S3Service::get_object(const Call& call, const Address& address) {
  auto its_bucket = bucket(address.bucket);
  auto readable_object = readable(call, address, "s3:GetObject");
  auto* version =
      its_bucket ? (*its_bucket)->version(address.key, field(address.query, "versionId").value_or("")) : nullptr;
  bool marker = version != nullptr && version->delete_marker;
  if (marker && (readable_object || readable_object.error().status == 404)) {
    // A delete marker is named in the failure.
    auto error = readable_object
                     ? aws_error(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
                     : tl::unexpected<base::Error>(readable_object.error());
    auto response = s3_failure(call, error.value(), split_target(call.request.target).path);
    response.headers.add("x-amz-delete-marker", "true");
    response.headers.add("x-amz-version-id", version->id);
    return response;
  }
  TRY(const auto* object, readable_object);
  const auto& headers = call.request.headers;
  TRY(auto condition, check_conditions(headers, *object));
  auto response = described_answer(call, *object);
  if ((*its_bucket)->has_versions()) response.headers.add("x-amz-version-id", object->id);
  if (condition == Condition::not_modified) {
    response.status = 304;
    return response;
  }
  TRY(override_headers(response, call, address.query));

  std::optional<ByteRange> range;
  if (auto part = field(address.query, "partNumber")) {
    if (headers.has("Range")) {
      return aws_error(400, "InvalidRequest", "Cannot specify both Range header and partNumber query parameter");
    }
    TRY(range, part_range(*object, *part));
    if (!object->parts.empty()) response.headers.add("x-amz-mp-parts-count", std::to_string(object->parts.size()));
  } else {
    auto if_range = headers.get("If-Range");
    bool ranged = !if_range || lists_etag(*if_range, object->etag);
    TRY(range, parse_range(ranged ? headers.get("Range") : std::nullopt, object->size()));
  }
  if (headers.get_or("x-amz-checksum-mode", "") == "ENABLED" && !range) add_checksum(response, object->checksum);
  auto part = range.value_or(ByteRange{.begin = 0, .end = object->size()});
  if (range) {
    response.status = 206;
    auto last = part.end > part.begin ? part.end - 1 : part.begin;
    response.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", part.begin, last, object->size()));
  }
  if (call.request.method == "HEAD") {
    response.headers.add("Content-Length", std::to_string(part.end - part.begin));
  } else {
    response.body = object->content->substr(part.begin, part.end - part.begin);
  }
  return response;
}

}  // namespace localcloud
