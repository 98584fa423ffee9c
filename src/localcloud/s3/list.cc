// ListObjects, ListObjectsV2 and ListObjectVersions.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "codec/base64.h"
#include "localcloud/s3/s3_service.h"
#include "net/url.h"

namespace localcloud {

namespace {

struct Listing {
  std::string prefix;
  std::string delimiter;
  std::string after;
  std::size_t most = 1000;
  bool encode = false;

  std::string text(std::string_view key) const { return encode ? net::percent_encode(key, true) : std::string(key); }
  // The group that a key is listed under; "" if by itself.
  std::string group_of(std::string_view key) const {
    if (delimiter.empty()) return {};
    auto cut = key.find(delimiter, prefix.size());
    return cut == std::string_view::npos ? std::string() : std::string(key.substr(0, cut + delimiter.size()));
  }
};

base::Result<Listing> parse_listing(const Fields& query) {
  constexpr std::size_t kMost = 1000;
  Listing listing{.prefix = field(query, "prefix").value_or(""), .delimiter = field(query, "delimiter").value_or("")};
  auto encoding = field(query, "encoding-type").value_or("");
  if (!encoding.empty() && encoding != "url") {
    return aws_error(400, "InvalidArgument", "Invalid Encoding Method specified in Request");
  }
  listing.encode = encoding == "url";
  if (auto most = field(query, "max-keys")) {
    auto [end, error] = std::from_chars(most->data(), most->data() + most->size(), listing.most);
    if (error != std::errc() || end != most->data() + most->size()) {
      return aws_error(400, "InvalidArgument", "Provided max-keys not an integer or within integer range");
    }
    listing.most = std::min(listing.most, kMost);
  }
  return listing;
}

struct Page {
  std::vector<const std::pair<const std::string, std::vector<ObjectVersion>>*> objects;
  std::set<std::string> groups;
  std::string last;
  bool truncated = false;
  std::size_t count() const { return objects.size() + groups.size(); }
};

// The objects of one page: those that are there, grouped by the delimiter.
Page page_of(const Bucket& bucket, const Listing& listing) {
  Page page;
  for (auto at = bucket.objects.lower_bound(std::max(listing.prefix, listing.after)); at != bucket.objects.end();
       ++at) {
    const auto& key = at->first;
    if (!key.starts_with(listing.prefix)) break;
    if (key <= listing.after || at->second.back().delete_marker) continue;
    auto group = listing.group_of(key);
    // A group that the page before ended with covers everything under it.
    if (!group.empty() && (page.groups.contains(group) || listing.after.starts_with(group))) continue;
    if (page.count() == listing.most) {
      page.truncated = listing.most > 0;
      break;
    }
    page.last = group.empty() ? key : group;
    if (group.empty()) {
      page.objects.push_back(&*at);
    } else {
      page.groups.insert(group);
    }
  }
  return page;
}

void write_object(XmlWriter& xml, const Listing& listing, const std::string& key, const ObjectVersion& object,
                  std::string_view owner) {
  xml.open("Contents").element("Key", listing.text(key)).element("LastModified", iso_time(object.modified));
  xml.element("ETag", quoted_etag(object.etag));
  xml.element("ChecksumAlgorithm", checksum_name(object.checksum.algorithm));
  xml.element("ChecksumType", object.checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
  xml.element("Size", std::to_string(object.size()));
  if (!owner.empty()) xml.open("Owner").element("ID", owner).close();
  xml.element("StorageClass", object.storage_class).close();
}

void write_groups(XmlWriter& xml, const Listing& listing, const std::set<std::string>& groups) {
  for (const auto& group : groups) xml.open("CommonPrefixes").element("Prefix", listing.text(group)).close();
}

void write_head(XmlWriter& xml, const Listing& listing, std::string_view bucket) {
  xml.element("Name", bucket).element("Prefix", listing.text(listing.prefix));
  if (!listing.delimiter.empty()) xml.element("Delimiter", listing.text(listing.delimiter));
  if (listing.encode) xml.element("EncodingType", "url");
  xml.element("MaxKeys", std::to_string(listing.most));
}

}  // namespace

S3Service::Answer S3Service::list_objects(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:ListBucket", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto listing, parse_listing(address.query));
  bool second = field(address.query, "list-type").value_or("") == "2";
  auto token = field(address.query, "continuation-token");
  auto begin = field(address.query, second ? "start-after" : "marker").value_or("");
  listing.after = begin;
  if (second && token) {
    auto decoded = codec::base64_decode(*token);
    if (!decoded || decoded->empty())
      return aws_error(400, "InvalidArgument", "The continuation token provided is incorrect");
    listing.after = *decoded;
  }
  auto page = page_of(*its_bucket, listing);
  XmlWriter xml;
  xml.open("ListBucketResult", kS3Namespace);
  write_head(xml, listing, address.bucket);
  xml.element("IsTruncated", page.truncated);
  if (second) {
    xml.element("KeyCount", std::to_string(page.count()));
    if (token) xml.element("ContinuationToken", *token);
    if (!begin.empty()) xml.element("StartAfter", listing.text(begin));
    if (page.truncated) xml.element("NextContinuationToken", codec::base64_encode(page.last));
  } else {
    xml.element("Marker", listing.text(begin));
    // Without a delimiter the last key is the next marker.
    if (page.truncated && !listing.delimiter.empty()) xml.element("NextMarker", listing.text(page.last));
  }
  bool owners = !second || field(address.query, "fetch-owner").value_or("") == "true";
  for (const auto* one : page.objects) {
    write_object(xml, listing, one->first, one->second.back(), owners ? cloud_.account_id : std::string());
  }
  write_groups(xml, listing, page.groups);
  return s3_answer(call, 200, xml.take());
}

S3Service::Answer S3Service::list_object_versions(const Call& call, const Address& address) {
  TRY(authorize(call, "s3:ListBucketVersions", address));
  TRY(auto* its_bucket, bucket(address.bucket));
  TRY(auto listing, parse_listing(address.query));
  auto key_marker = field(address.query, "key-marker").value_or("");
  auto id_marker = field(address.query, "version-id-marker").value_or("");
  if (!id_marker.empty() && key_marker.empty()) {
    return aws_error(400, "InvalidArgument", "A version-id marker cannot be specified without a key marker.");
  }
  XmlWriter entries;
  std::set<std::string> groups;
  std::size_t count = 0;
  std::pair<std::string, std::string> last;
  bool truncated = false;
  for (const auto& [key, versions] : its_bucket->objects) {
    if (!key.starts_with(listing.prefix) || key < key_marker || (key == key_marker && id_marker.empty())) continue;
    auto group = listing.group_of(key);
    if (!group.empty() && (groups.contains(group) || key_marker.starts_with(group))) continue;
    bool skipping = key == key_marker;
    for (auto one = versions.rbegin(); one != versions.rend() && !truncated; ++one) {
      if (skipping) {
        skipping = one->id != id_marker;
        continue;
      }
      if (count == listing.most) {
        truncated = listing.most > 0;
        break;
      }
      ++count;
      last = {group.empty() ? key : group, group.empty() ? one->id : std::string()};
      if (!group.empty()) {
        groups.insert(group);
        break;
      }
      entries.open(one->delete_marker ? "DeleteMarker" : "Version").element("Key", listing.text(key));
      entries.element("VersionId", one->id).element("IsLatest", one == versions.rbegin());
      entries.element("LastModified", iso_time(one->modified));
      if (!one->delete_marker) {
        entries.element("ETag", quoted_etag(one->etag)).element("Size", std::to_string(one->size()));
        entries.element("StorageClass", one->storage_class);
        entries.element("ChecksumAlgorithm", checksum_name(one->checksum.algorithm));
        entries.element("ChecksumType", one->checksum.composite ? "COMPOSITE" : "FULL_OBJECT");
      }
      entries.open("Owner").element("ID", cloud_.account_id).close().close();
    }
    if (truncated) break;
  }
  XmlWriter xml;
  xml.open("ListVersionsResult", kS3Namespace);
  write_head(xml, listing, address.bucket);
  xml.element("KeyMarker", listing.text(key_marker)).element("VersionIdMarker", id_marker);
  if (truncated) {
    xml.element("NextKeyMarker", listing.text(last.first));
    if (!last.second.empty()) xml.element("NextVersionIdMarker", last.second);
  }
  xml.element("IsTruncated", truncated).raw(entries.take());
  write_groups(xml, listing, groups);
  return s3_answer(call, 200, xml.take());
}

}  // namespace localcloud
