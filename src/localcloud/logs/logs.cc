#include "localcloud/logs/logs.h"

#include <fmt/format.h>

#include "localcloud/local_clock.h"
#include "localcloud/logs/logs_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.1";

// The group's name in an ARN, "arn:aws:logs:R:A:log-group:NAME:*", or the name itself.
std::string group_name_of(std::string text) {
  constexpr std::string_view kMark = ":log-group:";
  if (auto at = text.find(kMark); at != std::string::npos) text.erase(0, at + kMark.size());
  if (text.ends_with(":*")) text.resize(text.size() - 2);
  return text;
}

}  // namespace

const std::map<std::string, LogsService::Operation, std::less<>>& LogsService::table() {
  using S = LogsService;
  static const std::map<std::string, Operation, std::less<>> kOperations{
      {"CreateLogGroup", {&S::create_log_group, {"logGroupName", "logGroupClass", "tags"}}},
      {"DeleteLogGroup", {&S::delete_log_group, {"logGroupName"}}},
      {"DescribeLogGroups",
       {&S::describe_log_groups, {"logGroupNamePrefix", "logGroupNamePattern", "logGroupClass", "limit", "nextToken"}}},
      {"CreateLogStream", {&S::create_log_stream, {"logGroupName", "logStreamName"}}},
      {"DeleteLogStream", {&S::delete_log_stream, {"logGroupName", "logStreamName"}}},
      {"DescribeLogStreams",
       {&S::describe_log_streams,
        {"logGroupName", "logGroupIdentifier", "logStreamNamePrefix", "orderBy", "descending", "limit", "nextToken"}}},
      {"PutRetentionPolicy", {&S::put_retention_policy, {"logGroupName", "retentionInDays"}}},
      {"DeleteRetentionPolicy", {&S::delete_retention_policy, {"logGroupName"}}},
      {"TagResource", {&S::tag, {"resourceArn", "tags"}}},
      {"UntagResource", {&S::untag, {"resourceArn", "tagKeys"}}},
      {"ListTagsForResource", {&S::list_tags, {"resourceArn"}}},
      {"TagLogGroup", {&S::tag, {"logGroupName", "tags"}}},
      {"UntagLogGroup", {&S::untag, {"logGroupName", "tags"}}},
      {"ListTagsLogGroup", {&S::list_tags, {"logGroupName"}}},
      // AWS no longer looks at the sequence token.
      {"PutLogEvents", {&S::put_log_events, {"logGroupName", "logStreamName", "logEvents", "sequenceToken"}}},
      {"GetLogEvents",
       {&S::get_log_events,
        {"logGroupName", "logGroupIdentifier", "logStreamName", "startTime", "endTime", "nextToken", "limit",
         "startFromHead"}}},
      // Nor at `interleaved`: it always is.
      {"FilterLogEvents",
       {&S::filter_log_events,
        {"logGroupName", "logGroupIdentifier", "logStreamNames", "logStreamNamePrefix", "startTime", "endTime",
         "filterPattern", "nextToken", "limit", "interleaved"}}},
      {"PutSubscriptionFilter",
       {&S::put_subscription_filter,
        {"logGroupName", "filterName", "filterPattern", "destinationArn", "distribution"}}},
      {"DescribeSubscriptionFilters",
       {&S::describe_subscription_filters, {"logGroupName", "filterNamePrefix", "limit", "nextToken"}}},
      {"DeleteSubscriptionFilter", {&S::delete_subscription_filter, {"logGroupName", "filterName"}}}};
  return kOperations;
}

std::vector<std::string> LogsService::operations() const {
  std::vector<std::string> names;
  for (const auto& [name, operation] : table()) names.push_back(name);
  return names;
}

awaitable<net::Response> LogsService::handle(Call call) {
  auto result = act(call);
  if (!result) co_return json_failure(call, result.error(), kVersion);
  co_return json_answer(call, json::value(std::move(*result)), kVersion);
}

base::Result<json::object> LogsService::act(const Call& call) {
  auto name = json_operation(call.request);
  auto operation = table().find(name);
  if (operation == table().end()) return base::fail(not_implemented("logs", name));
  TRY(auto input, json_input(call.request));
  TRY(known_members(input, "logs", name, operation->second.members));
  // Groups may be named by ARN instead.
  for (auto member : {"logGroupIdentifier", "resourceArn"}) {
    if (auto identifier = text_in(input, member); !identifier.empty())
      input["logGroupName"] = group_name_of(identifier);
  }
  auto group_name = text_in(input, "logGroupName");
  auto stream_name = text_in(input, "logStreamName");
  auto resource = arn_of(group_name.empty() ? "*" : group_name);
  resource += stream_name.empty() ? std::string(":*") : ":log-stream:" + stream_name;
  TRY(cloud_.iam->authorize(call.caller, "logs:" + name, resource));
  return (this->*operation->second.act)(input);
}

std::int64_t LogsService::now() const {
  return base::epoch_ms(cloud_.clock->now());
}

std::string LogsService::arn_of(std::string_view group) const {
  return fmt::format("arn:aws:logs:{}:{}:log-group:{}", cloud_.region, cloud_.account_id, group);
}

ResourceTypes LogsService::resource_types() {
  return logs_resource_types(*this);
}

std::unique_ptr<Logs> make_logs(Cloud& cloud) {
  return std::make_unique<LogsService>(cloud);
}

}  // namespace localcloud
