// Asynchronous invocations (Lambda developer guide, "Asynchronous invocation"): Lambda's queue of events. A function
// that fails is retried twice, after one and two minutes; throttles and errors of Lambda itself are tried again with
// back-off until the event is too old. The outcome goes to the destinations of the function's configuration and, when
// it failed, to its dead-letter queue, with the permissions of the function's role.
//
// All waiting is by the local clock. A destination that refuses loses the record, as in AWS; it is logged here.
// Also the operations …FunctionEventInvokeConfig.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/delivery.h"
#include "localcloud/lambda/event_invoke_config.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/invocation_record.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/resource_type.h"
#include "localcloud/service.h"

namespace localcloud {

// What the queue needs of Lambda.
class AsyncFunctions {
 public:
  virtual ~AsyncFunctions() = default;
  // The version that a name or ARN means at present. Errors: ResourceNotFoundException 404.
  virtual base::Result<std::shared_ptr<const FunctionVersion>> version_of(std::string_view reference) const = 0;
  // Its reserved concurrency is 0.
  virtual bool never_runs(std::string_view function) const = 0;
  virtual awaitable<base::Result<InvokeOutput>> run_event(std::shared_ptr<const FunctionVersion> version,
                                                          InvokeInput input, std::string request_id) = 0;
};

class AsyncInvocations {
 public:
  // `functions` outlives it, and cloud.tasks ends before it.
  AsyncInvocations(Cloud& cloud, AsyncFunctions& functions) : cloud_(cloud), functions_(functions) {}

  // Takes an event that was checked; the work goes on in cloud.tasks.
  void accept(InvokeInput input, std::string request_id);

  // May a function have this dead-letter queue? Errors: InvalidParameterValueException as AWS words it.
  static base::Result<> check_dead_letter(Cloud& cloud, std::string_view target_arn, std::string_view role_arn);

  // The function is gone: so is its configuration.
  void forget(std::string_view function) { configs_.remove_all(function); }

  // The operations below /2019-09-25/functions/{name}/event-invoke-config; nullopt if the request is for none of them.
  std::optional<base::Result<net::Response>> handle(const Call& call);
  static std::vector<std::string> operations();

  // For AWS::Lambda::EventInvokeConfig. The qualifier may be empty ($LATEST).
  base::Result<EventInvokeConfig> put(std::string_view function, std::string_view qualifier, const json::object& input,
                                      bool keep_what_is_not_said);
  base::Result<> remove(std::string_view function, std::string_view qualifier);

 private:
  struct Event;
  awaitable<void> process(std::shared_ptr<Event> event);
  awaitable<void> finish(std::shared_ptr<Event> event, std::shared_ptr<const FunctionVersion> version,
                         std::string condition);
  awaitable<void> send(std::shared_ptr<const FunctionVersion> version, Delivery delivery);
  const EventInvokeConfig& config_of(const Event& event) const;

  base::Result<net::Response> act(const Call& call, const std::string& function);
  base::Result<net::Response> list(const Call& call, const std::string& function);
  base::Result<> check_destination(const std::string& arn, std::string_view function, std::string_view role) const;
  std::string arn_of(std::string_view function, std::string_view qualifier) const;

  Cloud& cloud_;
  AsyncFunctions& functions_;
  EventInvokeConfigs configs_;
};

ResourceTypes async_invocation_types(AsyncInvocations& invocations);

}  // namespace localcloud
