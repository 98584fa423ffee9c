// PutObject, CopyObject, GetObject, HeadObject, DeleteObject, DeleteObjects.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>

#include "base/ids.h"
#include "codec/base64.h"
#include "localcloud/iam/signature.h"
#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kXmlns = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string md5(std::string_view bytes) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
  return std::string(reinterpret_cast<const char*>(digest.data()), size);
}

std::string hex(std::string_view bytes) {
  return base::to_hex(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

// The headers that come back with an object.
net::Headers stored_headers(const net::Request& request) {
  net::Headers kept;
  for (const auto& [name, value] : request.headers) {
    auto known = lower(name);
    if (known == "content-type" || known == "cache-control" || known == "content-disposition" ||
        known == "content-language" || known == "expires" || known.starts_with("x-amz-meta-")) {
      kept.add(known, value);
    }
    if (known == "content-encoding") {
      // aws-chunked is how the body travelled, not what it is.
      std::string rest;
      std::string_view list = value;
      while (!list.empty()) {
        auto comma = list.find(',');
        auto one = list.substr(0, comma);
        while (one.starts_with(' ')) one.remove_prefix(1);
        if (one != "aws-chunked" && !one.empty()) rest += (rest.empty() ? "" : ",") + std::string(one);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
      }
      if (!rest.empty()) kept.add(known, rest);
    }
  }
  if (!kept.has("content-type")) kept.add("content-type", "binary/octet-stream");
  return kept;
}

std::string quoted(std::string_view etag) {
  return fmt::format("\"{}\"", etag);
}

bool lists_etag(std::string_view header, std::string_view etag) {
  return header == "*" || header.find(quoted(etag)) != std::string_view::npos || header == etag;
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;  // one past the last
};

// "bytes=0-4", "bytes=5-", "bytes=-3". nullopt: none, or one to be ignored. Errors: InvalidRange 416.
base::Result<std::optional<Range>> parse_range(const net::Request& request, std::size_t size) {
  auto header = request.headers.get("Range");
  constexpr std::string_view kUnit = "bytes=";
  if (!header || !header->starts_with(kUnit)) return std::optional<Range>();
  auto text = header->substr(kUnit.size());
  auto dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return std::optional<Range>();
  auto number = [](std::string_view digits) -> std::optional<std::size_t> {
    std::size_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
  };
  auto first = number(text.substr(0, dash));
  auto last = number(text.substr(dash + 1));
  Range range{.begin = 0, .end = size};
  if (first) {
    range.begin = *first;
    if (last) range.end = std::min(size, *last + 1);
  } else if (last) {
    range.begin = size - std::min(size, *last);
  } else {
    return std::optional<Range>();
  }
  if (range.begin >= range.end) return aws_error(416, "InvalidRange", "The requested range is not satisfiable");
  return std::optional<Range>(range);
}

// Integrity headers that a client may send. Checksums of other kinds are stored nowhere and checked by nobody here.
base::Result<> check_digests(const net::Request& request, std::string_view body) {
  auto given = request.headers.get("Content-MD5");
  if (given && *given != codec::base64_encode(md5(body))) {
    return aws_error(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
  return {};
}

}  // namespace

base::Result<std::string> plain_body(const net::Request& request) {
  auto hash = request.headers.get_or("X-Amz-Content-Sha256", "");
  bool chunked = request.headers.get_or("Content-Encoding", "").find("aws-chunked") != std::string::npos;
  if (!chunked && !hash.starts_with("STREAMING-")) return request.body;
  auto incomplete = [] { return aws_error(400, "IncompleteBody", "The request body terminated unexpectedly"); };
  std::string plain;
  std::string_view rest = request.body;
  for (;;) {
    auto line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos) return incomplete();
    auto line = rest.substr(0, line_end);
    line = line.substr(0, line.find(';'));  // chunk extensions
    std::size_t size = 0;
    auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    if (error != std::errc() || end != line.data() + line.size() || line.empty()) return incomplete();
    rest.remove_prefix(line_end + 2);
    if (size == 0) break;  // trailers follow
    if (rest.size() < size + 2 || rest.substr(size, 2) != "\r\n") return incomplete();
    plain += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  auto declared = request.headers.get("X-Amz-Decoded-Content-Length");
  if (declared && *declared != std::to_string(plain.size())) return incomplete();
  return plain;
}

base::Result<net::Response> S3Service::object_action(const Call& call, const Address& address) {
  const auto& method = call.request.method;
  if (method == "PUT") return put_object(call, address);
  if (method == "GET" || method == "HEAD") return read_object(call, address);
  if (method != "DELETE") return base::fail(not_implemented("s3", method + " on an object"));
  TRY(authorize(call, "s3:DeleteObject", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  if (auto found = its_bucket->objects.find(address.key); found != its_bucket->objects.end()) {
    its_bucket->objects.erase(found);
  }
  return s3_answer(call, 204);
}

base::Result<net::Response> S3Service::put_object(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:PutObject", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  constexpr std::size_t kLongestKey = 1024;
  if (address.key.size() > kLongestKey) return aws_error(400, "KeyTooLongError", "Your key is too long");
  auto found = its_bucket->objects.find(address.key);
  bool exists = found != its_bucket->objects.end();
  auto none_match = call.request.headers.get("If-None-Match");
  auto match = call.request.headers.get("If-Match");
  if ((none_match && exists && lists_etag(*none_match, found->second.etag)) ||
      (match && (!exists || !lists_etag(*match, found->second.etag)))) {
    return aws_error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
  if (auto source = call.request.headers.get("x-amz-copy-source")) return copy_object(call, address, *source);
  TRY(auto content, plain_body(call.request));
  TRY(check_digests(call.request, content));
  Object object{.content = std::move(content),
                .etag = {},
                .modified = cloud_.clock->now(),
                .headers = stored_headers(call.request)};
  object.etag = hex(md5(object.content));
  auto response = s3_answer(call, 200);
  response.headers.add("ETag", quoted(object.etag));
  its_bucket->objects.insert_or_assign(address.key, std::move(object));
  return response;
}

base::Result<net::Response> S3Service::copy_object(const Call& call, const Address& address, std::string_view source) {
  if (call.request.headers.get_or("x-amz-metadata-directive", "COPY") != "COPY") {
    return base::fail(not_implemented("s3", "CopyObject with MetadataDirective"));
  }
  auto path = net::percent_decode(source.substr(0, source.find('?')));
  if (path.starts_with('/')) path.erase(0, 1);
  auto slash = path.find('/');
  if (slash == std::string::npos) return aws_error(400, "InvalidArgument", "Invalid copy source object key");
  Address from{.bucket = path.substr(0, slash), .key = path.substr(slash + 1), .query = {}};
  TRY(authorize(call, "s3:GetObject", from));
  TRY(auto* source_bucket, bucket(from.bucket));
  auto found = source_bucket->objects.find(from.key);
  if (found == source_bucket->objects.end()) return aws_error(404, "NoSuchKey", "The specified key does not exist.");
  Object copy = found->second;
  copy.modified = cloud_.clock->now();
  TRY(auto* its_bucket, bucket(address.bucket));
  XmlWriter xml;
  xml.open("CopyObjectResult", kXmlns).element("ETag", quoted(copy.etag));
  xml.element("LastModified", iso_time(copy.modified));
  its_bucket->objects.insert_or_assign(address.key, std::move(copy));
  return s3_answer(call, 200, xml.take());
}

base::Result<net::Response> S3Service::read_object(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:GetObject", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  auto found = its_bucket->objects.find(address.key);
  if (found == its_bucket->objects.end()) {
    // Who may not list a bucket does not learn what is not in it.
    TRY(authorize(call, "s3:ListBucket", {.bucket = address.bucket, .key = {}, .query = {}}));
    return aws_error(404, "NoSuchKey", "The specified key does not exist.");
  }
  const auto& object = found->second;
  const auto& headers = call.request.headers;
  if (auto match = headers.get("If-Match"); match && !lists_etag(*match, object.etag)) {
    return aws_error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
  }
  auto response = s3_answer(call, 200);
  for (const auto& [name, value] : object.headers) response.headers.add(name, value);
  response.headers.add("ETag", quoted(object.etag));
  response.headers.add("Last-Modified", http_time(object.modified));
  response.headers.add("Accept-Ranges", "bytes");
  if (auto match = headers.get("If-None-Match"); match && lists_etag(*match, object.etag)) {
    response.status = 304;
    return response;
  }
  TRY(auto range, parse_range(call.request, object.content.size()));
  Range part = range.value_or(Range{.begin = 0, .end = object.content.size()});
  if (range) {
    response.status = 206;
    response.headers.add("Content-Range",
                         fmt::format("bytes {}-{}/{}", part.begin, part.end - 1, object.content.size()));
  }
  if (call.request.method == "HEAD") {
    response.headers.add("Content-Length", std::to_string(part.end - part.begin));
  } else {
    response.body = object.content.substr(part.begin, part.end - part.begin);
  }
  return response;
}

base::Result<net::Response> S3Service::delete_objects(const Call& call, const Address& address) {
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto body, plain_body(call.request));
  TRY(check_digests(call.request, body));
  TRY(auto wanted, parse_delete(body));
  XmlWriter xml;
  xml.open("DeleteResult", kXmlns);
  for (const auto& key : wanted.keys) {
    auto allowed = authorize(call, "s3:DeleteObject", {.bucket = address.bucket, .key = key, .query = {}});
    if (!allowed) {
      xml.open("Error").element("Key", key).element("Code", allowed.error().code);
      xml.element("Message", allowed.error().message).close();
      continue;
    }
    its_bucket->objects.erase(key);
    if (!wanted.quiet) xml.open("Deleted").element("Key", key).close();
  }
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud
