// The one implementation of Sns. Internal to sns/: topics and their API (sns.cc), messages and their delivery
// (publish.cc), what CloudFormation makes of it (sns_resources.cc).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/iam/iam.h"
#include "localcloud/sns/filter_policy.h"
#include "localcloud/sns/sns.h"
#include "localcloud/wire.h"

namespace localcloud {

struct Subscription {
  std::string arn;
  std::string topic_arn;
  std::string protocol;  // "lambda"
  std::string endpoint;  // the function's ARN
  std::optional<json::value> filter;
};

struct Topic {
  std::string arn;
  std::string name;
  std::string display_name;
  std::optional<json::value> policy;
  std::map<std::string, Subscription> subscriptions;  // by ARN
};

struct Message {
  std::string id;
  std::string topic_arn;
  std::optional<std::string> subject;
  std::string text;
  MessageAttributes attributes;
  base::WallTime time;
};

// The event that Lambda gets for one message (Lambda developer guide, "Using AWS Lambda with Amazon SNS"). Messages are
// not signed: Signature and SigningCertUrl are there and empty.
json::object lambda_event(const Message& message, std::string_view subscription_arn, std::string_view region);

class SnsService final : public Sns {
 public:
  explicit SnsService(Cloud& cloud) : cloud_(cloud) {}

  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;
  base::Result<> publish(const OnBehalfOf&, std::string_view, std::string) override {
    return base::fail(not_implemented("sns", "notifications of other services"));
  }

  // The state, for the resource types. Errors: NotFound 404, InvalidParameter 400.
  base::Result<Topic*> create_topic(std::string_view name);
  base::Result<Topic*> topic(std::string_view arn);
  base::Result<> delete_topic(std::string_view arn);
  base::Result<Subscription*> subscribe(std::string_view topic_arn, std::string_view protocol,
                                        std::string_view endpoint);
  base::Result<Subscription*> subscription(std::string_view arn);
  base::Result<> unsubscribe(std::string_view arn);

 private:
  base::Result<std::string> act(const Call& call, const QueryInput& input);
  base::Result<std::string> topic_action(const Call& call, const QueryInput& input, const std::string& arn);
  base::Result<std::string> subscribe_action(const Call& call, const QueryInput& input, const std::string& arn);
  base::Result<std::string> publish(const QueryInput& input, Topic& its_topic);
  std::string topic_attributes(const Topic& its_topic) const;
  awaitable<void> deliver(std::string function_arn, std::string event);

  Cloud& cloud_;
  std::map<std::string, Topic, std::less<>> topics_;  // by ARN
};

// MessageAttributes.entry.N.… of a Publish. Errors: InvalidParameterValue 400.
base::Result<MessageAttributes> parse_attributes(const QueryInput& input);

ResourceTypes sns_resource_types(SnsService& sns);

}  // namespace localcloud
