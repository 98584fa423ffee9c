// An event of one service brought to a resource of another by its ARN: a notification, a rule's target, a destination,
// a dead-letter queue. One place that knows which service an ARN is of and whose permission counts.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"

namespace localcloud {

using boost::asio::awaitable;

struct Delivery {
  std::string target_arn;  // a Lambda function (invoked with type Event), an SQS queue, an SNS topic, an event bus
  std::string payload;     // the event, the message's body, or the bus's event
  OnBehalfOf sender;
};

// Errors: what the target's service answers; not_implemented for a target of another service.
awaitable<base::Result<>> deliver(Cloud& cloud, Delivery delivery);

}  // namespace localcloud
