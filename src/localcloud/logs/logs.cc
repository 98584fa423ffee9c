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
  static const std::map<std::string, Operation, std::less<>> kOperations{
      {"CreateLogGroup", &LogsService::create_log_group},
      {"DeleteLogGroup", &LogsService::delete_log_group},
      {"DescribeLogGroups", &LogsService::describe_log_groups},
      {"CreateLogStream", &LogsService::create_log_stream},
      {"DeleteLogStream", &LogsService::delete_log_stream},
      {"DescribeLogStreams", &LogsService::describe_log_streams},
      {"PutRetentionPolicy", &LogsService::put_retention_policy},
      {"DeleteRetentionPolicy", &LogsService::delete_retention_policy},
      {"TagResource", &LogsService::tag},
      {"UntagResource", &LogsService::untag},
      {"ListTagsForResource", &LogsService::list_tags},
      {"TagLogGroup", &LogsService::tag},
      {"UntagLogGroup", &LogsService::untag},
      {"ListTagsLogGroup", &LogsService::list_tags},
      {"PutLogEvents", &LogsService::put_log_events},
      {"GetLogEvents", &LogsService::get_log_events},
      {"FilterLogEvents", &LogsService::filter_log_events},
      {"PutSubscriptionFilter", &LogsService::put_subscription_filter},
      {"DescribeSubscriptionFilters", &LogsService::describe_subscription_filters},
      {"DeleteSubscriptionFilter", &LogsService::delete_subscription_filter}};
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
  return (this->*operation->second)(input);
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
