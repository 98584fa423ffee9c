// Publish: what a message is, and its way to the subscribed functions.
#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "base/task_group.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"
#include "localcloud/sns/sns_service.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestMessage = 256 * 1024;

tl::unexpected<base::Error> invalid(std::string_view what) {
  return aws_error(400, "InvalidParameter", fmt::format("Invalid parameter: {}", what));
}

// With MessageStructure=json the text holds one message a protocol; Lambda's is its own or the default.
base::Result<std::string> lambda_text(const QueryInput& input, std::string message) {
  auto structure = input.get_or("MessageStructure", "");
  if (structure.empty()) return message;
  if (structure != "json") return invalid("MessageStructure");
  auto parsed = codec::parse_json(message);
  if (!parsed || !parsed->is_object()) return invalid("Message Structure - JSON message body failed to parse");
  const auto* fallback = codec::find(*parsed, "default");
  if (fallback == nullptr || !fallback->is_string()) {
    return invalid("Message Structure - No default entry in JSON message body");
  }
  const auto* own = codec::find(*parsed, "lambda");
  return std::string((own != nullptr && own->is_string() ? own : fallback)->get_string());
}

}  // namespace

base::Result<MessageAttributes> parse_attributes(const QueryInput& input) {
  MessageAttributes attributes;
  for (const auto& entry : input.structures("MessageAttributes", "entry")) {
    auto name = entry.get_or("Name", "");
    MessageAttribute attribute{.type = entry.get_or("Value.DataType", ""), .value = {}};
    bool binary = attribute.type.starts_with("Binary");
    auto value = entry.get(binary ? "Value.BinaryValue" : "Value.StringValue");
    bool known = binary || attribute.type.starts_with("String") || attribute.type.starts_with("Number");
    if (name.empty() || !known || !value || value->empty()) {
      return aws_error(
          400, "ParameterValueInvalid",
          fmt::format("The message attribute '{}' must contain a non-empty message attribute value of type "
                      "String, Number or Binary.",
                      name));
    }
    attribute.value = std::move(*value);
    attributes[name] = std::move(attribute);
  }
  return attributes;
}

json::object lambda_event(const Message& message, std::string_view subscription_arn, std::string_view region) {
  json::object attributes;
  for (const auto& [name, attribute] : message.attributes) {
    attributes[name] = json::object{{"Type", attribute.type}, {"Value", attribute.value}};
  }
  json::object sns;
  sns["Type"] = "Notification";
  sns["MessageId"] = message.id;
  sns["TopicArn"] = message.topic_arn;
  sns["Subject"] = message.subject ? json::value(*message.subject) : json::value(nullptr);
  sns["Message"] = message.text;
  sns["Timestamp"] = iso_time(message.time);
  sns["SignatureVersion"] = "1";
  sns["Signature"] = "";
  sns["SigningCertUrl"] = "";
  sns["UnsubscribeUrl"] =
      fmt::format("https://sns.{}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={}", region, subscription_arn);
  sns["MessageAttributes"] = std::move(attributes);

  json::object record;
  record["EventSource"] = "aws:sns";
  record["EventVersion"] = "1.0";
  record["EventSubscriptionArn"] = subscription_arn;
  record["Sns"] = std::move(sns);
  json::array records;
  records.emplace_back(std::move(record));
  return json::object{{"Records", std::move(records)}};
}

base::Result<std::string> SnsService::publish(const QueryInput& input, Topic& its_topic) {
  for (auto fifo : {"MessageGroupId", "MessageDeduplicationId"}) {
    if (input.get(fifo)) return invalid(fmt::format("The {} parameter is for FIFO topics alone", fifo));
  }
  auto text = input.get_or("Message", "");
  if (text.empty()) return invalid("Empty message");
  if (text.size() > kLargestMessage) return invalid("Message too long");
  Message message{.id = base::random_uuid(),
                  .topic_arn = its_topic.arn,
                  .subject = input.get("Subject"),
                  .text = {},
                  .attributes = {},
                  .time = cloud_.clock->now()};
  constexpr std::size_t kLongestSubject = 100;
  if (message.subject && (message.subject->empty() || message.subject->size() > kLongestSubject))
    return invalid("Subject");
  TRY(auto for_lambda, lambda_text(input, std::move(text)));
  message.text = std::move(for_lambda);
  TRY(auto attributes, parse_attributes(input));
  message.attributes = std::move(attributes);
  for (const auto& [arn, one] : its_topic.subscriptions) {
    if (one.filter && !accepts(*one.filter, message.attributes)) continue;
    if (!cloud_.lambda->permits(one.endpoint, "sns.amazonaws.com", its_topic.arn)) {
      // As in AWS the publisher does not learn of it.
      base::log_warn("sns: {} does not allow sns.amazonaws.com to invoke it for {}: not delivered", one.endpoint,
                     its_topic.arn);
      continue;
    }
    cloud_.tasks->spawn(deliver(one.endpoint, codec::to_text(lambda_event(message, arn, cloud_.region))));
  }
  return XmlWriter().element("MessageId", message.id).take();
}

// SNS hands over to Lambda's own queue, and tries again while that refuses: three times at once here, then gives up.
awaitable<void> SnsService::deliver(std::string function_arn, std::string event) {
  constexpr int kAttempts = 3;
  constexpr auto kPause = std::chrono::seconds(1);
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    InvokeInput input{.function = function_arn, .payload = event, .type = InvocationType::event};
    auto accepted = co_await cloud_.lambda->invoke(std::move(input));
    if (accepted) co_return;
    base::log_warn("sns: delivery to {} failed: {}", function_arn, accepted.error().message);
    bool may_pass = accepted.error().status == 429 || accepted.error().status >= 500;
    if (!may_pass || attempt == kAttempts) co_return;
    co_await cloud_.clock->sleep_for(kPause);
  }
}

}  // namespace localcloud
