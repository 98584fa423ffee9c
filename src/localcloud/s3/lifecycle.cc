#include "localcloud/s3/lifecycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/ids.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidArgument", std::move(message));
}

base::Result<std::optional<int>> positive(const XmlNode& node, std::string_view name) {
  const auto* found = node.child(name);
  if (found == nullptr) return std::optional<int>();
  int value = 0;
  const auto& text = found->text;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return malformed_xml();
  if (value < 1) return invalid(fmt::format("'{}' must be a positive integer", name));
  return std::optional(value);
}

base::Result<std::optional<std::size_t>> size_of(const XmlNode& node, std::string_view name) {
  const auto* found = node.child(name);
  if (found == nullptr) return std::optional<std::size_t>();
  std::size_t value = 0;
  const auto& text = found->text;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return malformed_xml();
  return std::optional(value);
}

// "2026-01-02" or "2026-01-02T00:00:00.000Z": only midnights.
base::Result<std::optional<base::WallTime>> date_of(const XmlNode& node) {
  auto text = node.text_of("Date");
  if (text.empty()) return std::optional<base::WallTime>();
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  constexpr std::size_t kDate = 10;
  bool read = text.size() >= kDate && text[4] == '-' && text[7] == '-' &&
              std::from_chars(text.data(), text.data() + 4, year).ptr == text.data() + 4 &&
              std::from_chars(text.data() + 5, text.data() + 7, month).ptr == text.data() + 7 &&
              std::from_chars(text.data() + 8, text.data() + kDate, day).ptr == text.data() + kDate;
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  constexpr int kFirstYear = 1970;
  constexpr int kLastYear = 2199;  // the clock of the machine ends in 2262
  if (!read || !date.ok() || year < kFirstYear || year > kLastYear) return malformed_xml();
  auto time = std::string_view(text).substr(kDate);
  if (!time.empty() && !time.starts_with("T00:00:00")) return invalid("'Date' must be at midnight GMT");
  return std::optional<base::WallTime>(std::chrono::sys_days(date));
}

base::Result<> read_filter(const XmlNode& filter, LifecycleRule& rule) {
  const auto* both = filter.child("And");
  if (filter.children.size() > 1) return malformed_xml();  // And joins them
  const auto& parts = both != nullptr ? *both : filter;
  static const std::set<std::string_view> kParts{"Prefix", "Tag", "ObjectSizeGreaterThan", "ObjectSizeLessThan"};
  for (const auto& part : parts.children) {
    if (!kParts.contains(part.name)) return malformed_xml();
  }
  rule.prefix = parts.text_of("Prefix");
  for (const auto* tag : parts.all("Tag")) rule.tags[tag->text_of("Key")] = tag->text_of("Value");
  TRY(rule.larger_than, size_of(parts, "ObjectSizeGreaterThan"));
  TRY(rule.smaller_than, size_of(parts, "ObjectSizeLessThan"));
  return {};
}

base::Result<LifecycleRule> parse_rule(const XmlNode& node) {
  for (auto name : {"Transition", "NoncurrentVersionTransition"}) {
    if (node.child(name) != nullptr) {
      return base::fail(not_implemented("s3", fmt::format("PutBucketLifecycleConfiguration with {}", name)));
    }
  }
  LifecycleRule rule{.id = node.text_of("ID"), .prefix = node.text_of("Prefix")};
  auto status = node.text_of("Status");
  if (status != "Enabled" && status != "Disabled") return malformed_xml();
  rule.enabled = status == "Enabled";
  constexpr std::size_t kLongestId = 255;
  if (rule.id.size() > kLongestId) return invalid("ID length should not exceed allowed limit of 255");
  if (const auto* filter = node.child("Filter")) TRY(read_filter(*filter, rule));
  if (const auto* expiration = node.child("Expiration")) {
    TRY(rule.days, positive(*expiration, "Days"));
    TRY(rule.date, date_of(*expiration));
    rule.lone_markers = expiration->text_of("ExpiredObjectDeleteMarker") == "true";
    if ((rule.days ? 1 : 0) + (rule.date ? 1 : 0) + (rule.lone_markers ? 1 : 0) > 1) return malformed_xml();
  }
  if (const auto* old = node.child("NoncurrentVersionExpiration")) {
    TRY(rule.noncurrent_days, positive(*old, "NoncurrentDays"));
    TRY(auto kept, positive(*old, "NewerNoncurrentVersions"));
    rule.noncurrent_kept = static_cast<std::size_t>(kept.value_or(0));
    if (!rule.noncurrent_days) return malformed_xml();
  }
  if (const auto* abort = node.child("AbortIncompleteMultipartUpload")) {
    TRY(rule.abort_days, positive(*abort, "DaysAfterInitiation"));
  }
  if (rule.abort_days && !rule.tags.empty()) {
    return aws_error(400, "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags.");
  }
  if (rule.lone_markers && !rule.tags.empty()) {
    return aws_error(400, "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
  if (!rule.days && !rule.date && !rule.lone_markers && !rule.noncurrent_days && !rule.abort_days) {
    return aws_error(400, "InvalidRequest", "At least one action needs to be specified in a rule");
  }
  return rule;
}

}  // namespace

bool LifecycleRule::covers(std::string_view key, const std::map<std::string, std::string>& object_tags,
                           std::size_t size) const {
  if (!enabled || !key.starts_with(prefix)) return false;
  if ((larger_than && size <= *larger_than) || (smaller_than && size >= *smaller_than)) return false;
  return std::all_of(tags.begin(), tags.end(), [&](const auto& tag) {
    auto found = object_tags.find(tag.first);
    return found != object_tags.end() && found->second == tag.second;
  });
}

base::Result<std::vector<LifecycleRule>> parse_lifecycle(XmlNode& configuration) {
  constexpr std::size_t kMostRules = 1000;
  std::vector<LifecycleRule> rules;
  std::set<std::string> ids;
  for (auto& node : configuration.children) {
    if (node.name != "Rule") return malformed_xml();
    TRY(auto rule, parse_rule(node));
    if (!rule.id.empty() && !ids.insert(rule.id).second) {
      return invalid("Rule ID must be unique. Found same ID for more than one rule");
    }
    if (rule.id.empty()) node.children.insert(node.children.begin(), {.name = "ID", .text = base::random_uuid()});
    rules.push_back(std::move(rule));
  }
  if (rules.empty() || rules.size() > kMostRules) return malformed_xml();
  return rules;
}

base::WallTime lifecycle_time(base::WallTime from, int days) {
  constexpr int kForEver = 36'500;  // days: a century, after which the clock of the machine would end soon
  auto time = from + std::chrono::days(std::min(days, kForEver));
  auto midnight = std::chrono::floor<std::chrono::days>(time);
  return midnight == time ? base::WallTime(midnight) : base::WallTime(midnight + std::chrono::days(1));
}

base::WallTime next_midnight(base::WallTime after) {
  return std::chrono::floor<std::chrono::days>(after) + std::chrono::days(1);
}

}  // namespace localcloud
