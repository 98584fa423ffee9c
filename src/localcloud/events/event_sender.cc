#include "localcloud/events/event_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"
#include "localcloud/logs/logs.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::int64_t kMostRetries = 185;
constexpr std::int64_t kLeastAge = 60;
constexpr std::int64_t kMostAge = 86'400;

bool is_retried(const base::Error& error) {
  return error.status == 429 || (error.status >= 500 && error.status != 501) ||
         error.code.find("Throttl") != std::string::npos;
}

// AWS's names for what went wrong ("ERROR_CODE" of a dead letter).
std::string_view error_code(const base::Error& error) {
  if (error.status == 403 || error.code.find("AccessDenied") != std::string::npos) return "NO_PERMISSIONS";
  if (error.status == 404 || error.code.find("NonExistent") != std::string::npos ||
      error.code.find("NotFound") != std::string::npos || error.code.find("NoSuch") != std::string::npos) {
    return "NO_RESOURCE";
  }
  return error.status == 429 ? "THROTTLING" : "SDK_CLIENT_ERROR";
}

// Doubles from a second to eight minutes: 185 attempts then take the 24 hours that AWS gives them.
base::Millis pause_before(int retry) {
  constexpr int kDoublings = 9;
  constexpr std::chrono::minutes kLongest(8);
  return std::min<base::Millis>(std::chrono::seconds(1 << std::min(retry, kDoublings)), kLongest);
}

// A group's name in "arn:aws:logs:R:A:log-group:NAME:*".
std::string log_group(std::string_view arn) {
  constexpr std::string_view kGroup = ":log-group:";
  auto at = arn.find(kGroup);
  if (at == std::string_view::npos) return {};
  auto name = arn.substr(at + kGroup.size());
  return std::string(name.ends_with(":*") ? name.substr(0, name.size() - 2) : name);
}

}  // namespace

base::Result<> check_retries(const json::object& target) {
  const auto& policy = object_in(target, "RetryPolicy");
  TRY(known_members(policy, "events", "RetryPolicy", {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}));
  TRY(known_members(object_in(target, "DeadLetterConfig"), "events", "DeadLetterConfig", {"Arn"}));
  auto retries = number_in(policy, "MaximumRetryAttempts").value_or(kMostRetries);
  auto age = number_in(policy, "MaximumEventAgeInSeconds").value_or(kMostAge);
  if (retries < 0 || retries > kMostRetries || age < kLeastAge || age > kMostAge) {
    return aws_error(400, "ValidationException",
                     fmt::format("RetryPolicy must have 0 to {} attempts and an age of {} to {} seconds.", kMostRetries,
                                 kLeastAge, kMostAge));
  }
  auto queue = text_in(object_in(target, "DeadLetterConfig"), "Arn");
  if (queue.empty() || service_of_arn(queue) == "sqs") return {};
  return aws_error(400, "ValidationException", fmt::format("Dead-letter queue {} is not an SQS queue.", queue));
}

void set_retries(EventDelivery& delivery, const json::object& target) {
  const auto& policy = object_in(target, "RetryPolicy");
  delivery.most_retries = static_cast<int>(number_in(policy, "MaximumRetryAttempts").value_or(kMostRetries));
  delivery.most_age = std::chrono::seconds(number_in(policy, "MaximumEventAgeInSeconds").value_or(kMostAge));
  delivery.dead_letter_arn = text_in(object_in(target, "DeadLetterConfig"), "Arn");
}

awaitable<void> EventSender::send(EventDelivery delivery) {
  // Never within the call that has the event: buses that hand events on to each other would call without end.
  co_await boost::asio::post(boost::asio::use_awaitable);
  auto begin = cloud_.clock->now();
  for (int retries = 0;; ++retries) {
    auto sent = co_await send_once(delivery);
    if (sent) co_return;
    auto pause = pause_before(retries);
    std::string exhausted;
    if (retries >= delivery.most_retries) exhausted = "MaximumRetryAttempts";
    if (cloud_.clock->now() + pause - begin > delivery.most_age) exhausted = "MaximumEventAgeInSeconds";
    if (!is_retried(sent.error()) || !exhausted.empty()) {
      co_await bury(std::move(delivery), sent.error(), retries, std::move(exhausted));
      co_return;
    }
    co_await cloud_.clock->sleep_for(pause);
  }
}

base::Result<OnBehalfOf> EventSender::sender_of(const EventDelivery& delivery, bool by_role) {
  if (!by_role) return OnBehalfOf{.service = delivery.service, .source_arn = delivery.source_arn, .caller = {}};
  TRY(auto caller, principal_of_role(cloud_, delivery.role_arn, delivery.service, base::random_uuid()));
  return OnBehalfOf{.service = {}, .source_arn = {}, .caller = std::move(caller)};
}

awaitable<base::Result<>> EventSender::send_once(EventDelivery delivery) {
  CO_TRY(auto sender, sender_of(delivery, !delivery.role_arn.empty()));
  auto service = service_of_arn(delivery.target_arn);
  if (service == "events") {
    if (!sender.service.empty()) {
      co_return aws_error(403, "AccessDeniedException", fmt::format("{} needs a role", delivery.target_arn));
    }
    CO_TRY(cloud_.iam->authorize(sender.caller, "events:PutEvents", delivery.target_arn));
    co_return forward_(delivery.target_arn, delivery.bus_event);
  }
  if (service == "logs") {
    cloud_.logs->append(log_group(delivery.target_arn), base::random_uuid(), delivery.payload);
    co_return base::Result<>();
  }
  co_return co_await deliver(
      cloud_, {.target_arn = delivery.target_arn, .payload = std::move(delivery.payload), .sender = std::move(sender)});
}

awaitable<void> EventSender::bury(EventDelivery delivery, base::Error error, int retries, std::string exhausted) {
  base::log_warn("{} could not be delivered to {}: {}", delivery.source_arn, delivery.target_arn, error.message);
  if (delivery.dead_letter_arn.empty()) co_return;
  auto attributes = std::move(delivery.dead_attributes);
  auto add = [&](std::string_view name, std::string_view value) {
    attributes[name] = json::object{{"DataType", "String"}, {"StringValue", value}};
  };
  add("TARGET_ARN", delivery.target_arn);
  add("ERROR_CODE", error_code(error));
  add("ERROR_MESSAGE", error.message);
  add("RETRY_ATTEMPTS", std::to_string(retries));
  if (!exhausted.empty()) add("EXHAUSTED_RETRY_CONDITION", exhausted);
  auto sender = sender_of(delivery, delivery.bury_by_role);
  auto buried = !sender ? base::Result<>(base::fail(sender.error()))
                        : co_await deliver(cloud_, {.target_arn = delivery.dead_letter_arn,
                                                    .payload = std::move(delivery.undelivered),
                                                    .sender = std::move(*sender),
                                                    .message_attributes = std::move(attributes)});
  if (buried) co_return;
  base::log_warn("the dead-letter queue {} did not take an event: {}", delivery.dead_letter_arn,
                 buried.error().message);
}

}  // namespace localcloud
