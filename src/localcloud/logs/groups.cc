// Log groups, their streams, retention and tags.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "localcloud/http_text.h"
#include "localcloud/logs/logs_service.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterException", std::move(message));
}

base::Result<> check_name(std::string_view member, std::string_view name) {
  constexpr std::size_t kLongest = 512;
  bool good = !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return member == "logStreamName"
               ? c != ':' && c != '*'
               : std::isalnum(c) != 0 || std::string_view("_-/.#").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (good) return {};
  return invalid(
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint", name, member));
}

}  // namespace

base::Result<std::size_t> position_of(std::string_view token) {
  std::size_t position = 0;
  if (token.empty()) return position;
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), position);
  if (error == std::errc() && end == token.data() + token.size()) return position;
  return invalid("The specified nextToken is invalid.");
}

// --- Groups

base::Result<LogGroup*> LogsService::create_group(const std::string& name) {
  TRY(check_name("logGroupName", name));
  if (groups_.contains(name)) {
    return aws_error(400, "ResourceAlreadyExistsException", "The specified log group already exists");
  }
  auto& made = groups_[name];
  made.created = now();
  return &made;
}

base::Result<LogGroup*> LogsService::group(const std::string& name) {
  auto found = groups_.find(name);
  if (found == groups_.end()) {
    return aws_error(400, "ResourceNotFoundException", "The specified log group does not exist.");
  }
  return &found->second;
}

base::Result<json::object> LogsService::create_log_group(const json::object& input) {
  auto group_class = text_in(input, "logGroupClass");
  if (!group_class.empty() && group_class != "STANDARD") {
    return base::fail(not_implemented("logs", "CreateLogGroup with the class " + group_class));
  }
  TRY(auto* made, create_group(text_in(input, "logGroupName")));
  for (const auto& [key, value] : object_in(input, "tags")) {
    if (value.is_string()) made->tags[key] = value.get_string();
  }
  return json::object();
}

base::Result<json::object> LogsService::delete_log_group(const json::object& input) {
  TRY(group(text_in(input, "logGroupName")));
  delete_group(text_in(input, "logGroupName"));
  return json::object();
}

base::Result<json::object> LogsService::describe_log_groups(const json::object& input) {
  auto prefix = text_in(input, "logGroupNamePrefix");
  auto pattern = lower_case(text_in(input, "logGroupNamePattern"));
  if (!prefix.empty() && !pattern.empty()) {
    return invalid("Cannot specify both logGroupNamePrefix and logGroupNamePattern");
  }
  // Every group here is of the class STANDARD.
  auto group_class = text_in(input, "logGroupClass");
  bool any = group_class.empty() || group_class == "STANDARD";
  std::vector<std::string> names;
  for (const auto& [name, one] : groups_) {
    if (any && name.starts_with(prefix) && lower_case(name).find(pattern) != std::string::npos) names.push_back(name);
  }
  json::object output;
  json::array list;
  TRY(auto page, page_of(std::move(names), input, output));
  for (const auto& name : page) {
    const auto& one = groups_.find(name)->second;
    json::object described{{"logGroupName", name},       {"creationTime", one.created}, {"metricFilterCount", 0},
                           {"arn", arn_of(name) + ":*"}, {"logGroupArn", arn_of(name)}, {"storedBytes", 0},
                           {"logGroupClass", "STANDARD"}};
    if (one.retention_days) described["retentionInDays"] = *one.retention_days;
    list.emplace_back(std::move(described));
  }
  output["logGroups"] = std::move(list);
  return output;
}

// --- Retention and tags

base::Result<> LogsService::set_retention(LogGroup& its_group, std::int64_t days) {
  constexpr std::array<std::int64_t, 22> kDays{1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                                               365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
  if (std::find(kDays.begin(), kDays.end(), days) == kDays.end()) {
    return invalid(
        fmt::format("1 validation error detected: Value '{}' at 'retentionInDays' failed to satisfy "
                    "constraint: Member must satisfy enum value set",
                    days));
  }
  its_group.retention_days = days;
  return {};
}

base::Result<json::object> LogsService::put_retention_policy(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  TRY(set_retention(*its_group, number_in(input, "retentionInDays").value_or(0)));
  return json::object();
}

base::Result<json::object> LogsService::delete_retention_policy(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  its_group->retention_days.reset();
  return json::object();
}

base::Result<json::object> LogsService::tag(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  constexpr std::size_t kMost = 50;
  auto tags = its_group->tags;
  for (const auto& [key, value] : object_in(input, "tags")) {
    if (value.is_string()) tags[key] = value.get_string();
  }
  if (tags.size() > kMost) return aws_error(400, "TooManyTagsException", "A resource can have no more than 50 tags.");
  its_group->tags = std::move(tags);
  return json::object();
}

base::Result<json::object> LogsService::untag(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  for (auto member : {"tags", "tagKeys"}) {
    for (const auto& key : texts_in(input, member)) its_group->tags.erase(key);
  }
  return json::object();
}

base::Result<json::object> LogsService::list_tags(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  json::object tags;
  for (const auto& [key, value] : its_group->tags) tags[key] = value;
  return json::object{{"tags", std::move(tags)}};
}

// --- Streams

base::Result<> LogsService::create_stream(const std::string& group_name, const std::string& name) {
  TRY(auto* its_group, group(group_name));
  TRY(check_name("logStreamName", name));
  if (its_group->streams.contains(name)) {
    return aws_error(400, "ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  its_group->streams[name].created = now();
  return {};
}

base::Result<LogStream*> LogsService::stream(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  auto found = its_group->streams.find(text_in(input, "logStreamName"));
  if (found == its_group->streams.end()) {
    return aws_error(400, "ResourceNotFoundException", "The specified log stream does not exist.");
  }
  return &found->second;
}

base::Result<json::object> LogsService::create_log_stream(const json::object& input) {
  TRY(create_stream(text_in(input, "logGroupName"), text_in(input, "logStreamName")));
  return json::object();
}

base::Result<json::object> LogsService::delete_log_stream(const json::object& input) {
  TRY(stream(input));
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  its_group->streams.erase(text_in(input, "logStreamName"));
  return json::object();
}

base::Result<json::object> LogsService::describe_log_streams(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  forget_expired(*its_group);
  auto prefix = text_in(input, "logStreamNamePrefix");
  bool by_time = text_in(input, "orderBy") == "LastEventTime";
  if (by_time && !prefix.empty()) return invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  auto last_event = [](const LogStream& one) { return one.events.empty() ? 0 : one.events.back().time; };
  std::vector<std::pair<std::string_view, const LogStream*>> streams;
  for (const auto& [name, one] : its_group->streams) {
    if (name.starts_with(prefix)) streams.emplace_back(name, &one);
  }
  if (by_time) {
    std::sort(streams.begin(), streams.end(),
              [&](const auto& a, const auto& b) { return last_event(*a.second) < last_event(*b.second); });
  }
  if (flag_in(input, "descending")) std::reverse(streams.begin(), streams.end());
  auto group_arn = arn_of(text_in(input, "logGroupName"));
  json::object output;
  json::array list;
  TRY(auto page, page_of(std::move(streams), input, output));
  for (const auto& [name, one] : page) {
    json::object described{{"logStreamName", name},
                           {"creationTime", one->created},
                           {"arn", fmt::format("{}:log-stream:{}", group_arn, name)},
                           {"storedBytes", 0}};
    if (!one->events.empty()) {
      described["firstEventTimestamp"] = one->events.front().time;
      described["lastEventTimestamp"] = one->events.back().time;
      described["lastIngestionTime"] = one->events.back().ingested;
    }
    list.emplace_back(std::move(described));
  }
  output["logStreams"] = std::move(list);
  return output;
}

}  // namespace localcloud
