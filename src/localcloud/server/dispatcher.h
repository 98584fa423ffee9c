// From a request on the one port to the service it is for: host check, data plane of APIs, control calls, signature,
// service.
//
// Control calls, for tests and tools, from this machine only and never from a web page (no Origin):
//   GET  /_local/health           → {"status":"ok","region","account","testClock"}
//   GET  /_local/capabilities     → what is implemented: capabilities.h
//   POST /_local/clock            {"advanceMs":n} → {"now":ms}; 403 without --test-clock
//   PUT  /_local/cloudformation/{token}: what custom resources answer (cloudformation/callbacks.h)
//   GET, DELETE /_local/sessions/{name}: see joined_sessions.h
//   POST /_local/websockets/cut   → {"cut":n}: drops every open WebSocket's TCP connection, without a close frame
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/cloud.h"
#include "localcloud/server/joined_sessions.h"
#include "localcloud/service.h"
#include "net/http_server.h"

namespace localcloud {

class Dispatcher {
 public:
  // Service by the name in a signature's scope.
  using Services = std::map<std::string, Service*, std::less<>>;

  Dispatcher(Cloud& cloud, Services services, JoinedSessions& sessions, bool test_clock)
      : cloud_(cloud), services_(std::move(services)), sessions_(sessions), test_clock_(test_clock) {}

  awaitable<void> serve(net::Exchange& exchange);

 private:
  // `streamed`: the exchange of a request whose answer is streamed; nullopt once that is answered.
  awaitable<std::optional<net::Response>> call_service(net::Request request, net::Exchange* streamed);
  awaitable<void> serve_control(net::Exchange& exchange);
  net::Response control(const net::Request& request, std::string_view path);
  net::Response advance_clock(const net::Request& request);

  Cloud& cloud_;
  Services services_;
  JoinedSessions& sessions_;
  bool test_clock_;
};

// Names that lead to this machine or that only AWS owns, so that a web page of someone else's name cannot (DNS
// rebinding): 127.0.0.1, [::1], localhost, *.localhost, *.amazonaws.com, *.on.aws, with any port.
bool is_allowed_host(std::string_view host);

// The data plane of an API, by path or by host: its id and the target that follows; nullopt for anything else.
struct ApiAddress {
  std::string api_id;
  std::string target;
};
std::optional<ApiAddress> api_address(std::string_view host, std::string_view target);
// The same of a function URL: /_aws/lambda-url/{id}/…, or the host {id}.lambda-url.….
std::optional<ApiAddress> url_address(std::string_view host, std::string_view target);

// Is the request for an operation whose answer is streamed (InvokeWithResponseStream)?
bool streams_answer(const net::Request& request);

// An error in the protocol that the request speaks.
net::Response failure_in_protocol_of(const Call& call, const base::Error& error);

}  // namespace localcloud
