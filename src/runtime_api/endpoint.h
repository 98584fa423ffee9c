// The Runtime API of one worker, and the Extensions API of what runs beside it: an HTTP server on 127.0.0.1 with a port
// of its own, so that a worker can only ask for its own events. Events go in by offer(), what the runtime does comes
// out by callbacks. One event at a time, and each when all extensions wait for it, too. Subscriptions to the Telemetry
// and Logs APIs are answered as AWS's runtime interface emulator does, which has neither: 202, and that it has not.
//
// Limits: a response over 6,291,556 bytes, and a streamed one over 200 MB, is answered 413 and becomes Lambda's
// Function.ResponseSizeTooLarge. Requests whose Host is not this address are
// refused, and those of web pages (net/web_page.h), which may reach it by its address too.
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
#include "runtime_api/extensions.h"
#include "runtime_api/invocation.h"
#include "runtime_api/runtime_state.h"

namespace runtime_api {

using boost::asio::awaitable;

// Called on the loop's thread, from within a request of the runtime; they must not destroy the endpoint.
struct EndpointCallbacks {
  std::function<void()> waiting;         // the runtime and all extensions asked for an event: the code is loaded
  std::function<void()> handed_over;     // it has been given the event
  std::function<void(Answer)> answered;  // before the runtime itself hears that
  // A streamed response: its content type, then each piece as it comes. The next is read when stream_piece has ended;
  // false means that nobody wants the rest. `answered` follows.
  std::function<void(std::string)> stream_begun = {};
  std::function<awaitable<bool>(std::string)> stream_piece = {};
  std::function<void(Answer)> init_failed;      // the code could not be loaded
  std::function<void()> extension_called = {};  // one has registered, or asked for an event
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
  // Takes back what was offered and the runtime has not asked for.
  void withdraw() { offered_.reset(); }

  const Extensions& extensions() const { return extensions_; }
  void describe(FunctionIdentity function) { extensions_.describe(std::move(function)); }
  void expect_extension(std::string name) { extensions_.expect(std::move(name)); }
  void extension_gone(const std::string& name);
  // A SHUTDOWN event to those that subscribed to it.
  void shut_down_extensions(std::string_view reason, base::WallTime deadline);

 private:
  explicit Endpoint(EndpointCallbacks callbacks);

  awaitable<void> handle(net::Exchange& exchange);
  net::Response handle_runtime(net::Request& request, std::string_view path);
  awaitable<void> handle_next(net::Exchange& exchange);
  awaitable<void> handle_extension(net::Exchange& exchange, std::string_view path);
  awaitable<void> handle_extension_next(net::Exchange& exchange);
  void tell_waiting();
  awaitable<void> handle_stream(net::Exchange& exchange, std::string request_id);
  net::Response handle_answer(net::Request& request, std::string_view request_id, bool failure);
  net::Response handle_init_error(net::Request& request);

  EndpointCallbacks callbacks_;
  RuntimeState state_;
  Extensions extensions_;
  base::Notifier changed_;
  std::optional<InvocationEvent> offered_;
  unsigned asked_ = 0;  // counts calls of next: the newest gets the event
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace runtime_api
