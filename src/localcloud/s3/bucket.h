// The state of S3: buckets, objects with their versions, uploads under way. Values; the rules that change them are the
// members' and are pure.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "localcloud/s3/checksum.h"
#include "localcloud/s3/cors.h"
#include "localcloud/s3/lifecycle.h"
#include "localcloud/s3/notification.h"
#include "localcloud/s3/xml_tree.h"
#include "net/http.h"

namespace localcloud {

namespace json = boost::json;

using ObjectTags = std::map<std::string, std::string>;

struct ObjectVersion {
  std::string id = "null";  // of an object made without versioning
  bool delete_marker = false;
  std::shared_ptr<const std::string> content = std::make_shared<const std::string>();
  std::string etag = {};  // hexadecimal MD5, or "MD5-N", without quotes
  base::WallTime modified = {};
  net::Headers headers = {};  // Content-Type, x-amz-meta-…, as they come back
  ObjectTags tags = {};
  Checksum checksum = {};
  std::string storage_class = "STANDARD";
  std::vector<std::size_t> parts = {};  // their sizes, of an object uploaded in parts

  std::size_t size() const { return content->size(); }
};

struct UploadedPart {
  std::shared_ptr<const std::string> content;
  std::string etag;
  Checksum checksum;
  base::WallTime modified;
};

struct Upload {
  std::string id;
  std::string key;
  base::WallTime initiated;
  std::string initiator;  // ARN
  ObjectVersion object;   // what is known of it already
  std::optional<ChecksumAlgorithm> algorithm = {};
  bool whole_checksum = false;  // FULL_OBJECT, not COMPOSITE
  std::map<int, UploadedPart> parts = {};
};

// "Blocking public access to your Amazon S3 storage": all of it is on for a new bucket.
struct PublicAccessBlock {
  bool block_acls = true;
  bool ignore_acls = true;
  bool block_policy = true;
  bool restrict_buckets = true;
};

enum class Versioning { never, enabled, suspended };

struct Deletion {
  bool marker_made = false;
  bool marker_removed = false;
  std::string version_id = {};  // of the marker made or the version removed; empty without versioning
  bool removed = false;         // something went, or a marker came
};

struct Bucket {
  std::string name;
  base::WallTime created = {};
  std::map<std::string, std::vector<ObjectVersion>, std::less<>> objects = {};  // oldest first, never empty
  std::map<std::string, Upload> uploads = {};
  Versioning versioning = Versioning::never;
  std::optional<json::value> policy = {};
  PublicAccessBlock public_access = {};
  std::vector<CorsRule> cors = {};
  std::vector<LifecycleRule> lifecycle = {};
  NotificationConfiguration notification = {};
  std::map<std::string, XmlNode, std::less<>> configurations = {};  // as clients put them, by subresource

  std::string arn() const { return "arn:aws:s3:::" + name; }
  // The object that a read without a version sees; null if there is none or it is deleted.
  const ObjectVersion* current(std::string_view key) const;
  // The version, or with an empty id the latest, which may be a delete marker; null if it is not there.
  const ObjectVersion* version(std::string_view key, std::string_view id) const;
  ObjectVersion* version(std::string_view key, std::string_view id) {
    return const_cast<ObjectVersion*>(std::as_const(*this).version(key, id));
  }
  // Keeps a version under the bucket's rules; `fresh_id` is its id if versions are kept.
  ObjectVersion& add(const std::string& key, ObjectVersion object, std::string fresh_id);
  // Deletes as DELETE does: an empty `id` makes a marker where versions are kept.
  Deletion remove(const std::string& key, std::string_view id, std::string fresh_id, base::WallTime now);
  bool has_versions() const { return versioning != Versioning::never; }
};

}  // namespace localcloud
