#include "localcloud/sns/message.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/service.h"
#include "localcloud/sns/invalid.h"

namespace localcloud {

namespace {

using sns::invalid;

base::Result<json::object> read_texts(const std::string& text) {
  auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return invalid("Message Structure - JSON message body failed to parse");
  const auto* fallback = codec::find(*parsed, "default");
  if (fallback == nullptr || !fallback->is_string()) {
    return invalid("Message Structure - No default entry in JSON message body");
  }
  return std::move(parsed->get_object());
}

base::Result<> check_subject(const std::string& subject) {
  constexpr std::size_t kLongest = 100;
  bool fits = !subject.empty() && subject.size() <= kLongest &&
              std::none_of(subject.begin(), subject.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (fits) return {};
  return invalid("Subject");
}

base::Result<MessageAttributes> read_attributes(const QueryInput& input) {
  MessageAttributes attributes;
  for (const auto& entry : input.structures("MessageAttributes", "entry")) {
    auto name = entry.get_or("Name", "");
    MessageAttribute attribute{.type = entry.get_or("Value.DataType", ""), .value = {}};
    auto kind = attribute.type.substr(0, attribute.type.find('.'));
    if (kind != "String" && kind != "Number" && kind != "Binary") {
      return aws_error(400, "ParameterValueInvalid",
                       fmt::format("The message attribute '{}' has an invalid message attribute type, the set of "
                                   "supported type prefixes is Binary, Number, and String.",
                                   name));
    }
    auto value = entry.get(kind == "Binary" ? "Value.BinaryValue" : "Value.StringValue");
    if (name.empty() || !value || value->empty()) {
      return aws_error(
          400, "ParameterValueInvalid",
          fmt::format("The message attribute '{}' must contain non-empty message attribute value for message attribute "
                      "type '{}'.",
                      name, attribute.type));
    }
    attribute.value = std::move(*value);
    attributes[name] = std::move(attribute);
  }
  return attributes;
}

json::object typed_values(const MessageAttributes& attributes) {
  json::object values;
  for (const auto& [name, attribute] : attributes) {
    values[name] = json::object{{"Type", attribute.type}, {"Value", attribute.value}};
  }
  return values;
}

}  // namespace

std::string Message::text_for(std::string_view protocol) const {
  if (!texts) return text;
  const auto* own = texts->if_contains(protocol);
  const auto* chosen = own != nullptr && own->is_string() ? own : texts->if_contains("default");
  return std::string(chosen->get_string());
}

base::Result<Message> read_message(const QueryInput& input) {
  if (input.get("MessageDeduplicationId")) {
    return invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not "
        "valid for this topic type");
  }
  if (input.get("MessageGroupId")) return base::fail(not_implemented("sns", "Publish with MessageGroupId"));
  Message message{.id = base::random_uuid(), .subject = input.get("Subject"), .text = input.get_or("Message", "")};
  if (message.text.empty()) return invalid("Empty message");
  if (message.subject) TRY(check_subject(*message.subject));
  auto structure = input.get_or("MessageStructure", "");
  if (!structure.empty() && structure != "json") return invalid("MessageStructure");
  if (!structure.empty()) {
    TRY(message.texts, read_texts(message.text));
  }
  TRY(message.attributes, read_attributes(input));
  return message;
}

std::size_t size_of(const Message& message) {
  auto size = message.text.size();
  for (const auto& [name, attribute] : message.attributes) {
    bool binary = attribute.type.starts_with("Binary");
    auto value = binary ? codec::base64_decode(attribute.value).value_or(std::string()) : attribute.value;
    size += name.size() + attribute.type.size() + value.size();
  }
  return size;
}

std::string unsubscribe_url(std::string_view endpoint, std::string_view subscription_arn) {
  return fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}", endpoint, subscription_arn);
}

json::object lambda_event(const Message& message, std::string_view subscription_arn, std::string_view endpoint) {
  json::object sns;
  sns["Type"] = "Notification";
  sns["MessageId"] = message.id;
  sns["TopicArn"] = message.topic_arn;
  sns["Subject"] = message.subject ? json::value(*message.subject) : json::value(nullptr);
  sns["Message"] = message.text_for("lambda");
  sns["Timestamp"] = iso_time(message.time);
  sns["SignatureVersion"] = "1";
  sns["Signature"] = "";
  sns["SigningCertUrl"] = "";
  sns["UnsubscribeUrl"] = unsubscribe_url(endpoint, subscription_arn);
  sns["MessageAttributes"] = typed_values(message.attributes);

  json::object record;
  record["EventSource"] = "aws:sns";
  record["EventVersion"] = "1.0";
  record["EventSubscriptionArn"] = subscription_arn;
  record["Sns"] = std::move(sns);
  json::array records;
  records.emplace_back(std::move(record));
  return json::object{{"Records", std::move(records)}};
}

json::object notification(const Message& message, std::string_view protocol, std::string_view subscription_arn,
                          std::string_view endpoint) {
  json::object body;
  body["Type"] = "Notification";
  body["MessageId"] = message.id;
  body["TopicArn"] = message.topic_arn;
  if (message.subject) body["Subject"] = *message.subject;
  body["Message"] = message.text_for(protocol);
  body["Timestamp"] = iso_time(message.time);
  body["SignatureVersion"] = "1";
  body["Signature"] = "";
  body["SigningCertURL"] = "";
  body["UnsubscribeURL"] = unsubscribe_url(endpoint, subscription_arn);
  if (!message.attributes.empty()) body["MessageAttributes"] = typed_values(message.attributes);
  return body;
}

json::object queue_attributes(const MessageAttributes& attributes) {
  json::object values;
  for (const auto& [name, attribute] : attributes) {
    bool binary = attribute.type.starts_with("Binary");
    values[name] =
        json::object{{"DataType", attribute.type}, {binary ? "BinaryValue" : "StringValue", attribute.value}};
  }
  return values;
}

json::object confirmation_body(const Confirmation& confirmation, std::string_view endpoint) {
  bool begins = confirmation.type == "SubscriptionConfirmation";
  json::object body;
  body["Type"] = confirmation.type;
  body["MessageId"] = confirmation.id;
  body["Token"] = confirmation.token;
  body["TopicArn"] = confirmation.topic_arn;
  body["Message"] =
      begins ? fmt::format(
                   "You have chosen to subscribe to the topic {}.\nTo confirm the subscription, visit the "
                   "SubscribeURL included in this message.",
                   confirmation.topic_arn)
             : fmt::format(
                   "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore the "
                   "subscription, visit the SubscribeURL included in this message.",
                   confirmation.subscription_arn);
  body["SubscribeURL"] = fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", endpoint,
                                     confirmation.topic_arn, confirmation.token);
  body["Timestamp"] = iso_time(confirmation.time);
  body["SignatureVersion"] = "1";
  body["Signature"] = "";
  body["SigningCertURL"] = "";
  return body;
}

}  // namespace localcloud
