// A queue for tests: what was sent waits in order; what was received is gone.
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "localcloud/local_clock.h"
#include "localcloud/sqs/sqs.h"

namespace localcloud {

class FakeSqs final : public Sqs {
 public:
  explicit FakeSqs(LocalClock& clock) : clock_(clock) {}

  base::Result<QueueFacts> facts(std::string_view queue_arn) const override;
  base::Result<std::string> send(const OnBehalfOf& sender, std::string_view queue_arn, std::string body,
                                 json::object message_attributes) override;
  awaitable<base::Result<std::vector<QueueMessage>>> receive(OnBehalfOf receiver, std::string queue_arn,
                                                             std::size_t max, base::Millis wait) override;
  base::Result<> remove(const OnBehalfOf& receiver, std::string_view queue_arn,
                        const std::vector<std::string>& receipt_handles) override;
  ResourceTypes resource_types() override { return {}; }
  awaitable<net::Response> handle(Call) override { co_return net::Response{501, {}, {}}; }

  void put(std::string body);  // a message with the id "m1", "m2", … and the handle "h1", …

  struct Sent {
    std::string sender;  // the caller's ARN
    std::string queue_arn;
    std::string body;
    json::object attributes;
  };
  std::vector<Sent> sent;
  std::vector<std::string> removed;  // receipt handles
  bool missing = false;              // then no queue is there
  base::Millis visibility_timeout = std::chrono::seconds(30);

 private:
  LocalClock& clock_;
  std::deque<QueueMessage> waiting_;
  int count_ = 0;
  base::Notifier arrived_;
};

}  // namespace localcloud
