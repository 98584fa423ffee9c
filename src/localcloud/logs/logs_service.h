// The one implementation of Logs. Internal to logs/: dispatch (logs.cc), groups and streams (groups.cc), events
// (log_events.cc), subscriptions (subscriptions.cc), what CloudFormation makes of it (logs_resources.cc).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/logs/filter_pattern.h"
#include "localcloud/logs/logs.h"
#include "localcloud/wire.h"

namespace localcloud {

// What a nextToken says; 0 for none. Errors: InvalidParameterException 400.
base::Result<std::size_t> position_of(std::string_view token);

struct LogEvent {
  std::int64_t time = 0;  // milliseconds since the epoch
  std::int64_t ingested = 0;
  std::string message;
  std::uint64_t id = 0;
};

struct LogStream {
  std::int64_t created = 0;
  std::vector<LogEvent> events;  // as they came; the last 10,000
};

struct LogSubscription {
  std::string name;
  std::string pattern;
  std::string function;  // ARN
  std::int64_t created = 0;
  LogMatcher matches;
};

struct LogGroup {
  std::int64_t created = 0;
  std::optional<std::int64_t> retention_days = {};
  std::map<std::string, std::string> tags = {};
  std::map<std::string, LogStream, std::less<>> streams = {};
  std::vector<LogSubscription> subscriptions = {};  // at most two
};

class LogsService final : public Logs {
 public:
  explicit LogsService(Cloud& cloud) : cloud_(cloud) {}

  void append(std::string_view group, std::string_view stream, std::string_view line) override;
  awaitable<net::Response> handle(Call call) override;
  std::vector<std::string> operations() const override;
  ResourceTypes resource_types() override;

  // --- The state, for the resource types. Errors: ResourceNotFoundException, ResourceAlreadyExistsException,
  // InvalidParameterException 400, LimitExceededException 400.

  base::Result<LogGroup*> create_group(const std::string& name);
  base::Result<LogGroup*> group(const std::string& name);
  void delete_group(const std::string& name) { groups_.erase(name); }
  base::Result<> create_stream(const std::string& group, const std::string& stream);
  base::Result<> set_retention(LogGroup& group, std::int64_t days);
  // Makes it or changes the one of that name.
  base::Result<> subscribe(const std::string& group, LogSubscription subscription);
  base::Result<> unsubscribe(const std::string& group, std::string_view name);
  std::string arn_of(std::string_view group) const;

 private:
  struct Operation {
    base::Result<json::object> (LogsService::*act)(const json::object&);
    std::set<std::string_view> members;  // of the input, that work
  };
  static const std::map<std::string, Operation, std::less<>>& table();
  base::Result<json::object> act(const Call& call);

  std::int64_t now() const;
  void add(LogGroup& group, std::string_view group_name, std::string_view stream_name, LogEvent event);
  base::Result<LogStream*> stream(const json::object& input);
  base::Result<LogGroup*> tagged_group(const json::object& input);

  base::Result<json::object> create_log_group(const json::object& input);
  base::Result<json::object> delete_log_group(const json::object& input);
  base::Result<json::object> describe_log_groups(const json::object& input);
  base::Result<json::object> create_log_stream(const json::object& input);
  base::Result<json::object> delete_log_stream(const json::object& input);
  base::Result<json::object> describe_log_streams(const json::object& input);
  base::Result<json::object> put_retention_policy(const json::object& input);
  base::Result<json::object> delete_retention_policy(const json::object& input);
  base::Result<json::object> tag(const json::object& input);
  base::Result<json::object> untag(const json::object& input);
  base::Result<json::object> list_tags(const json::object& input);

  base::Result<json::object> put_log_events(const json::object& input);
  base::Result<json::object> get_log_events(const json::object& input);
  base::Result<json::object> filter_log_events(const json::object& input);
  void forget_expired(LogGroup& group) const;

  base::Result<json::object> put_subscription_filter(const json::object& input);
  base::Result<json::object> describe_subscription_filters(const json::object& input);
  base::Result<json::object> delete_subscription_filter(const json::object& input);
  void notify(const LogGroup& group, std::string_view group_name, std::string_view stream_name, const LogEvent& event);
  awaitable<void> deliver_batches();

  // Events on their way to a function: what was written in one turn of the loop goes as one batch.
  struct Batch {
    std::string group, stream, filter, function;
    json::array events;
  };

  Cloud& cloud_;
  std::map<std::string, LogGroup, std::less<>> groups_;
  std::uint64_t last_id_ = 0;
  std::vector<Batch> batches_;
};

// `limit` (at most 50) of the items from where nextToken says on; the token of the rest is put into `output`. Errors:
// InvalidParameterException.
template <typename Item>
base::Result<std::vector<Item>> page_of(std::vector<Item> all, const json::object& input, json::object& output) {
  constexpr std::int64_t kMost = 50;
  TRY(auto begin, position_of(text_in(input, "nextToken")));
  auto limit = static_cast<std::size_t>(std::clamp<std::int64_t>(number_in(input, "limit").value_or(kMost), 1, kMost));
  begin = std::min(begin, all.size());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin));
  if (all.size() > limit) {
    all.resize(limit);
    output["nextToken"] = std::to_string(begin + limit);
  }
  return all;
}

ResourceTypes logs_resource_types(LogsService& logs);

}  // namespace localcloud
