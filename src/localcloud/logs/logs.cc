#include "localcloud/logs/logs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/local_clock.h"
#include "localcloud/sync_type.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.1";
constexpr std::size_t kMostEvents = 10'000;  // of an answer, and kept of a stream beyond which the oldest go

struct LogEvent {
  std::int64_t time = 0;  // milliseconds
  std::int64_t ingested = 0;
  std::string message;
  std::uint64_t id = 0;
};

struct LogStream {
  std::int64_t created = 0;
  std::vector<LogEvent> events;
};

struct LogGroup {
  std::int64_t created = 0;
  std::optional<std::int64_t> retention_days;
  std::map<std::string, LogStream, std::less<>> streams;
};

std::string text_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_member(const json::object& input, std::string_view name, std::int64_t fallback) {
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterException", std::move(message));
}

// A filter pattern of plain terms, all of which a message must hold; "" matches all. Other syntax is refused.
base::Result<std::vector<std::string>> filter_terms(const std::string& pattern) {
  std::vector<std::string> terms;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == ' ') {
      ++at;
      continue;
    }
    bool quoted = pattern[at] == '"';
    if (!quoted && std::string_view("{[?-%").find(pattern[at]) != std::string_view::npos) {
      return base::fail(not_implemented("logs", "FilterLogEvents with the pattern " + pattern));
    }
    auto begin = quoted ? at + 1 : at;
    auto end = std::min(pattern.find(quoted ? '"' : ' ', begin), pattern.size());
    terms.push_back(pattern.substr(begin, end - begin));
    at = end + 1;
  }
  return terms;
}

}  // namespace

class LogsService final : public Logs {
 public:
  explicit LogsService(Cloud& cloud) : cloud_(cloud) {}

  void append(std::string_view group, std::string_view stream, std::string_view line) override {
    auto now = base::epoch_ms(cloud_.clock->now());
    auto& its_group = groups_[std::string(group)];
    if (its_group.created == 0) its_group.created = now;
    auto& its_stream = its_group.streams[std::string(stream)];
    if (its_stream.created == 0) its_stream.created = now;
    add(its_stream, now, std::string(line));
  }

  awaitable<net::Response> handle(Call call) override {
    auto result = act(call);
    if (!result) co_return json_failure(call, result.error(), kVersion);
    co_return json_answer(call, json::value(std::move(*result)), kVersion);
  }

  ResourceTypes resource_types() override;

  base::Result<> create_group(const std::string& name) {
    constexpr std::size_t kLongest = 512;
    if (name.empty() || name.size() > kLongest) return invalid("1 validation error detected: Value at 'logGroupName'");
    if (groups_.contains(name)) {
      return aws_error(400, "ResourceAlreadyExistsException", "The specified log group already exists");
    }
    groups_[name].created = base::epoch_ms(cloud_.clock->now());
    return {};
  }

  base::Result<LogGroup*> group(const std::string& name) {
    auto found = groups_.find(name);
    if (found == groups_.end()) {
      return aws_error(400, "ResourceNotFoundException", "The specified log group does not exist.");
    }
    return &found->second;
  }

  void delete_group(const std::string& name) { groups_.erase(name); }

  std::string arn_of(std::string_view name) const {
    return fmt::format("arn:aws:logs:{}:{}:log-group:{}", cloud_.region, cloud_.account_id, name);
  }

 private:
  void add(LogStream& stream, std::int64_t time, std::string message) {
    if (stream.events.size() >= kMostEvents) {
      stream.events.erase(stream.events.begin(), stream.events.begin() + kMostEvents / 10);
    }
    stream.events.push_back({.time = time,
                             .ingested = base::epoch_ms(cloud_.clock->now()),
                             .message = std::move(message),
                             .id = ++last_id_});
  }

  base::Result<LogStream*> stream(const json::object& input) {
    TRY(auto* its_group, group(text_member(input, "logGroupName")));
    auto found = its_group->streams.find(text_member(input, "logStreamName"));
    if (found == its_group->streams.end()) {
      return aws_error(400, "ResourceNotFoundException", "The specified log stream does not exist.");
    }
    return &found->second;
  }

  base::Result<json::object> act(const Call& call) {
    using Operation = base::Result<json::object> (LogsService::*)(const json::object&);
    static const std::map<std::string_view, Operation> kOperations{
        {"CreateLogGroup", &LogsService::create_log_group},
        {"DeleteLogGroup", &LogsService::delete_log_group},
        {"CreateLogStream", &LogsService::create_log_stream},
        {"PutLogEvents", &LogsService::put_log_events},
        {"GetLogEvents", &LogsService::get_log_events},
        {"FilterLogEvents", &LogsService::filter_log_events},
        {"DescribeLogGroups", &LogsService::describe_log_groups},
        {"DescribeLogStreams", &LogsService::describe_log_streams},
        {"PutRetentionPolicy", &LogsService::put_retention},
    };
    auto name = json_operation(call.request);
    auto operation = kOperations.find(name);
    if (operation == kOperations.end()) return base::fail(not_implemented("logs", name));
    TRY(auto input, json_input(call.request));
    // Groups may be named by ARN instead.
    if (auto identifier = text_member(input, "logGroupIdentifier"); !identifier.empty()) {
      auto at = identifier.find(":log-group:");
      auto short_name = at == std::string::npos ? identifier : identifier.substr(at + 11);
      if (short_name.ends_with(":*")) short_name.resize(short_name.size() - 2);
      input["logGroupName"] = short_name;
    }
    auto group_name = text_member(input, "logGroupName");
    auto stream_name = text_member(input, "logStreamName");
    auto resource = arn_of(group_name.empty() ? "*" : group_name);
    resource += stream_name.empty() ? std::string(":*") : ":log-stream:" + stream_name;
    TRY(cloud_.iam->authorize(call.caller, "logs:" + name, resource));
    return (this->*operation->second)(input);
  }

  base::Result<json::object> create_log_group(const json::object& input) {
    TRY(create_group(text_member(input, "logGroupName")));
    return json::object();
  }

  base::Result<json::object> delete_log_group(const json::object& input) {
    TRY(group(text_member(input, "logGroupName")));
    delete_group(text_member(input, "logGroupName"));
    return json::object();
  }

  base::Result<json::object> put_retention(const json::object& input) {
    TRY(auto* its_group, group(text_member(input, "logGroupName")));
    its_group->retention_days = number_member(input, "retentionInDays", 0);
    return json::object();
  }

  base::Result<json::object> create_log_stream(const json::object& input) {
    TRY(auto* its_group, group(text_member(input, "logGroupName")));
    auto name = text_member(input, "logStreamName");
    if (name.empty()) return invalid("1 validation error detected: Value at 'logStreamName'");
    if (its_group->streams.contains(name)) {
      return aws_error(400, "ResourceAlreadyExistsException", "The specified log stream already exists");
    }
    its_group->streams[name].created = base::epoch_ms(cloud_.clock->now());
    return json::object();
  }

  base::Result<json::object> put_log_events(const json::object& input) {
    TRY(auto* its_stream, stream(input));
    const auto* events = input.if_contains("logEvents");
    if (events == nullptr || !events->is_array() || events->get_array().empty()) {
      return invalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint");
    }
    std::int64_t last = 0;
    for (const auto& event : events->get_array()) {
      const auto* time = codec::find(event, "timestamp");
      const auto* message = codec::find(event, "message");
      if (time == nullptr || !time->is_int64() || message == nullptr || !message->is_string()) {
        return invalid("Every log event needs a timestamp and a message");
      }
      if (time->get_int64() < last)
        return invalid("Log events in a single PutLogEvents request must be in chronological order.");
      last = time->get_int64();
    }
    for (const auto& event : events->get_array()) {
      add(*its_stream, codec::find(event, "timestamp")->get_int64(), codec::find_string(event, "message"));
    }
    return json::object{{"nextSequenceToken", std::to_string(last_id_)}};
  }

  base::Result<json::object> get_log_events(const json::object& input) {
    TRY(auto* its_stream, stream(input));
    auto from = number_member(input, "startTime", 0);
    auto until = number_member(input, "endTime", std::numeric_limits<std::int64_t>::max());
    auto most =
        static_cast<std::size_t>(std::clamp<std::int64_t>(number_member(input, "limit", kMostEvents), 1, kMostEvents));
    // A token is "f/" or "b/" and the id of the event that reading goes on after, or before.
    auto token = text_member(input, "nextToken");
    bool backward = token.starts_with("b/");
    std::uint64_t position = 0;
    if (token.size() > 2) std::from_chars(token.data() + 2, token.data() + token.size(), position);
    const auto* head = input.if_contains("startFromHead");
    bool from_head = (head != nullptr && head->is_bool() && head->get_bool()) || (!token.empty() && !backward);

    std::vector<const LogEvent*> found;
    for (const auto& event : its_stream->events) {
      bool before = backward && event.id >= position;
      bool after = !token.empty() && !backward && event.id <= position;
      if (event.time >= from && event.time < until && !before && !after) found.push_back(&event);
    }
    if (found.size() > most) {
      auto extra = static_cast<std::ptrdiff_t>(found.size() - most);
      if (from_head) {
        found.erase(found.end() - extra, found.end());
      } else {
        found.erase(found.begin(), found.begin() + extra);
      }
    }
    json::array events;
    for (const auto* event : found) {
      events.emplace_back(
          json::object{{"timestamp", event->time}, {"message", event->message}, {"ingestionTime", event->ingested}});
    }
    json::object output{{"events", std::move(events)}};
    output["nextForwardToken"] = fmt::format("f/{}", found.empty() ? position : found.back()->id);
    output["nextBackwardToken"] = fmt::format("b/{}", found.empty() ? position : found.front()->id);
    return output;
  }

  base::Result<json::object> filter_log_events(const json::object& input) {
    TRY(auto* its_group, group(text_member(input, "logGroupName")));
    TRY(auto terms, filter_terms(text_member(input, "filterPattern")));
    std::set<std::string> names;
    if (const auto* list = input.if_contains("logStreamNames"); list != nullptr && list->is_array()) {
      for (const auto& one : list->get_array()) {
        if (one.is_string()) names.emplace(one.get_string());
      }
    }
    auto prefix = text_member(input, "logStreamNamePrefix");
    auto from = number_member(input, "startTime", 0);
    auto until = number_member(input, "endTime", std::numeric_limits<std::int64_t>::max());
    auto most =
        static_cast<std::size_t>(std::clamp<std::int64_t>(number_member(input, "limit", kMostEvents), 1, kMostEvents));
    std::size_t skip = 0;
    auto token = text_member(input, "nextToken");
    std::from_chars(token.data(), token.data() + token.size(), skip);

    std::vector<std::pair<const LogEvent*, std::string_view>> found;
    for (const auto& [name, one] : its_group->streams) {
      if ((!names.empty() && !names.contains(name)) || !name.starts_with(prefix)) continue;
      for (const auto& event : one.events) {
        bool matches = std::all_of(terms.begin(), terms.end(),
                                   [&](const auto& term) { return event.message.find(term) != std::string::npos; });
        if (event.time >= from && event.time <= until && matches) found.emplace_back(&event, name);
      }
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first->time, a.first->id) < std::pair(b.first->time, b.first->id);
    });
    json::object output;
    json::array events;
    for (std::size_t i = skip; i < found.size(); ++i) {
      if (events.size() == most) {
        output["nextToken"] = std::to_string(i);
        break;
      }
      const auto& [event, name] = found[i];
      events.emplace_back(json::object{{"logStreamName", name},
                                       {"timestamp", event->time},
                                       {"message", event->message},
                                       {"ingestionTime", event->ingested},
                                       {"eventId", std::to_string(event->id)}});
    }
    output["events"] = std::move(events);
    output["searchedLogStreams"] = json::array();
    return output;
  }

  base::Result<json::object> describe_log_groups(const json::object& input) {
    auto prefix = text_member(input, "logGroupNamePrefix");
    json::array list;
    for (const auto& [name, one] : groups_) {
      if (!name.starts_with(prefix)) continue;
      json::object described{{"logGroupName", name},       {"creationTime", one.created}, {"metricFilterCount", 0},
                             {"arn", arn_of(name) + ":*"}, {"logGroupArn", arn_of(name)}, {"storedBytes", 0}};
      if (one.retention_days) described["retentionInDays"] = *one.retention_days;
      list.emplace_back(std::move(described));
    }
    return json::object{{"logGroups", std::move(list)}};
  }

  base::Result<json::object> describe_log_streams(const json::object& input) {
    TRY(auto* its_group, group(text_member(input, "logGroupName")));
    auto prefix = text_member(input, "logStreamNamePrefix");
    auto last_event = [](const LogStream& one) { return one.events.empty() ? 0 : one.events.back().time; };
    std::vector<std::pair<std::string_view, const LogStream*>> streams;
    for (const auto& [name, one] : its_group->streams) {
      if (name.starts_with(prefix)) streams.emplace_back(name, &one);
    }
    if (text_member(input, "orderBy") == "LastEventTime") {
      std::sort(streams.begin(), streams.end(),
                [&](const auto& a, const auto& b) { return last_event(*a.second) < last_event(*b.second); });
    }
    const auto* descending = input.if_contains("descending");
    if (descending != nullptr && descending->is_bool() && descending->get_bool()) {
      std::reverse(streams.begin(), streams.end());
    }
    auto group_arn = arn_of(text_member(input, "logGroupName"));
    json::array list;
    for (const auto& [name, one] : streams) {
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
    return json::object{{"logStreams", std::move(list)}};
  }

  Cloud& cloud_;
  std::map<std::string, LogGroup, std::less<>> groups_;
  std::uint64_t last_id_ = 0;
};

namespace {

class LogGroupType final : public SyncType {
 public:
  explicit LogGroupType(LogsService& logs)
      : SyncType({.name = "AWS::Logs::LogGroup",
                  .works = {"LogGroupName", "RetentionInDays"},
                  .accepted = {"Tags", "KmsKeyId", "LogGroupClass"},
                  .replaces = {"LogGroupName"}}),
        logs_(logs) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 512;
    auto name = text_property(request.properties, "LogGroupName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongest);
    TRY(logs_.create_group(name));
    return fill(name, request);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return fill(request.physical_id, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    logs_.delete_group(request.physical_id);
    return {};
  }

 private:
  base::Result<ResourceState> fill(const std::string& name, const ResourceRequest& request) {
    TRY(auto* group, logs_.group(name));
    auto days = text_property(request.properties, "RetentionInDays");
    group->retention_days.reset();
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(days.data(), days.data() + days.size(), number);
    if (!days.empty() && error == std::errc()) group->retention_days = number;
    return ResourceState{.physical_id = name, .ref = {}, .attributes = {{"Arn", logs_.arn_of(name) + ":*"}}};
  }

  LogsService& logs_;
};

}  // namespace

ResourceTypes LogsService::resource_types() {
  ResourceTypes types;
  types.push_back(std::make_unique<LogGroupType>(*this));
  return types;
}

std::unique_ptr<Logs> make_logs(Cloud& cloud) {
  return std::make_unique<LogsService>(cloud);
}

}  // namespace localcloud
