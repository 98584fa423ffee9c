// An event of one service brought to a resource of another by its ARN: a notification, a rule's target, a destination,
// a dead-letter queue. One place that knows which service an ARN is of and whose permission counts.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"

namespace localcloud {

using boost::asio::awaitable;
namespace json = boost::json;

struct Delivery {
  std::string target_arn;  // a Lambda function (invoked with type Event), an SQS queue, an SNS topic, an event bus
  std::string payload;     // the event, the message's body, or the bus's event
  OnBehalfOf sender;
  json::object message_attributes = {};  // of a message: {"name":{"DataType":"String","StringValue":…}}
};

// Errors: what the target's service answers; not_implemented for a target of another service.
awaitable<base::Result<>> deliver(Cloud& cloud, Delivery delivery);

// Who a service is once it has taken a role of the account ("lambda.amazonaws.com" a function's). Errors: the role is
// gone or does not trust the service.
base::Result<Principal> principal_of_role(Cloud& cloud, std::string_view role_arn, std::string_view service,
                                          std::string_view session_name);

// Does the policy of `resource` let the sender's service in, for what the service acts for?
bool lets_service_in(const Cloud& cloud, const json::value& policy, const OnBehalfOf& sender, std::string_view action,
                     std::string_view resource);

// "sqs" of "arn:aws:sqs:us-east-1:123456789012:queue"; empty if it is no ARN.
std::string_view service_of_arn(std::string_view arn);

// What a sender needs to be allowed for deliver(): "sqs:SendMessage" for a queue; empty where nothing can be delivered.
std::string_view delivery_action(std::string_view target_arn);

}  // namespace localcloud
