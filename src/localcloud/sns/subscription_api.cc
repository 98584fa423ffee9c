// The operations on subscriptions, and the handshake with HTTP endpoints (SNS API reference; SNS developer guide,
// "Subscribing an HTTPS endpoint to a topic").
#include <fmt/format.h>

#include "base/ids.h"
#include "base/log.h"
#include "codec/json.h"
#include "localcloud/local_clock.h"
#include "localcloud/sns/invalid.h"
#include "localcloud/sns/sns_service.h"
#include "localcloud/sns/sns_xml.h"

namespace localcloud {

namespace {

using sns::invalid;

// Who follows a link of a message: no signature, no rights of its own.
bool is_anonymous(const Call& call) {
  return call.caller.arn.empty();
}

std::string listed(const Subscription& one, const std::string& account) {
  bool pending = one.state == Subscription::State::pending;
  XmlWriter xml;
  xml.element("TopicArn", one.topic_arn).element("Protocol", one.protocol);
  xml.element("SubscriptionArn", pending ? "PendingConfirmation" : one.arn);
  xml.element("Owner", account).element("Endpoint", one.endpoint);
  return xml.take();
}

}  // namespace

SnsService::Output SnsService::subscribe_call(const Call& call, const QueryInput& input) {
  auto protocol = input.get_or("Protocol", "");
  auto endpoint = input.get_or("Endpoint", "");
  auto arn = input.get_or("TopicArn", "");
  TRY(may(call, "Subscribe", arn, {{"sns:Protocol", protocol}, {"sns:Endpoint", endpoint}}));
  if (auto found = topic(arn)) forget_unconfirmed(**found);
  TRY(const auto* made, subscribe(arn, protocol, endpoint, attributes_input(input)));
  bool shown = made->state == Subscription::State::confirmed || input.get_or("ReturnSubscriptionArn", "") == "true";
  return XmlWriter().element("SubscriptionArn", shown ? made->arn : "pending confirmation").take();
}

void SnsService::ask_for_confirmation(Subscription& its_subscription, std::string_view type) {
  if (!its_subscription.is_http()) {
    base::log_warn("sns: no mail is sent to {}, so its subscription to {} stays unconfirmed", its_subscription.endpoint,
                   its_subscription.topic_arn);
    return;
  }
  its_subscription.token = base::to_hex(base::random_bytes<32>());
  its_subscription.since = cloud_.clock->now();
  auto its_topic = topic(its_subscription.topic_arn);
  if (its_topic) ship_confirmation(**its_topic, its_subscription, type);
}

SnsService::Output SnsService::confirm(const Call& call, const QueryInput& input) {
  if (!is_anonymous(call)) TRY(may(call, "ConfirmSubscription", input.get_or("TopicArn", "")));
  TRY(auto* its_topic, topic(input.get_or("TopicArn", "")));
  forget_unconfirmed(*its_topic);
  auto token = input.get_or("Token", "");
  for (auto& [arn, one] : its_topic->subscriptions) {
    if (token.empty() || one.token != token) continue;
    if (one.state != Subscription::State::confirmed) {
      one.state = Subscription::State::confirmed;
      one.since = cloud_.clock->now();
      one.authenticated = !is_anonymous(call) && input.get_or("AuthenticateOnUnsubscribe", "") == "true";
    }
    return XmlWriter().element("SubscriptionArn", arn).take();
  }
  return invalid("Token");
}

SnsService::Output SnsService::unsubscribe_call(const Call& call, const QueryInput& input) {
  auto arn = input.get_or("SubscriptionArn", "");
  if (!is_anonymous(call)) {
    TRY(may(call, "Unsubscribe", arn.substr(0, arn.rfind(':'))));
    unsubscribe(arn);  // one that is gone is no error
    return std::string();
  }
  TRY(auto* found, subscription(arn));
  if (found->authenticated) {
    return aws_error(403, "AuthorizationError",
                     fmt::format("The subscription {} can be ended by its owner alone", arn));
  }
  // Its endpoint is asked, and may take it back.
  found->state = Subscription::State::cancelled;
  ask_for_confirmation(*found, "UnsubscribeConfirmation");
  return std::string();
}

SnsService::Output SnsService::get_subscription(const Call& call, const QueryInput& input) {
  TRY(const auto* found, open_subscription(call, input, "GetSubscriptionAttributes"));
  auto texts = found->settings.texts();
  texts["SubscriptionArn"] = found->arn;
  texts["TopicArn"] = found->topic_arn;
  texts["Protocol"] = found->protocol;
  texts["Endpoint"] = found->endpoint;
  texts["Owner"] = cloud_.account_id;
  texts["SubscriptionPrincipal"] = fmt::format("arn:aws:iam::{}:root", cloud_.account_id);
  bool pending = found->state == Subscription::State::pending;
  texts["PendingConfirmation"] = pending ? "true" : "false";
  texts["ConfirmationWasAuthenticated"] = !pending && found->authenticated ? "true" : "false";
  if (found->is_http()) {
    TRY(const auto* its_topic, topic(found->topic_arn));
    texts["EffectiveDeliveryPolicy"] =
        codec::to_text(effective_delivery_policy(its_topic->settings, &found->settings).as_json());
  }
  return attributes_xml(texts);
}

SnsService::Output SnsService::set_subscription(const Call& call, const QueryInput& input) {
  TRY(auto* found, open_subscription(call, input, "SetSubscriptionAttributes"));
  TRY(set_attributes(*found, {{input.get_or("AttributeName", ""), input.get_or("AttributeValue", "")}}));
  return std::string();
}

SnsService::Output SnsService::list_subscriptions(const Call& call, const QueryInput& input) {
  TRY(may(call, "ListSubscriptions", arn_of("*")));
  Pieces members;
  for (auto& [arn, its_topic] : topics_) {
    forget_unconfirmed(its_topic);
    for (const auto& [key, one] : its_topic.subscriptions) {
      if (one.state != Subscription::State::cancelled) members.push_back(listed(one, cloud_.account_id));
    }
  }
  return page_xml(input, "Subscriptions", members);
}

SnsService::Output SnsService::list_by_topic(const Call& call, const QueryInput& input) {
  TRY(const auto* its_topic, open(call, input, "ListSubscriptionsByTopic"));
  Pieces members;
  for (const auto& [key, one] : its_topic->subscriptions) {
    if (one.state != Subscription::State::cancelled) members.push_back(listed(one, cloud_.account_id));
  }
  return page_xml(input, "Subscriptions", members);
}

}  // namespace localcloud
