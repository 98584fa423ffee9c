#include "localcloud/apigateway/websocket_gateway.h"

#include <fmt/format.h>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <tuple>

#include "base/ids.h"
#include "base/log.h"
#include "localcloud/apigateway/function_call.h"
#include "localcloud/apigateway/route_match.h"
#include "localcloud/http_text.h"
#include "localcloud/iam/iam.h"
#include "localcloud/service.h"

namespace localcloud {

namespace asio = boost::asio;

namespace {

constexpr base::Millis kIdleLimit = std::chrono::minutes(10);
constexpr base::Millis kConnectionLimit = std::chrono::hours(2);
constexpr int kConnectionsPerSecond = 500;
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kUnsupportedData = 1003;

// With the blank that AWS writes after the first colon.
std::string error_frame(std::string_view message, std::string_view connection_id, std::string_view request_id) {
  return fmt::format(R"({{"message": "{}", "connectionId":"{}", "requestId":"{}"}})", message, connection_id,
                     request_id);
}

}  // namespace

std::shared_ptr<const Definition> WebSocketGateway::served(const Connection& connection) const {
  const Api* api = store_.find(connection.api_id);
  return api == nullptr ? nullptr : api->served(connection.stage);
}

bool WebSocketGateway::too_many_connections() {
  auto now = cloud_.clock->now();
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    connected_in_second_ = 0;
  }
  return ++connected_in_second_ > kConnectionsPerSecond;
}

bool WebSocketGateway::admit(const Connection& connection, std::string_view route_key) {
  auto now = cloud_.clock->now();
  const Api* api = store_.find(connection.api_id);
  if (api == nullptr) return throttles_.admit(now);
  auto stage = api->stages.find(connection.stage);
  if (stage != api->stages.end() &&
      !throttles_.admit(connection.api_id, connection.stage, stage->second.throttling, route_key, now)) {
    return false;
  }
  return throttles_.admit(now);
}

base::Result<> WebSocketGateway::check_caller(const net::Request& request, const std::string& action,
                                              const std::string& resource) const {
  TRY(auto verified, check_signature(*cloud_.iam, request, request.headers.get_or("Host", "")));
  if (verified.service != "execute-api") {
    return aws_error(403, "InvalidSignatureException",
                     fmt::format("Credential should be scoped to correct service: 'execute-api'."));
  }
  if (verified.region != cloud_.region) {
    return aws_error(403, "InvalidSignatureException",
                     fmt::format("Credential should be scoped to a valid region, not '{}'.", verified.region));
  }
  return cloud_.iam->authorize(verified.principal, action, resource);
}

awaitable<void> WebSocketGateway::serve(net::Exchange& exchange, std::string api_id, std::string stage) {
  auto connection = std::make_shared<Connection>();
  connection->id = GatewayStore::random_token();
  connection->large_messages = large_messages_;
  connection->api_id = std::move(api_id);
  connection->stage = std::move(stage);
  connection->source_ip = exchange.remote_address();
  connection->user_agent = exchange.request().headers.get_or("User-Agent", "");
  connection->connected_at = connection->last_active = cloud_.clock->now();
  std::optional<net::Response> refused;
  if (!served(*connection) || !exchange.wants_websocket()) {
    refused = message_response(403, "Forbidden");
  } else if (too_many_connections() || !admit(*connection, "$connect")) {
    refused = message_response(429, "Too Many Requests");
  } else {
    refused = co_await connect(connection, exchange.request());
  }
  if (refused) {
    refused->headers.add("x-amzn-RequestId", base::random_uuid());
    std::ignore = co_await exchange.respond(std::move(*refused));
    co_return;
  }
  auto socket = co_await exchange.accept_websocket({}, kMaxMessage);
  if (!socket) {
    co_await disconnect(connection);
    co_return;
  }
  connection->socket = std::move(*socket);
  co_await live(connection);
}

// The $connect route: who may connect, and what its integration, which is optional, says to it.
awaitable<std::optional<net::Response>> WebSocketGateway::connect(std::shared_ptr<Connection> connection,
                                                                  net::Request upgrade) {
  auto definition = served(*connection);
  const Route* route = route_by_key(*definition, "$connect");
  if (route == nullptr) co_return std::nullopt;
  if (route->access.iam) {
    auto allowed =
        check_caller(upgrade, "execute-api:Invoke", store_.arn_of(connection->api_id, connection->stage + "/$connect"));
    if (!allowed) {
      auto response = message_response(403, allowed.error().message);
      response.headers.add("x-amzn-ErrorType", allowed.error().code);
      co_return response;
    }
  }
  Event event{.connection = connection,
              .type = "CONNECT",
              .route_key = "$connect",
              .request_id = GatewayStore::random_token(),
              .body = {},
              .upgrade = std::move(upgrade)};
  if (!route->access.authorizer.empty()) {
    auto failure = co_await ask_authorizer(definition, *route, event);
    if (failure) co_return failure_response(GatewayKind::websocket, *failure);
  }
  if (route->integration.empty()) co_return std::nullopt;
  auto outcome = co_await run_integration(definition, *route, std::move(event));
  if (!outcome) co_return message_response(500, "Internal server error");
  if (outcome->status >= 200 && outcome->status < 300) co_return std::nullopt;
  co_return message_response(outcome->status,
                             outcome->status == 403 || outcome->status == 401 ? "Forbidden" : "Internal server error");
}

awaitable<void> WebSocketGateway::live(std::shared_ptr<Connection> connection) {
  connections_.add(connection);
  base::TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(connection->write());
  tasks.spawn(watch_limits(connection));
  std::exception_ptr failure;
  try {
    co_await read(connection, tasks);
  } catch (...) {
    failure = std::current_exception();
  }
  connections_.remove(connection->id);
  connection->cut();
  if (failure) {  // this coroutine was cancelled, most likely: its children are awaited all the same
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }
  co_await tasks.close();
  if (failure) std::rethrow_exception(failure);
  co_await disconnect(connection);
}

awaitable<void> WebSocketGateway::read(std::shared_ptr<Connection> connection, base::TaskGroup& tasks) {
  for (;;) {
    auto message = co_await connection->socket->read();
    if (!message) co_return;
    if (!connection->open()) continue;  // closing: what still comes is not served
    connection->last_active = cloud_.clock->now();
    recorder_.record("in", connection->id, message->data);
    if (message->binary) {
      connection->close(kUnsupportedData, "Binary frames are not supported");
    } else if (message->largest_frame > kMaxFrame || message->data.size() > kMaxMessage) {
      connection->close(kTooBig, "Message too long");
    } else {
      tasks.spawn(handle_message(connection, std::move(message->data)));
    }
  }
}

// Ends the connection when no message went either way for 10 minutes, and after 2 hours, by the local clock.
awaitable<void> WebSocketGateway::watch_limits(std::shared_ptr<Connection> connection) {
  for (;;) {
    auto end = std::min(connection->last_active + kIdleLimit, connection->connected_at + kConnectionLimit);
    if (cloud_.clock->now() >= end) break;
    co_await cloud_.clock->sleep_until(end);
  }
  connection->close(kGoingAway, "Going away");
}

void WebSocketGateway::answer(const std::shared_ptr<Connection>& connection, std::string text) {
  if (!connection->open()) return;
  connection->last_active = cloud_.clock->now();
  recorder_.record("out", connection->id, text);
  connection->send(std::move(text));
}

awaitable<void> WebSocketGateway::handle_message(std::shared_ptr<Connection> connection, std::string text) {
  std::string request_id = GatewayStore::random_token();
  auto definition = served(*connection);
  const Route* route = nullptr;
  if (definition) {
    std::string key = select_route_key(definition->route_selection, text);
    if (!key.empty() && !key.starts_with('$')) route = route_by_key(*definition, key);
    if (route == nullptr) route = route_by_key(*definition, "$default");
  }
  if (route == nullptr || route->integration.empty()) {
    answer(connection, error_frame("Forbidden", connection->id, request_id));
    co_return;
  }
  if (!admit(*connection, route->key)) {
    answer(connection, error_frame("Too Many Requests", connection->id, request_id));
    co_return;
  }
  bool answers = !route->responses.empty();
  Event event{.connection = connection,
              .type = "MESSAGE",
              .route_key = route->key,
              .request_id = request_id,
              .body = std::move(text)};
  auto outcome = co_await run_integration(definition, *route, std::move(event));
  if (!outcome) {
    answer(connection, error_frame("Internal server error", connection->id, request_id));
  } else if (answers && !outcome->body.empty()) {
    answer(connection, std::move(outcome->body));
  }
}

awaitable<void> WebSocketGateway::disconnect(std::shared_ptr<Connection> connection) {
  auto definition = served(*connection);
  const Route* route = definition ? route_by_key(*definition, "$disconnect") : nullptr;
  if (route == nullptr || route->integration.empty()) co_return;
  Event event{.connection = connection,
              .type = "DISCONNECT",
              .route_key = "$disconnect",
              .request_id = GatewayStore::random_token(),
              .body = {}};
  std::ignore = co_await run_integration(definition, *route, std::move(event));
}

}  // namespace localcloud
