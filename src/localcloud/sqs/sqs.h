// SQS: standard queues, and what other services of the account do with them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

struct QueueMessage {
  std::string id;
  std::string receipt_handle;
  std::string body;
  std::string md5_of_body;
  json::object attributes = {};  // "SentTimestamp", "ApproximateReceiveCount", …: strings
  json::object message_attributes =
      {};  // as the JSON protocol has them: {"name":{"DataType":"String","StringValue":…}}
};

struct QueueFacts {
  std::string name;
  std::string arn;
  std::string url;
  base::Millis visibility_timeout{};
};

// Queues are named by ARN here. Errors of all: AWS.SimpleQueueService.NonExistentQueue 400, AccessDenied 403.
class Sqs : public Service {
 public:
  virtual base::Result<QueueFacts> facts(std::string_view queue_arn) const = 0;

  // The message's id. Also InvalidParameterValue 400 (too large, characters that SQS refuses).
  virtual base::Result<std::string> send(const OnBehalfOf& sender, std::string_view queue_arn, std::string body,
                                         json::object message_attributes = {}) = 0;

  // Up to `max` (1 to 10) messages, made invisible for the queue's visibility timeout; none after `wait` by the local
  // clock.
  virtual awaitable<base::Result<std::vector<QueueMessage>>> receive(OnBehalfOf receiver, std::string queue_arn,
                                                                     std::size_t max, base::Millis wait) = 0;

  virtual base::Result<> remove(const OnBehalfOf& receiver, std::string_view queue_arn,
                                const std::vector<std::string>& receipt_handles) = 0;

  virtual ResourceTypes resource_types() = 0;
};

std::unique_ptr<Sqs> make_sqs(Cloud& cloud);

}  // namespace localcloud
