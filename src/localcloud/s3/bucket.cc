#include "localcloud/s3/bucket.h"

#include <algorithm>

namespace localcloud {

const ObjectVersion* Bucket::current(std::string_view key) const {
  auto found = objects.find(key);
  if (found == objects.end() || found->second.back().delete_marker) return nullptr;
  return &found->second.back();
}

const ObjectVersion* Bucket::version(std::string_view key, std::string_view id) const {
  auto found = objects.find(key);
  if (found == objects.end()) return nullptr;
  const auto& versions = found->second;
  if (id.empty()) return &versions.back();
  auto one = std::find_if(versions.begin(), versions.end(), [&](const ObjectVersion& each) { return each.id == id; });
  return one == versions.end() ? nullptr : &*one;
}

ObjectVersion& Bucket::add(const std::string& key, ObjectVersion object, std::string fresh_id) {
  auto& versions = objects[key];
  object.id = versioning == Versioning::enabled ? std::move(fresh_id) : "null";
  // There is one version without an id at most.
  if (object.id == "null") std::erase_if(versions, [](const ObjectVersion& one) { return one.id == "null"; });
  versions.push_back(std::move(object));
  return versions.back();
}

Deletion Bucket::remove(const std::string& key, std::string_view id, std::string fresh_id, base::WallTime now) {
  auto found = objects.find(key);
  if (id.empty() && has_versions()) {
    ObjectVersion marker;
    marker.delete_marker = true;
    marker.modified = now;
    marker.etag = "d41d8cd98f00b204e9800998ecf8427e";  // of nothing
    const auto& made = add(key, std::move(marker), std::move(fresh_id));
    return {.marker_made = true, .version_id = made.id, .removed = true};
  }
  if (found == objects.end()) return {.version_id = std::string(id)};
  auto& versions = found->second;
  auto wanted = id.empty() ? std::string_view("null") : id;
  auto one =
      std::find_if(versions.begin(), versions.end(), [&](const ObjectVersion& each) { return each.id == wanted; });
  if (one == versions.end()) return {.version_id = std::string(id)};
  Deletion done{.marker_removed = one->delete_marker, .version_id = std::string(id), .removed = true};
  versions.erase(one);
  if (versions.empty()) objects.erase(found);
  return done;
}

}  // namespace localcloud
