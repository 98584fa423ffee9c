// Events: written by functions and by PutLogEvents, read by stream or filtered over a group.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "codec/json.h"
#include "localcloud/logs/logs_service.h"

namespace localcloud {

namespace {

constexpr std::size_t kMostEvents = 10'000;  // of an answer and of a request, and kept of a stream
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kOldest = 14 * kDay;
constexpr std::int64_t kNewest = 2 * kHour;  // ahead of the clock
constexpr auto kEver = std::numeric_limits<std::int64_t>::max();

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterException", std::move(message));
}

std::size_t limit_of(const json::object& input) {
  auto limit = number_in(input, "limit").value_or(kMostEvents);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(limit, 1, kMostEvents));
}

// The events of a PutLogEvents, in the bounds of one request (CloudWatch Logs API reference, PutLogEvents).
base::Result<std::vector<LogEvent>> read_events(const json::object& input) {
  constexpr std::size_t kMostBytes = 1'048'576;
  constexpr std::size_t kBytesOfEach = 26;
  std::vector<LogEvent> events;
  std::size_t bytes = 0;
  for (const auto& one : list_in(input, "logEvents")) {
    const auto* time = codec::find(one, "timestamp");
    const auto* message = codec::find(one, "message");
    if (time == nullptr || !time->is_int64() || message == nullptr || !message->is_string()) {
      return invalid("Every log event needs a timestamp and a message");
    }
    if (time->get_int64() < 0) {
      return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'logEvents.{}.member.timestamp' failed to satisfy "
                      "constraint: Member must have value greater than or equal to 0",
                      time->get_int64(), events.size() + 1));
    }
    if (message->get_string().empty()) {
      return invalid(
          fmt::format("1 validation error detected: Value '' at 'logEvents.{}.member.message' failed to satisfy "
                      "constraint: Member must have length greater than or equal to 1",
                      events.size() + 1));
    }
    if (!events.empty() && time->get_int64() < events.back().time) {
      return invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
    bytes += message->get_string().size() + kBytesOfEach;
    events.push_back({.time = time->get_int64(), .message = std::string(message->get_string())});
  }
  if (events.empty() || events.size() > kMostEvents) {
    return invalid(
        "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have "
        "length between 1 and 10000");
  }
  if (bytes > kMostBytes) {
    return invalid(fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kMostBytes));
  }
  if (events.back().time - events.front().time > kDay) {
    return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
  return events;
}

}  // namespace

void LogsService::append(std::string_view group_name, std::string_view stream_name, std::string_view line) {
  auto& its_group = groups_[std::string(group_name)];
  if (its_group.created == 0) its_group.created = now();
  add(its_group, group_name, stream_name, {.time = now(), .message = std::string(line)});
}

void LogsService::add(LogGroup& its_group, std::string_view group_name, std::string_view stream_name, LogEvent event) {
  auto& its_stream = its_group.streams[std::string(stream_name)];
  if (its_stream.created == 0) its_stream.created = now();
  if (its_stream.events.size() >= kMostEvents) {
    its_stream.events.erase(its_stream.events.begin(), its_stream.events.begin() + kMostEvents / 10);
  }
  event.ingested = now();
  event.id = ++last_id_;
  its_stream.events.push_back(std::move(event));
  if (!its_group.subscriptions.empty()) notify(its_group, group_name, stream_name, its_stream.events.back());
}

void LogsService::forget_expired(LogGroup& its_group) const {
  if (!its_group.retention_days) return;
  auto oldest = now() - *its_group.retention_days * kDay;
  for (auto& [name, one] : its_group.streams) {
    std::erase_if(one.events, [&](const auto& event) { return event.time < oldest; });
  }
}

base::Result<json::object> LogsService::put_log_events(const json::object& input) {
  TRY(stream(input));
  auto group_name = text_in(input, "logGroupName");
  TRY(auto* its_group, group(group_name));
  TRY(auto events, read_events(input));
  auto expired = its_group->retention_days ? now() - *its_group->retention_days * kDay : 0;
  auto oldest = now() - kOldest;
  json::object rejected;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].time > now() + kNewest) {
      rejected["tooNewLogEventStartIndex"] = i;
      break;  // they are in order of time
    }
    if (events[i].time < oldest) {
      rejected["tooOldLogEventEndIndex"] = i + 1;
    } else if (events[i].time < expired) {
      rejected["expiredLogEventEndIndex"] = i + 1;
    } else {
      add(*its_group, group_name, text_in(input, "logStreamName"), std::move(events[i]));
    }
  }
  json::object output{{"nextSequenceToken", std::to_string(last_id_)}};
  if (!rejected.empty()) output["rejectedLogEventsInfo"] = std::move(rejected);
  return output;
}

base::Result<json::object> LogsService::get_log_events(const json::object& input) {
  TRY(auto* its_stream, stream(input));
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  forget_expired(*its_group);
  auto from = number_in(input, "startTime").value_or(0);
  auto until = number_in(input, "endTime").value_or(kEver);
  // A token is "f/" or "b/" and the id of the event that reading goes on after, or before.
  auto token = text_in(input, "nextToken");
  if (!token.empty() && !token.starts_with("f/") && !token.starts_with("b/")) {
    return invalid("The specified nextToken is invalid.");
  }
  bool backward = token.starts_with("b/");
  std::uint64_t position = 0;
  if (token.size() > 2) std::from_chars(token.data() + 2, token.data() + token.size(), position);
  bool from_head = flag_in(input, "startFromHead") || (!token.empty() && !backward);

  std::vector<const LogEvent*> found;
  for (const auto& event : its_stream->events) {
    bool before = backward && event.id >= position;
    bool after = !token.empty() && !backward && event.id <= position;
    if (event.time >= from && event.time < until && !before && !after) found.push_back(&event);
  }
  if (auto most = limit_of(input); found.size() > most) {
    auto extra = static_cast<std::ptrdiff_t>(found.size() - most);
    found.erase(from_head ? found.end() - extra : found.begin(), from_head ? found.end() : found.begin() + extra);
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

base::Result<json::object> LogsService::filter_log_events(const json::object& input) {
  TRY(auto* its_group, group(text_in(input, "logGroupName")));
  forget_expired(*its_group);
  TRY(auto matches, parse_filter_pattern(text_in(input, "filterPattern")));
  auto listed = texts_in(input, "logStreamNames");
  std::set<std::string, std::less<>> names(listed.begin(), listed.end());
  auto prefix = text_in(input, "logStreamNamePrefix");
  if (!names.empty() && !prefix.empty()) {
    return invalid("You cannot specify both logStreamNames and logStreamNamePrefix.");
  }
  auto from = number_in(input, "startTime").value_or(0);
  auto until = number_in(input, "endTime").value_or(kEver);
  TRY(auto skip, position_of(text_in(input, "nextToken")));
  for (const auto& name : names) {
    if (its_group->streams.contains(name)) continue;
    return aws_error(400, "ResourceNotFoundException", "The specified log stream does not exist.");
  }

  std::vector<std::pair<const LogEvent*, std::string_view>> found;
  for (const auto& [name, one] : its_group->streams) {
    if ((!names.empty() && !names.contains(name)) || !name.starts_with(prefix)) continue;
    for (const auto& event : one.events) {
      if (event.time >= from && event.time <= until && matches(event.message)) found.emplace_back(&event, name);
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->time, a.first->id) < std::pair(b.first->time, b.first->id);
  });
  json::object output;
  json::array events;
  skip = std::min(skip, found.size());
  auto end = std::min(found.size(), skip + limit_of(input));
  if (end < found.size()) output["nextToken"] = std::to_string(end);
  for (std::size_t i = skip; i < end; ++i) {
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

}  // namespace localcloud
