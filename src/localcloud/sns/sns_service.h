// The one implementation of Sns. Internal to sns/: topics and their API (sns.cc, topic_api.cc), subscriptions
// (subscription_api.cc), messages (publish.cc) and their way to subscribers (delivery.cc), what CloudFormation makes of
// it (sns_resources.cc).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/iam/iam.h"
#include "localcloud/sns/message.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sns/topic.h"
#include "localcloud/wire.h"
#include "net/http_client.h"

namespace localcloud {

class SnsService final : public Sns {
 public:
  explicit SnsService(Cloud& cloud) : cloud_(cloud) {}

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;
  base::Result<> publish(const OnBehalfOf& sender, std::string_view topic_arn, std::string message,
                         json::object message_attributes) override;

  // The state, for the resource types. Errors: NotFound 404, InvalidParameter 400.
  base::Result<Topic*> create_topic(std::string_view name, const Texts& attributes, const Texts& tags);
  base::Result<Topic*> topic(std::string_view arn);
  base::Result<> set_attributes(Topic& topic, const Texts& attributes);
  base::Result<> set_tags(Topic& topic, Texts tags);
  void delete_topic(std::string_view arn);
  base::Result<Subscription*> subscribe(std::string_view topic_arn, std::string_view protocol,
                                        std::string_view endpoint, const Texts& attributes);
  base::Result<Subscription*> subscription(std::string_view arn);
  base::Result<> set_attributes(Subscription& subscription, const Texts& attributes);
  void unsubscribe(std::string_view arn);
  std::string arn_of(std::string_view name) const;
  const std::string& account() const { return cloud_.account_id; }

 private:
  using Output = base::Result<std::string>;  // the result's inner XML
  struct Operation {
    std::string_view name;
    Output (SnsService::*act)(const Call&, const QueryInput&);
  };
  static const std::vector<Operation>& table();

  // sns.cc: what the caller may do; `action` without "SNS:".
  base::Result<> may(const Call& call, std::string_view action, std::string_view resource,
                     const ConditionContext& context = {}) const;
  // The topic that an input names, if the caller may do `action` with it.
  base::Result<Topic*> open(const Call& call, const QueryInput& input, std::string_view action);
  base::Result<Subscription*> open_subscription(const Call& call, const QueryInput& input, std::string_view action);
  void forget_unconfirmed(Topic& topic) const;

  // topic_api.cc
  Output create(const Call& call, const QueryInput& input);
  Output remove(const Call& call, const QueryInput& input);
  Output list(const Call& call, const QueryInput& input);
  Output get_topic(const Call& call, const QueryInput& input);
  Output set_topic(const Call& call, const QueryInput& input);
  Output add_permission(const Call& call, const QueryInput& input);
  Output remove_permission(const Call& call, const QueryInput& input);
  base::Result<Topic*> open_tagged(const Call& call, const QueryInput& input, std::string_view action);
  Output tag(const Call& call, const QueryInput& input);
  Output untag(const Call& call, const QueryInput& input);
  Output list_tags(const Call& call, const QueryInput& input);

  // subscription_api.cc
  Output subscribe_call(const Call& call, const QueryInput& input);
  Output confirm(const Call& call, const QueryInput& input);
  Output unsubscribe_call(const Call& call, const QueryInput& input);
  Output get_subscription(const Call& call, const QueryInput& input);
  Output set_subscription(const Call& call, const QueryInput& input);
  Output list_subscriptions(const Call& call, const QueryInput& input);
  Output list_by_topic(const Call& call, const QueryInput& input);
  void ask_for_confirmation(Subscription& subscription, std::string_view type);

  // publish.cc
  Output publish_call(const Call& call, const QueryInput& input);
  Output publish_batch(const Call& call, const QueryInput& input);
  base::Result<> check_size(const Topic& topic, std::size_t size) const;
  void fan_out(Topic& topic, Message message);

  // delivery.cc: one body on its way to one subscriber.
  struct Shipment {
    Subscription to;  // as it was
    std::string body;
    json::object queue_attributes = {};
    net::Headers headers = {};
    RetryPolicy retries;
  };
  Shipment shipment(const Topic& topic, const Subscription& to) const;
  void ship(const Topic& topic, const Subscription& to, const Message& message);
  void ship_confirmation(const Topic& topic, const Subscription& to, std::string_view type);
  awaitable<void> deliver(Shipment shipment);
  awaitable<base::Result<>> attempt(Shipment shipment);
  awaitable<base::Result<>> post(Shipment shipment);

  Cloud& cloud_;
  std::map<std::string, Topic, std::less<>> topics_;  // by ARN
  std::shared_ptr<net::HttpClient> http_;             // made for the first HTTP endpoint
};

ResourceTypes sns_resource_types(SnsService& sns);

}  // namespace localcloud
