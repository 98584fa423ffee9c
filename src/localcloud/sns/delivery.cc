// The way of a message to one subscriber: attempts, retries on the local clock, and the dead-letter queue (SNS
// developer guide, "Amazon SNS message delivery retries" and "dead-letter queues").
#include "localcloud/delivery.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "localcloud/local_clock.h"
#include "localcloud/sns/sns_service.h"
#include "localcloud/sqs/sqs.h"
#include "net/tls.h"

namespace localcloud {

namespace {

// What another attempt may mend: the subscriber was not reached, was too busy, or failed itself. Whatever else it
// answers is final.
bool may_pass(const base::Error& error) {
  return error.kind == base::ErrorKind::connect || error.kind == base::ErrorKind::transport || error.status == 429 ||
         error.status >= 500;
}

OnBehalfOf for_topic(const std::string& topic_arn) {
  return {.service = "sns.amazonaws.com", .source_arn = topic_arn};
}

}  // namespace

SnsService::Shipment SnsService::shipment(const Topic& its_topic, const Subscription& to) const {
  Shipment made{.to = to, .retries = service_retries()};
  if (!to.is_http()) return made;
  auto policy = effective_delivery_policy(its_topic.settings, &to.settings);
  made.retries = policy.retries;
  made.headers.add("Content-Type", policy.content_type);
  made.headers.add("User-Agent", "Amazon Simple Notification Service Agent");
  made.headers.add("x-amz-sns-topic-arn", its_topic.arn);
  return made;
}

void SnsService::ship(const Topic& its_topic, const Subscription& to, const Message& message) {
  auto made = shipment(its_topic, to);
  if (to.is_http()) {
    made.headers.add("x-amz-sns-message-type", "Notification");
    made.headers.add("x-amz-sns-message-id", message.id);
    made.headers.add("x-amz-sns-subscription-arn", to.arn);
    if (to.settings.raw) made.headers.add("x-amz-sns-rawdelivery", "true");
  }
  if (to.protocol == "lambda") {
    made.body = codec::to_text(lambda_event(message, to.arn, cloud_.endpoint));
  } else if (to.settings.raw) {
    made.body = message.text_for(to.protocol);
    made.queue_attributes = queue_attributes(message.attributes);
  } else {
    made.body = codec::to_text(notification(message, to.protocol, to.arn, cloud_.endpoint));
  }
  cloud_.tasks->spawn(deliver(std::move(made)));
}

void SnsService::ship_confirmation(const Topic& its_topic, const Subscription& to, std::string_view type) {
  Confirmation confirmation{.type = type,
                            .id = base::random_uuid(),
                            .topic_arn = to.topic_arn,
                            .subscription_arn = to.arn,
                            .token = to.token,
                            .time = cloud_.clock->now()};
  auto made = shipment(its_topic, to);
  made.to.settings.dead_letter_arn.clear();
  made.headers.add("x-amz-sns-message-type", std::string(type));
  made.headers.add("x-amz-sns-message-id", confirmation.id);
  made.body = codec::to_text(confirmation_body(confirmation, cloud_.endpoint));
  cloud_.tasks->spawn(deliver(std::move(made)));
}

awaitable<void> SnsService::deliver(Shipment made) {
  const auto& to = made.to;
  base::Result<> result;
  for (std::int64_t retry = 0;; ++retry) {
    result = co_await attempt(made);
    if (result) co_return;
    // As in AWS the publisher does not learn of it.
    base::log_warn("sns: {} of {} was not delivered: {}", to.endpoint, to.topic_arn, result.error().message);
    auto delay = may_pass(result.error()) ? made.retries.delay_before(retry) : std::nullopt;
    if (!delay) break;
    co_await cloud_.clock->sleep_for(*delay);
    if (!subscription(to.arn)) co_return;
  }
  if (to.settings.dead_letter_arn.empty()) co_return;
  auto kept = cloud_.sqs->send(for_topic(to.topic_arn), to.settings.dead_letter_arn, std::move(made.body),
                               std::move(made.queue_attributes));
  if (!kept) base::log_warn("sns: {} takes no dead letter: {}", to.settings.dead_letter_arn, kept.error().message);
}

awaitable<base::Result<>> SnsService::attempt(Shipment made) {
  if (made.to.is_http()) co_return co_await post(std::move(made));
  auto sender = for_topic(made.to.topic_arn);
  if (made.to.protocol == "sqs") {
    auto sent = cloud_.sqs->send(sender, made.to.endpoint, std::move(made.body), std::move(made.queue_attributes));
    if (!sent) co_return base::fail(sent.error());
    co_return base::Result<>();
  }
  co_return co_await localcloud::deliver(
      cloud_, {.target_arn = made.to.endpoint, .payload = std::move(made.body), .sender = std::move(sender)});
}

awaitable<base::Result<>> SnsService::post(Shipment made) {
  constexpr auto kTimeout = std::chrono::seconds(15);
  CO_TRY(auto url, net::parse_url(made.to.endpoint));
  if (!http_) {
    CO_TRY(auto tls, net::make_client_tls(cloud_.ca_pem, false));
    http_ = net::make_http_client(cloud_.executor, std::move(tls));
  }
  net::Request request{
      .method = "POST", .target = "/", .headers = std::move(made.headers), .body = std::move(made.body)};
  net::SendOptions options{.connect_timeout = kTimeout, .timeout = kTimeout};
  auto client = http_;
  CO_TRY(auto response, co_await client->send(std::move(url), std::move(request), options));
  if (response.status >= 200 && response.status < 300) co_return base::Result<>();
  co_return aws_error(response.status, "EndpointError",
                      fmt::format("{} answered {}", made.to.endpoint, response.status));
}

}  // namespace localcloud
