// A published message, and the forms in which subscribers get it. Pure. Messages are not signed: Signature and the
// certificate's address are there and empty.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/sns/filter_policy.h"
#include "localcloud/wire.h"

namespace localcloud {

struct Message {
  std::string id;
  std::string topic_arn;
  std::optional<std::string> subject = std::nullopt;
  std::string text;
  std::optional<json::object> texts = std::nullopt;  // with MessageStructure=json: by protocol, and "default"
  MessageAttributes attributes = {};
  base::WallTime time;

  // For subscribers of a protocol ("lambda").
  std::string text_for(std::string_view protocol) const;
};

// A message of Publish, or an entry of PublishBatch. Errors: InvalidParameter, ParameterValueInvalid 400.
base::Result<Message> read_message(const QueryInput& input);

// Text and attributes, in bytes: what MaximumMessageSize counts.
std::size_t size_of(const Message& message);

// Where subscribers cancel: a link that needs no signature.
std::string unsubscribe_url(std::string_view endpoint, std::string_view subscription_arn);

// The event that Lambda gets for one message (Lambda developer guide, "Using AWS Lambda with Amazon SNS").
json::object lambda_event(const Message& message, std::string_view subscription_arn, std::string_view endpoint);

// What a queue or an HTTP endpoint gets (SNS developer guide, "HTTP/HTTPS notification JSON format").
json::object notification(const Message& message, std::string_view protocol, std::string_view subscription_arn,
                          std::string_view endpoint);

// As SQS takes them, for raw delivery.
json::object queue_attributes(const MessageAttributes& attributes);

// "SubscriptionConfirmation" or "UnsubscribeConfirmation", with the link that makes the subscription (again).
struct Confirmation {
  std::string_view type;
  std::string id;
  std::string topic_arn;
  std::string subscription_arn;
  std::string token;
  base::WallTime time;
};
json::object confirmation_body(const Confirmation& confirmation, std::string_view endpoint);

}  // namespace localcloud
