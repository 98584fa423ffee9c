// ListObjectsV2, and the XML that DeleteObjects reads.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "codec/base64.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kXmlns = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

std::string unescape(std::string_view text) {
  static const std::map<std::string_view, char> kEntities{
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto end = text.find(';', i);
    if (text[i] != '&' || end == std::string_view::npos) {
      out += text[i];
      continue;
    }
    auto name = text.substr(i + 1, end - i - 1);
    if (auto found = kEntities.find(name); found != kEntities.end()) {
      out += found->second;
    } else if (name.starts_with('#')) {
      bool hexadecimal = name.substr(1).starts_with('x');
      auto digits = name.substr(hexadecimal ? 2 : 1);
      unsigned code = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
      out += static_cast<char>(code & 0x7FU);  // clients write control characters so
    }
    i = end;
  }
  return out;
}

// What stands between <name> and </name>, from `at` on; advances `at` past it.
std::optional<std::string_view> element(std::string_view xml, std::string_view name, std::size_t& at) {
  auto open = fmt::format("<{}>", name);
  auto close = fmt::format("</{}>", name);
  auto begin = xml.find(open, at);
  if (begin == std::string_view::npos) return std::nullopt;
  auto end = xml.find(close, begin);
  if (end == std::string_view::npos) return std::nullopt;
  at = end + close.size();
  return xml.substr(begin + open.size(), end - begin - open.size());
}

struct Listing {
  std::string prefix;
  std::string delimiter;
  std::string after;
  std::size_t most = 1000;
  bool encode = false;

  std::string text(std::string_view key) const { return encode ? net::percent_encode(key, true) : std::string(key); }
};

base::Result<Listing> parse_listing(const Fields& query) {
  constexpr std::size_t kMost = 1000;
  Listing listing{.prefix = field(query, "prefix").value_or(""),
                  .delimiter = field(query, "delimiter").value_or(""),
                  .after = field(query, "start-after").value_or("")};
  listing.encode = field(query, "encoding-type").value_or("") == "url";
  if (auto token = field(query, "continuation-token")) {
    auto decoded = codec::base64_decode(*token);
    if (!decoded) return aws_error(400, "InvalidArgument", "The continuation token provided is incorrect");
    listing.after = *decoded;
  }
  if (auto most = field(query, "max-keys")) {
    auto [end, error] = std::from_chars(most->data(), most->data() + most->size(), listing.most);
    if (error != std::errc() || end != most->data() + most->size()) {
      return aws_error(400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
    }
    listing.most = std::min(listing.most, kMost);
  }
  return listing;
}

}  // namespace

base::Result<DeleteRequest> parse_delete(std::string_view xml) {
  DeleteRequest request;
  std::size_t at = 0;
  while (auto object = element(xml, "Object", at)) {
    std::size_t inner = 0;
    auto key = element(*object, "Key", inner);
    if (!key) return aws_error(400, "MalformedXML", "The XML you provided was not well-formed");
    inner = 0;
    if (element(*object, "VersionId", inner)) return base::fail(not_implemented("s3", "DeleteObjects with VersionId"));
    request.keys.push_back(unescape(*key));
  }
  constexpr std::size_t kMost = 1000;
  if (request.keys.empty() || request.keys.size() > kMost) {
    return aws_error(400, "MalformedXML",
                     "The XML you provided was not well-formed or did not validate against our published schema");
  }
  at = 0;
  request.quiet = element(xml, "Quiet", at).value_or("") == "true";
  return request;
}

base::Result<net::Response> S3Service::list_objects(const Call& call, const Address& address) {
  if (field(address.query, "list-type").value_or("") != "2") return base::fail(not_implemented("s3", "ListObjects"));
  TRY(authorize(call, "s3:ListBucket", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto listing, parse_listing(address.query));

  XmlWriter entries;
  std::set<std::string> groups;
  std::size_t count = 0;
  std::string last;
  bool truncated = false;
  for (const auto& [key, object] : its_bucket->objects) {
    if (!key.starts_with(listing.prefix) || key <= listing.after) continue;
    std::string group;
    if (!listing.delimiter.empty()) {
      auto cut = key.find(listing.delimiter, listing.prefix.size());
      if (cut != std::string::npos) group = key.substr(0, cut + listing.delimiter.size());
    }
    // A group that the page before ended with covers everything under it.
    if (!group.empty() && (groups.contains(group) || listing.after.starts_with(group))) continue;
    if (count == listing.most) {
      truncated = true;
      break;
    }
    ++count;
    last = group.empty() ? key : group;
    if (!group.empty()) {
      groups.insert(group);
      continue;
    }
    entries.open("Contents").element("Key", listing.text(key)).element("LastModified", iso_time(object.modified));
    entries.element("ETag", "\"" + object.etag + "\"").element("Size", std::to_string(object.content.size()));
    entries.element("StorageClass", "STANDARD").close();
  }
  XmlWriter xml;
  xml.open("ListBucketResult", kXmlns).element("Name", address.bucket).element("Prefix", listing.text(listing.prefix));
  if (!listing.delimiter.empty()) xml.element("Delimiter", listing.text(listing.delimiter));
  if (listing.encode) xml.element("EncodingType", "url");
  xml.element("KeyCount", std::to_string(count)).element("MaxKeys", std::to_string(listing.most));
  xml.element("IsTruncated", truncated);
  if (truncated) xml.element("NextContinuationToken", codec::base64_encode(last));
  xml.raw(entries.take());
  for (const auto& group : groups) xml.open("CommonPrefixes").element("Prefix", listing.text(group)).close();
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud
