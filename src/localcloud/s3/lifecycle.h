// What a bucket's lifecycle configuration removes, and when ("Managing the lifecycle of objects", S3 user guide):
// expiration of objects, of versions and of uploads. Transitions between storage classes are refused by name. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/s3/xml_tree.h"

namespace localcloud {

struct LifecycleRule {
  std::string id;
  bool enabled = true;
  std::string prefix;
  std::map<std::string, std::string> tags = {};
  std::optional<std::size_t> larger_than = {};
  std::optional<std::size_t> smaller_than = {};
  std::optional<int> days = {};
  std::optional<base::WallTime> date = {};
  bool lone_markers = false;  // ExpiredObjectDeleteMarker
  std::optional<int> noncurrent_days = {};
  std::size_t noncurrent_kept = 0;
  std::optional<int> abort_days = {};

  bool covers(std::string_view key, const std::map<std::string, std::string>& object_tags, std::size_t size) const;
};

// Gives every rule without an ID one. Errors: MalformedXML, InvalidArgument, InvalidRequest 400; 501 for transitions.
base::Result<std::vector<LifecycleRule>> parse_lifecycle(XmlNode& configuration);

// So many days after `from`, rounded up to the next midnight in UTC, as S3 counts.
base::WallTime lifecycle_time(base::WallTime from, int days);

// The first midnight in UTC after a time: when S3 looks.
base::WallTime next_midnight(base::WallTime after);

}  // namespace localcloud
