#include "localcloud/delivery.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/events/events.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sqs/sqs.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

// "sqs" of "arn:aws:sqs:us-east-1:123456789012:queue".
std::string_view service_of(std::string_view arn) {
  if (!arn.starts_with("arn:")) return {};
  auto begin = arn.find(':', 4);
  if (begin == std::string_view::npos) return {};
  auto end = arn.find(':', begin + 1);
  return arn.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
}

base::Result<> may_invoke(Cloud& cloud, const Delivery& delivery) {
  const auto& [target, payload, sender] = delivery;
  if (sender.service.empty()) return cloud.iam->authorize(sender.caller, "lambda:InvokeFunction", target);
  if (cloud.lambda->permits(target, sender.service, sender.source_arn)) return {};
  return aws_error(403, "AccessDeniedException",
                   fmt::format("{} does not allow {} to invoke it for {}", target, sender.service, sender.source_arn));
}

}  // namespace

awaitable<base::Result<>> deliver(Cloud& cloud, Delivery delivery) {
  auto service = service_of(delivery.target_arn);
  if (service == "lambda") {
    CO_TRY(may_invoke(cloud, delivery));
    auto accepted = co_await cloud.lambda->invoke(
        {.function = delivery.target_arn, .payload = std::move(delivery.payload), .type = InvocationType::event});
    if (!accepted) co_return base::fail(accepted.error());
    co_return base::Result<>();
  }
  if (service == "sqs") {
    auto sent = cloud.sqs->send(delivery.sender, delivery.target_arn, std::move(delivery.payload));
    if (!sent) co_return base::fail(sent.error());
    co_return base::Result<>();
  }
  if (service == "sns") {
    co_return cloud.sns->publish(delivery.sender, delivery.target_arn, std::move(delivery.payload));
  }
  if (service == "events") {
    CO_TRY(auto event, codec::parse_json(delivery.payload));
    if (!event.is_object()) co_return aws_error(400, "ValidationException", "An event must be a JSON object");
    co_return cloud.events->put(delivery.target_arn, std::move(event.get_object()));
  }
  co_return base::fail(not_implemented(service, fmt::format("deliveries to {}", delivery.target_arn)));
}

}  // namespace localcloud
