#include "localcloud/delivery.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/events/events.h"
#include "localcloud/iam/iam.h"
#include "localcloud/iam/policy.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sqs/sqs.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

base::Result<> may_invoke(Cloud& cloud, const Delivery& delivery) {
  const auto& target = delivery.target_arn;
  const auto& sender = delivery.sender;
  if (sender.service.empty()) return cloud.iam->authorize(sender.caller, "lambda:InvokeFunction", target);
  TRY(cloud.lambda->facts(target));  // a function that is gone has no policy to refuse it
  if (cloud.lambda->permits(target, sender.service, sender.source_arn)) return {};
  return aws_error(403, "AccessDeniedException",
                   fmt::format("{} does not allow {} to invoke it for {}", target, sender.service, sender.source_arn));
}

// A bus takes events of the account's own principals (PutEvents); what services say about their resources they put on
// the default bus themselves (Events::put).
base::Result<> put_event(Cloud& cloud, const Delivery& delivery) {
  if (!delivery.sender.service.empty()) {
    return aws_error(403, "AccessDeniedException",
                     fmt::format("{} needs a role to put events on {}", delivery.sender.service, delivery.target_arn));
  }
  TRY(cloud.iam->authorize(delivery.sender.caller, "events:PutEvents", delivery.target_arn));
  TRY(auto event, codec::parse_json(delivery.payload));
  if (!event.is_object()) return aws_error(400, "ValidationException", "An event must be a JSON object");
  return cloud.events->put(delivery.target_arn, std::move(event.get_object()));
}

}  // namespace

awaitable<base::Result<>> deliver(Cloud& cloud, Delivery delivery) {
  auto service = service_of_arn(delivery.target_arn);
  if (service == "lambda") {
    CO_TRY(may_invoke(cloud, delivery));
    auto accepted = co_await cloud.lambda->invoke(
        {.function = delivery.target_arn, .payload = std::move(delivery.payload), .type = InvocationType::event});
    if (!accepted) co_return base::fail(accepted.error());
    co_return base::Result<>();
  }
  if (service == "sqs") {
    auto sent = cloud.sqs->send(delivery.sender, delivery.target_arn, std::move(delivery.payload),
                                std::move(delivery.message_attributes));
    if (!sent) co_return base::fail(sent.error());
    co_return base::Result<>();
  }
  if (service == "sns") {
    co_return cloud.sns->publish(delivery.sender, delivery.target_arn, std::move(delivery.payload),
                                 std::move(delivery.message_attributes));
  }
  if (service == "events") co_return put_event(cloud, delivery);
  co_return base::fail(not_implemented(service, fmt::format("deliveries to {}", delivery.target_arn)));
}

base::Result<Principal> principal_of_role(Cloud& cloud, std::string_view role_arn, std::string_view service,
                                          std::string_view session_name) {
  return cloud.iam->principal_for_service(role_arn, service, session_name);
}

bool lets_service_in(const Cloud& cloud, const json::value& policy, const OnBehalfOf& sender, std::string_view action,
                     std::string_view resource) {
  PolicyQuestion question{.action = std::string(action),
                          .resource = std::string(resource),
                          .context = {{"aws:SourceArn", sender.source_arn}, {"aws:SourceAccount", cloud.account_id}},
                          .principal_kind = "Service",
                          .principals = {sender.service}};
  return evaluate(policy, question, true) == Decision::allow;
}

std::string_view service_of_arn(std::string_view arn) {
  if (!arn.starts_with("arn:")) return {};
  auto begin = arn.find(':', 4);
  if (begin == std::string_view::npos) return {};
  auto end = arn.find(':', begin + 1);
  return arn.substr(begin + 1, end == std::string_view::npos ? end : end - begin - 1);
}

std::string_view delivery_action(std::string_view target_arn) {
  auto service = service_of_arn(target_arn);
  if (service == "lambda") return "lambda:InvokeFunction";
  if (service == "sqs") return "sqs:SendMessage";
  if (service == "sns") return "sns:Publish";
  if (service == "events") return "events:PutEvents";
  return {};
}

}  // namespace localcloud
