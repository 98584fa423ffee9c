// The Runtime API of one worker: an HTTP server on 127.0.0.1 with a port of its own, so that a worker can only ask for
// its own events. Events go in by offer(), what the runtime does comes out by callbacks. One event at a time.
//
// Limits: a response over 6,291,556 bytes is answered 413 and becomes Lambda's Function.ResponseSizeTooLarge; a
// streamed response is refused (501) and becomes a failure of that name. Requests whose Host is not this address are
// refused: a web page must not reach it through a name of its own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/notifier.h"
#include "base/result.h"
#include "net/http_server.h"
#include "runtime_api/invocation.h"
#include "runtime_api/runtime_state.h"

namespace runtime_api {

using boost::asio::awaitable;

// Called on the loop's thread, from within a request of the runtime; they must not destroy the endpoint.
struct EndpointCallbacks {
  std::function<void()> waiting;            // the runtime asked for an event, so its code is loaded
  std::function<void()> handed_over;        // it has been given the event
  std::function<void(Answer)> answered;     // before the runtime itself hears that
  std::function<void(Answer)> init_failed;  // the code could not be loaded
};

class Endpoint {
 public:
  // Binds at once; run() serves. Errors: local_resource.
  static base::Result<std::unique_ptr<Endpoint>> listen(boost::asio::any_io_executor executor,
                                                        EndpointCallbacks callbacks);

  std::string address() const;  // "127.0.0.1:41234", the value of AWS_LAMBDA_RUNTIME_API
  Phase phase() const { return state_.phase(); }

  // Serves until cancelled. The endpoint must outlive it.
  awaitable<void> run();

  // Gives the event to the runtime as soon as it asks. Only when none is offered or running.
  void offer(InvocationEvent event);

 private:
  explicit Endpoint(EndpointCallbacks callbacks);

  awaitable<void> handle(net::Exchange& exchange);
  awaitable<void> handle_next(net::Exchange& exchange);
  net::Response handle_answer(net::Request& request, std::string_view request_id, bool failure);
  net::Response handle_init_error(net::Request& request);

  EndpointCallbacks callbacks_;
  RuntimeState state_;
  base::Notifier changed_;
  std::optional<InvocationEvent> offered_;
  unsigned asked_ = 0;  // counts calls of next: the newest gets the event
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace runtime_api
