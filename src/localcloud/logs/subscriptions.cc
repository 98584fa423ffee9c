// Subscription filters: what matches is handed to a Lambda function, packed as the CloudWatch Logs user guide says in
// "Log group-level subscription filters". Other destinations are refused by name.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.h"
#include "base/task_group.h"
#include "codec/base64.h"
#include "codec/gzip.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/log_failure.h"
#include "localcloud/logs/logs_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kService = "logs.amazonaws.com";

std::string packed(const json::object& message) {
  return codec::to_text(
      json::object{{"awslogs", json::object{{"data", codec::base64_encode(codec::gzip(codec::to_text(message)))}}}});
}

}  // namespace

base::Result<> LogsService::subscribe(const std::string& group_name, LogSubscription subscription) {
  TRY(auto* its_group, group(group_name));
  if (subscription.name.empty() || subscription.name.find_first_of(":*") != std::string::npos) {
    return aws_error(400, "InvalidParameterException",
                     fmt::format("1 validation error detected: Value '{}' at 'filterName' failed to satisfy "
                                 "constraint: Member must satisfy regular expression pattern: [^:*]*",
                                 subscription.name));
  }
  if (subscription.function.find(":lambda:") == std::string::npos) {
    return base::fail(not_implemented("logs", "PutSubscriptionFilter with the destination " + subscription.function));
  }
  TRY(subscription.matches, parse_filter_pattern(subscription.pattern));
  if (!cloud_.lambda->permits(subscription.function, kService, arn_of(group_name) + ":*")) {
    return aws_error(400, "InvalidParameterException",
                     "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to "
                     "execute your function.");
  }
  auto& all = its_group->subscriptions;
  auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == subscription.name; });
  constexpr std::size_t kMost = 2;
  if (same == all.end() && all.size() >= kMost) {
    return aws_error(400, "LimitExceededException", "Resource limit exceeded.");
  }
  subscription.created = now();
  if (same == all.end()) {
    all.push_back(std::move(subscription));
  } else {
    *same = std::move(subscription);
  }
  return {};
}

base::Result<> LogsService::unsubscribe(const std::string& group_name, std::string_view name) {
  TRY(auto* its_group, group(group_name));
  if (std::erase_if(its_group->subscriptions, [&](const auto& one) { return one.name == name; }) == 0) {
    return aws_error(400, "ResourceNotFoundException", "The specified subscription filter does not exist.");
  }
  return {};
}

base::Result<json::object> LogsService::put_subscription_filter(const json::object& input) {
  // It says how events are spread over a Kinesis stream's shards.
  if (auto spread = text_in(input, "distribution"); !spread.empty() && spread != "ByLogStream") {
    return base::fail(not_implemented("logs", "PutSubscriptionFilter with the distribution " + spread));
  }
  TRY(subscribe(text_in(input, "logGroupName"), {.name = text_in(input, "filterName"),
                                                 .pattern = text_in(input, "filterPattern"),
                                                 .function = text_in(input, "destinationArn"),
                                                 .matches = {}}));
  return json::object();
}

base::Result<json::object> LogsService::describe_subscription_filters(const json::object& input) {
  auto name = text_in(input, "logGroupName");
  TRY(auto* its_group, group(name));
  std::vector<const LogSubscription*> subscriptions;
  for (const auto& one : its_group->subscriptions) {
    if (one.name.starts_with(text_in(input, "filterNamePrefix"))) subscriptions.push_back(&one);
  }
  json::object output;
  TRY(auto page, page_of(std::move(subscriptions), input, output));
  json::array list;
  for (const auto* one : page) {
    list.emplace_back(json::object{{"filterName", one->name},
                                   {"logGroupName", name},
                                   {"filterPattern", one->pattern},
                                   {"destinationArn", one->function},
                                   {"distribution", "ByLogStream"},
                                   {"creationTime", one->created}});
  }
  output["subscriptionFilters"] = std::move(list);
  return output;
}

base::Result<json::object> LogsService::delete_subscription_filter(const json::object& input) {
  TRY(unsubscribe(text_in(input, "logGroupName"), text_in(input, "filterName")));
  return json::object();
}

void LogsService::notify(const LogGroup& its_group, std::string_view group_name, std::string_view stream_name,
                         const LogEvent& event) {
  bool first = batches_.empty();
  for (const auto& one : its_group.subscriptions) {
    if (!one.matches(event.message)) continue;
    auto same = std::find_if(batches_.begin(), batches_.end(), [&](const Batch& batch) {
      return batch.group == group_name && batch.stream == stream_name && batch.filter == one.name;
    });
    if (same == batches_.end()) {
      batches_.push_back({.group = std::string(group_name),
                          .stream = std::string(stream_name),
                          .filter = one.name,
                          .function = one.function});
      same = batches_.end() - 1;
    }
    same->events.emplace_back(
        json::object{{"id", std::to_string(event.id)}, {"timestamp", event.time}, {"message", event.message}});
  }
  if (first && !batches_.empty())
    cloud_.tasks->spawn(log_failure("logs: a subscription's delivery", deliver_batches()));
}

awaitable<void> LogsService::deliver_batches() {
  // Whoever writes now may write more before the loop turns.
  co_await boost::asio::post(cloud_.executor, boost::asio::use_awaitable);
  auto batches = std::exchange(batches_, {});
  for (auto& batch : batches) {
    json::object message{{"messageType", "DATA_MESSAGE"},
                         {"owner", cloud_.account_id},
                         {"logGroup", batch.group},
                         {"logStream", batch.stream},
                         {"subscriptionFilters", json::array{batch.filter}},
                         {"logEvents", std::move(batch.events)}};
    auto delivered = co_await deliver(
        cloud_, {.target_arn = batch.function,
                 .payload = packed(message),
                 .sender = {.service = std::string(kService), .source_arn = arn_of(batch.group) + ":*"}});
    if (!delivered)
      base::log_warn("logs: {} was not told of {}: {}", batch.function, batch.group, delivered.error().message);
  }
}

}  // namespace localcloud
