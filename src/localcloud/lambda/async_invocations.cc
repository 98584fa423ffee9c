#include "localcloud/lambda/async_invocations.h"

#include <fmt/format.h>

#include "base/log.h"
#include "localcloud/iam/iam.h"
#include "localcloud/local_clock.h"
#include "localcloud/log_failure.h"

namespace localcloud {

namespace {

constexpr int kRetries = 2;                                   // invocation-async-error-handling
constexpr base::Millis kMaxEventAge = std::chrono::hours(6);  // invocation-async-configuring
constexpr base::Millis kFirstBackoff = std::chrono::seconds(1);
constexpr base::Millis kMaxBackoff = std::chrono::minutes(5);

json::object text_attribute(std::string_view type, std::string_view value) {
  return {{"DataType", type}, {"StringValue", value}};
}

}  // namespace

struct AsyncInvocations::Event {
  InvokeInput input;
  std::string request_id;
  base::WallTime accepted;
  std::string function;   // its name
  std::string qualifier;  // "$LATEST" if the caller said none
  int invocations = 0;
  int failures = 0;  // of the function
  base::Millis backoff = kFirstBackoff;
  std::optional<FunctionAnswer> answer = {};  // the last
  base::Error refusal = {};                   // of Lambda itself, the last

  // How long to wait after what the last attempt brought; nullopt: it succeeded.
  std::optional<base::Millis> take(base::Result<InvokeOutput> output) {
    if (!output) {
      refusal = output.error();
      auto pause = backoff;
      backoff = std::min(backoff * 2, kMaxBackoff);
      return pause;
    }
    ++invocations;
    answer = FunctionAnswer{.executed_version = std::move(output->version),
                            .payload = std::move(output->payload),
                            .function_error = std::move(output->function_error)};
    if (answer->function_error.empty()) return std::nullopt;
    return std::chrono::minutes(++failures);
  }
};

void AsyncInvocations::accept(InvokeInput input, std::string request_id) {
  auto reference = parse_function_reference(input.function);
  auto event = std::make_shared<Event>(Event{.input = std::move(input),
                                             .request_id = std::move(request_id),
                                             .accepted = cloud_.clock->now(),
                                             .function = reference.name,
                                             .qualifier = reference.qualifier});
  if (event->qualifier.empty()) event->qualifier = "$LATEST";
  cloud_.tasks->spawn(log_failure("lambda: an asynchronous invocation", process(std::move(event))));
}

awaitable<void> AsyncInvocations::process(std::shared_ptr<Event> event) {
  for (;;) {
    auto version = functions_.version_of(event->input.function);
    if (!version) co_return;  // deleted meanwhile
    if (functions_.never_runs(event->function)) {
      co_await finish(event, *version, "ZeroReservedConcurrency");
      co_return;
    }
    auto pause = event->take(co_await functions_.run_event(*version, event->input, event->request_id));
    const auto& config = config_of(*event);
    if (!pause || event->failures > config.maximum_retry_attempts.value_or(kRetries)) {
      co_await finish(event, *version, pause ? "RetriesExhausted" : "Success");
      co_return;
    }
    base::Millis age = kMaxEventAge;
    if (auto seconds = config.maximum_event_age_in_seconds) age = std::chrono::seconds(*seconds);
    auto expires = event->accepted + age;
    if (cloud_.clock->now() + *pause > expires) {
      co_await cloud_.clock->sleep_until(expires);
      co_await finish(event, *version, "EventAgeExceeded");
      co_return;
    }
    co_await cloud_.clock->sleep_for(*pause);
  }
}

const EventInvokeConfig& AsyncInvocations::config_of(const Event& event) const {
  static const EventInvokeConfig kDefault;
  const auto* config = configs_.find(event.function, event.qualifier);
  return config != nullptr ? *config : kDefault;
}

awaitable<void> AsyncInvocations::finish(std::shared_ptr<Event> event, std::shared_ptr<const FunctionVersion> version,
                                         std::string condition) {
  bool succeeded = condition == "Success";
  const auto& config = config_of(*event);
  if (std::string target = succeeded ? config.on_success : config.on_failure; !target.empty()) {
    InvocationRecord record{.time = cloud_.clock->now(),
                            .request_id = event->request_id,
                            .function_arn = arn_of(event->function, event->qualifier),
                            .condition = condition,
                            .invocations = event->invocations,
                            .request_payload = event->input.payload,
                            .answer = event->answer};
    bool bus = service_of_arn(target) == "events";
    auto payload = bus ? bus_event_text(record, target) : record_text(record);
    co_await send(version, {.target_arn = std::move(target), .payload = std::move(payload), .sender = {}});
  }
  if (succeeded || version->dead_letter_arn.empty()) co_return;
  std::string message = "Function not invoked. Function is configured with zero reserved concurrent executions";
  std::string code = "429";
  if (event->answer) {
    message = error_message_of(event->answer->payload);
    code = "200";
  } else if (!event->refusal.message.empty()) {
    message = event->refusal.message;
    code = std::to_string(event->refusal.status);
  }
  json::object attributes{{"RequestID", text_attribute("String", event->request_id)},
                          {"ErrorCode", text_attribute("Number", code)}};
  if (!message.empty()) attributes["ErrorMessage"] = text_attribute("String", message);
  co_await send(version, {.target_arn = version->dead_letter_arn,
                          .payload = event->input.payload,
                          .sender = {},
                          .message_attributes = std::move(attributes)});
}

// As the function's role.
awaitable<void> AsyncInvocations::send(std::shared_ptr<const FunctionVersion> version, Delivery delivery) {
  auto target = delivery.target_arn;
  auto role = principal_of_role(cloud_, version->role, "lambda.amazonaws.com", version->name);
  if (!role) {
    base::log_warn("lambda: {}: nothing was sent to {}: {}", version->name, target, role.error().message);
    co_return;
  }
  delivery.sender.caller = std::move(*role);
  auto sent = co_await deliver(cloud_, std::move(delivery));
  if (!sent) base::log_warn("lambda: {}: nothing was sent to {}: {}", version->name, target, sent.error().message);
}

std::string AsyncInvocations::arn_of(std::string_view function, std::string_view qualifier) const {
  return fmt::format("arn:aws:lambda:{}:{}:function:{}:{}", cloud_.region, cloud_.account_id, function, qualifier);
}

base::Result<> AsyncInvocations::check_dead_letter(Cloud& cloud, std::string_view target_arn,
                                                   std::string_view role_arn) {
  auto service = service_of_arn(target_arn);
  if (service != "sqs" && service != "sns") {
    return aws_error(400, "InvalidParameterValueException",
                     fmt::format("The provided target arn {} is invalid. Only SQS queues and SNS topics are supported "
                                 "as dead-letter targets.",
                                 target_arn));
  }
  auto role = principal_of_role(cloud, role_arn, "lambda.amazonaws.com", "dead-letter");
  if (role && cloud.iam->authorize(*role, delivery_action(target_arn), target_arn)) return {};
  return aws_error(400, "InvalidParameterValueException",
                   service == "sqs" ? "The provided execution role does not have permissions to call SendMessage on SQS"
                                    : "The provided execution role does not have permissions to call Publish on SNS");
}

}  // namespace localcloud
