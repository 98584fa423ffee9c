// Removes what the lifecycle configuration of a bucket says, once a day at midnight in UTC by the local clock.
#include <algorithm>

#include "localcloud/local_clock.h"
#include "localcloud/s3/s3_service.h"

namespace localcloud {

awaitable<void> S3Service::expire_daily() {
  for (;;) {
    co_await cloud_.clock->sleep_until(next_midnight(cloud_.clock->now()));
    for (auto& [name, bucket] : buckets_) expire(bucket);
  }
}

void S3Service::expire(Bucket& bucket) {
  for (const auto& rule : bucket.lifecycle) {
    if (!rule.enabled) continue;
    expire_uploads(bucket, rule);
    std::vector<std::string> keys;
    for (const auto& [key, versions] : bucket.objects) {
      if (key.starts_with(rule.prefix)) keys.push_back(key);
    }
    for (const auto& key : keys) expire_versions(bucket, rule, key);
  }
}

void S3Service::expire_uploads(Bucket& bucket, const LifecycleRule& rule) {
  if (!rule.abort_days) return;
  auto now = cloud_.clock->now();
  std::erase_if(bucket.uploads, [&](const auto& one) {
    return one.second.key.starts_with(rule.prefix) && lifecycle_time(one.second.initiated, *rule.abort_days) <= now;
  });
}

void S3Service::expire_versions(Bucket& bucket, const LifecycleRule& rule, const std::string& key) {
  auto now = cloud_.clock->now();
  auto tell = [&](bool marker, const std::string& id) {
    notify(bucket, {.name = marker ? "LifecycleExpiration:DeleteMarkerCreated" : "LifecycleExpiration:Delete",
                    .reason = "Lifecycle Expiration",
                    .key = key,
                    .version_id = id,
                    .requester = "s3.amazonaws.com"});
  };
  // Versions that others have followed: age counts from when they were.
  if (rule.noncurrent_days) {
    auto versions = bucket.objects.find(key)->second;  // a copy: removal changes the original
    for (std::size_t i = 0; i + 1 < versions.size(); ++i) {
      auto newer = versions.size() - 2 - i;  // noncurrent ones after this one
      if (newer < rule.noncurrent_kept || !rule.covers(key, versions[i].tags, versions[i].size())) continue;
      if (lifecycle_time(versions[i + 1].modified, *rule.noncurrent_days) > now) continue;
      bucket.remove(key, versions[i].id, {}, now);
      tell(false, versions[i].id);
    }
  }
  auto found = bucket.objects.find(key);
  if (found == bucket.objects.end()) return;
  const auto& latest = found->second.back();
  bool old = (rule.days && lifecycle_time(latest.modified, *rule.days) <= now) || (rule.date && *rule.date <= now);
  if (latest.delete_marker) {
    // An age removes lone markers too ("Removing expired object delete markers").
    if ((rule.lone_markers || old) && found->second.size() == 1 && rule.tags.empty()) {
      auto id = latest.id;
      bucket.remove(key, id, {}, now);
      tell(false, id);
    }
    return;
  }
  if (!old || !rule.covers(key, latest.tags, latest.size())) return;
  auto done = bucket.remove(key, {}, fresh_id(), now);
  tell(done.marker_made, done.version_id);
}

}  // namespace localcloud
