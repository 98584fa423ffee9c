// A topic and its subscriptions as values, and the attributes of both: which there are and what they may be (SNS API
// reference, SetTopicAttributes and SetSubscriptionAttributes). Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/sns/delivery_policy.h"
#include "localcloud/sns/filter_policy.h"

namespace localcloud {

using Texts = std::map<std::string, std::string>;  // attributes or tags, by name

struct SubscriptionSettings {
  bool raw = false;
  std::optional<json::value> filter = std::nullopt;
  FilterScope scope = FilterScope::attributes;
  std::string dead_letter_arn = {};
  std::optional<json::value> delivery_policy = std::nullopt;

  // Sets some by their names in the API, all or none. Errors: InvalidParameter 400; 501 for what is not there.
  base::Result<> set(std::string_view protocol, const Texts& attributes);
  Texts texts() const;
};

struct Subscription {
  enum class State { confirmed, pending, cancelled };  // cancelled: its endpoint may still take that back

  std::string arn;
  std::string topic_arn;
  std::string protocol;  // "lambda", "sqs", "http", "https", "email", "email-json"
  std::string endpoint;  // an ARN, a URL, or an address
  SubscriptionSettings settings = {};
  State state = State::confirmed;
  bool authenticated = true;  // its confirmation was signed: so must be its end
  std::string token = {};     // of a state that is not confirmed
  base::WallTime since;       // of the state

  bool is_http() const { return protocol.starts_with("http"); }
  bool wants_confirmation() const { return is_http() || protocol.starts_with("email"); }
};

struct TopicSettings {
  std::string display_name = {};
  json::value policy = {};
  std::optional<json::value> delivery_policy = std::nullopt;
  std::optional<std::size_t> largest_message = std::nullopt;
  std::string kms_key = {};  // "alias/aws/sns", or none
  std::string signature_version = {};
  std::string tracing = {};

  base::Result<> set(std::string_view topic_arn, std::string_view account, const Texts& attributes);
  Texts texts() const;
  std::size_t message_limit() const;  // bytes
};

constexpr std::size_t kLargestForHttp = 262'144;  // a topic with larger messages has no HTTP subscriptions

struct Topic {
  std::string arn;
  std::string name;
  TopicSettings settings = {};
  Texts tags = {};
  std::map<std::string, Subscription> subscriptions = {};  // by ARN
  std::size_t deleted_subscriptions = 0;
};

// Of a topic whose owner gave none: the owner's account may do everything.
json::value default_policy(std::string_view topic_arn, std::string_view account);

// What an HTTP subscription of the topic has in force.
DeliveryPolicy effective_delivery_policy(const TopicSettings& topic, const SubscriptionSettings* subscription);

}  // namespace localcloud
