// The data plane of WebSocket APIs (aws-facts §1, §2): the upgrade with its $connect route and IAM, frames that select
// a route, MOCK and Lambda integrations, the limits of frames, messages and time, and the @connections API.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/task_group.h"
#include "localcloud/apigateway/apigateway.h"
#include "localcloud/apigateway/authorizer.h"
#include "localcloud/apigateway/connection.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/mapping_template.h"
#include "localcloud/apigateway/recorder.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "net/http_server.h"

namespace localcloud {

class WebSocketGateway {
 public:
  WebSocketGateway(Cloud& cloud, const GatewayStore& store, Throttles& throttles, const WebSocketOptions& options)
      : cloud_(cloud),
        store_(store),
        throttles_(throttles),
        large_messages_(options.large_messages),
        recorder_(options.record_file),
        authorizers_(cloud, store) {}

  // Serves one request to `stage`: an upgrade, for as long as its connection lives. The API must exist.
  awaitable<void> serve(net::Exchange& exchange, std::string api_id, std::string stage);
  // POST, GET, DELETE of /{stage}/@connections/{id}; `id` decoded.
  net::Response connections_api(const net::Request& request, std::string_view api_id, std::string_view stage,
                                std::string_view id);

  std::size_t cut_all() { return connections_.cut_all(); }
  void close_all(std::string_view api_id) { connections_.close_all(api_id); }

 private:
  // One message on its way to a route.
  struct Event {
    std::shared_ptr<Connection> connection;
    std::string type;  // CONNECT, MESSAGE, DISCONNECT
    std::string route_key;
    std::string request_id;
    std::string body;
    net::Request upgrade = {};  // of CONNECT
  };
  // What a route's integration said; nullopt: it failed.
  struct Outcome {
    int status = 200;
    std::string body;
  };

  awaitable<std::optional<net::Response>> connect(std::shared_ptr<Connection> connection, net::Request upgrade);
  base::Result<> check_caller(const net::Request& request, const std::string& action,
                              const std::string& resource) const;
  bool too_many_connections();
  // Is one more use of the route within the account's limits and the stage's?
  bool admit(const Connection& connection, std::string_view route_key);
  awaitable<void> live(std::shared_ptr<Connection> connection);
  awaitable<void> read(std::shared_ptr<Connection> connection, base::TaskGroup& tasks);
  awaitable<void> watch_limits(std::shared_ptr<Connection> connection);
  awaitable<void> handle_message(std::shared_ptr<Connection> connection, std::string text);
  awaitable<void> disconnect(std::shared_ptr<Connection> connection);
  awaitable<std::optional<Outcome>> run_integration(std::shared_ptr<const Definition> definition, Route route,
                                                    Event event);
  std::shared_ptr<const Definition> served(const Connection& connection) const;
  TemplateScope scope_of(const Event& event) const;
  awaitable<std::optional<Outcome>> run_service(Integration integration, TemplateScope scope);
  json::object request_context(const Event& event) const;
  // The event of a route without its body.
  json::object route_event(const Event& event) const;
  std::string lambda_event(const Event& event) const;
  // Asks the authorizer of $connect and keeps on the connection what it says. nullopt: the caller may connect.
  awaitable<std::optional<Failure>> ask_authorizer(std::shared_ptr<const Definition> definition, Route route,
                                                   Event event);
  std::map<std::string, std::string> stage_variables(const Connection& connection) const;
  void answer(const std::shared_ptr<Connection>& connection, std::string text);

  Cloud& cloud_;
  const GatewayStore& store_;
  Throttles& throttles_;
  const LargeMessages large_messages_;
  Recorder recorder_;
  Connections connections_;
  Authorizers authorizers_;
  base::WallTime second_{};  // of the connection rate
  int connected_in_second_ = 0;
};

}  // namespace localcloud
