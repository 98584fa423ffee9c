// Brings events to the targets of rules and schedules: tries again as the target's RetryPolicy says, by the local
// clock, and hands what cannot be delivered to its dead-letter queue. A target that is missing or does not permit it is
// not tried again ("Using dead-letter queues to process undelivered events", EventBridge user guide). What is neither
// delivered nor kept is written to the log of the local cloud.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json.hpp>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"

namespace localcloud {

using boost::asio::awaitable;
namespace json = boost::json;

struct EventDelivery {
  std::string target_arn;
  std::string payload;
  // Whose right it is: a role that `service` takes, or the service itself for its resource.
  std::string service = "events.amazonaws.com";
  std::string source_arn;  // the rule's or the schedule's
  std::string role_arn = {};
  int most_retries = 185;
  base::Millis most_age = std::chrono::hours(24);
  std::string dead_letter_arn = {};
  std::string undelivered = {};       // what the dead-letter queue gets
  bool bury_by_role = false;          // the role, not the service, writes to the dead-letter queue
  json::object bus_event = {};        // for a target that is a bus: the event with its envelope
  json::object dead_attributes = {};  // of the dead letter, beside those of the failure
};

class EventSender {
 public:
  // `forward`: puts an event with its envelope on another bus, by ARN.
  using Forward = std::function<base::Result<>(const std::string& bus_arn, const json::object& event)>;
  EventSender(Cloud& cloud, Forward forward) : cloud_(cloud), forward_(std::move(forward)) {}

  // Returns when the event is delivered or given up.
  awaitable<void> send(EventDelivery delivery);

 private:
  awaitable<base::Result<>> send_once(EventDelivery delivery);
  // Who sends: the role, or the service for its resource.
  base::Result<OnBehalfOf> sender_of(const EventDelivery& delivery, bool by_role);
  awaitable<void> bury(EventDelivery delivery, base::Error error, int retries, std::string exhausted);

  Cloud& cloud_;
  Forward forward_;
};

// Members RetryPolicy and DeadLetterConfig of a target. Errors: ValidationException 400; 501 for members of theirs that
// are not here.
base::Result<> check_retries(const json::object& target);
void set_retries(EventDelivery& delivery, const json::object& target);

}  // namespace localcloud
