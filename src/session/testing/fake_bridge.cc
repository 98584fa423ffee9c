#include "session/testing/fake_bridge.h"

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "bridge/plain_text.h"
#include "codec/json.h"
#include "net/url.h"

namespace session::testing {
namespace {

namespace json = codec::json;

json::object to_json(const bridge::Item& item) {
  json::object object;
  for (const auto& [name, value] : item) {
    json::object attribute;
    if (const auto* text = std::get_if<std::string>(&value)) attribute["S"] = *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) attribute["N"] = std::to_string(*number);
    object[name] = attribute;
  }
  return object;
}

bridge::Item to_item(const json::value& value) {
  bridge::Item item;
  for (const auto& [name, attribute] : value.as_object()) {
    if (const auto* text = codec::find(attribute, "S")) {
      item[name] = std::string(text->as_string());
    } else {
      item[name] = static_cast<std::int64_t>(std::stoll(codec::find_string(attribute, "N")));
    }
  }
  return item;
}

// "attribute_not_exists(pk)" and comparisons by = and <, joined by AND; anything else throws.
bool holds(std::string condition, const json::value& request, const std::optional<bridge::Item>& item) {
  if (condition.empty()) return true;
  if (condition == "attribute_not_exists(pk)") return !item;
  if (!item) return false;
  auto values = to_item(*codec::find(request, "ExpressionAttributeValues"));
  while (!condition.empty()) {
    std::size_t end = condition.find(" AND ");
    std::string clause = condition.substr(0, end);
    condition.erase(0, end == std::string::npos ? end : end + 5);
    std::size_t first = clause.find(' ');
    std::size_t second = clause.rfind(' ');
    std::string name = codec::find_string(request, "ExpressionAttributeNames", clause.substr(0, first));
    const auto& wanted = values.at(clause.substr(second + 1));
    std::string sign = clause.substr(first + 1, second - first - 1);
    auto there = item->find(name);
    if (there == item->end()) return false;
    if (sign != "=" && sign != "<") throw std::runtime_error("a condition that the fake does not know");
    if (sign == "=" && there->second != wanted) return false;
    if (sign == "<" && !(there->second < wanted)) return false;
  }
  return true;
}

net::Response answer(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/x-amz-json-1.0"}}, codec::to_text(body)};
}

}  // namespace

FakeBridge::FakeBridge(boost::asio::any_io_executor executor) : tasks_(executor) {
  auto server = net::listen_http(executor, {}, [this](net::Exchange& exchange) { return handle(exchange); });
  if (!server) throw std::runtime_error(server.error().message);
  server_ = std::move(*server);
  tasks_.spawn(server_->run());
}

std::string FakeBridge::url() const {
  return fmt::format("ws://127.0.0.1:{}/live", server_->port());
}
std::string FakeBridge::endpoint() const {
  return fmt::format("http://127.0.0.1:{}", server_->port());
}

awaitable<void> FakeBridge::close() {
  co_await tasks_.close();
  sockets_.clear();
  server_.reset();
}

awaitable<void> FakeBridge::send(std::string connection_id, std::string text) {
  auto socket = sockets_.at(connection_id);
  co_await socket->send_text(std::move(text));
}

void FakeBridge::cut(const std::string& connection_id) {
  sockets_.at(connection_id)->abort();
}

std::optional<bridge::Registration> FakeBridge::registration() const {
  if (!item) return std::nullopt;
  return bridge::from_item(*item).value();
}

awaitable<void> FakeBridge::handle(net::Exchange& exchange) {
  const net::Request& request = exchange.request();
  if (exchange.wants_websocket()) {
    co_await serve_socket(exchange);
    co_return;
  }
  std::string operation = request.headers.get_or("X-Amz-Target", "");
  net::Response response{404, {}, ""};
  if (operation == "DynamoDB_20120810.GetItem") response = get_item();
  if (operation == "DynamoDB_20120810.PutItem") {
    response = put_item(request.body);
    if (lose_answers_of_puts > 0) {
      --lose_answers_of_puts;
      response = {500, {}, "{\"__type\":\"InternalServerError\"}"};
    }
  }
  if (request.target.starts_with("/live/@connections/")) response = connection_request(request);
  co_await exchange.respond(std::move(response));
}

awaitable<void> FakeBridge::serve_socket(net::Exchange& exchange) {
  bool is_signed = exchange.request().headers.get_or("Authorization", "").find("/execute-api/") != std::string::npos;
  int refusal = refuse_upgrades != 0 ? refuse_upgrades : is_signed ? 0 : 403;
  if (refusal != 0) {
    ++refusals;
    co_await exchange.respond({refusal, {{"x-amzn-ErrorType", "ForbiddenException"}}, R"({"message":"Forbidden"})"});
    co_return;
  }
  auto accepted = co_await exchange.accept_websocket({}, 1024 * 1024);
  if (!accepted) co_return;
  std::shared_ptr<net::WebSocket> socket = std::move(*accepted);
  std::string id = fmt::format("session-{}=", connections.size());
  connections.push_back(id);
  sockets_[id] = socket;
  while (true) {
    auto message = co_await socket->read();
    if (!message) break;
    if (message->data != bridge::kHelloText) continue;
    ++hellos;
    if (!answer_hello) continue;
    json::object hello{{"connectionId", id},
                       {"requestTimeEpoch", std::to_string(base::epoch_ms(base::SystemClock().wall_now()))}};
    co_await socket->send_text(codec::to_text(hello));
  }
  sockets_.erase(id);
}

awaitable<void> FakeBridge::close_as_too_big(std::string connection_id) {
  auto socket = sockets_.at(connection_id);
  co_await socket->close(1009, "Message too long");
}

net::Response FakeBridge::connection_request(const net::Request& request) {
  std::string id = net::percent_decode(request.target.substr(std::string_view("/live/@connections/").size()));
  if (request.method == "DELETE") {
    deleted.push_back(id);
    return {204, {}, ""};
  }
  if (!refuse_posts_of.empty() &&
      request.headers.get_or("Authorization", "").find("Credential=" + refuse_posts_of + "/") != std::string::npos) {
    return {403, {{"x-amzn-ErrorType", "ExpiredTokenException"}}, R"({"message":"expired"})"};
  }
  if (auto session = sockets_.find(id); session != sockets_.end() && to_sessions != ToSessions::swallow) {
    bool refused = to_sessions == ToSessions::refuse_large && request.body.size() > bridge::kDefaultMaxMessage;
    tasks_.spawn(refused ? close_as_too_big(id) : send(id, request.body));
    return {200, {}, ""};
  }
  posts.push_back({id, request.body});
  int status = on_post ? on_post(posts.back()) : 200;
  if (status == 200) return {200, {}, ""};
  json::object body{{"message", "no"}};
  return {status, {{"x-amzn-ErrorType", post_error}}, codec::to_text(body)};
}

net::Response FakeBridge::get_item() {
  ++gets;
  json::object body;
  if (item) body["Item"] = to_json(*item);
  return answer(200, body);
}

net::Response FakeBridge::put_item(const std::string& body) {
  ++puts;
  if (before_next_put) std::exchange(before_next_put, nullptr)();
  json::value request = codec::parse_json(body).value();
  if (holds(codec::find_string(request, "ConditionExpression"), request, item)) {
    item = to_item(*codec::find(request, "Item"));
    return answer(200, json::object());
  }
  json::object failed{{"__type", "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"},
                      {"message", "The conditional request failed"}};
  if (item && codec::find_string(request, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD") {
    failed["Item"] = to_json(*item);
  }
  return answer(400, failed);
}

bridge::Registration foreign_registration(const std::string& owner, const std::string& connection_id,
                                          const std::string& endpoint) {
  bridge::Registration registration = bridge::new_registration();
  registration.link = 7;
  registration.owner = owner;
  registration.connection_id = connection_id;
  registration.endpoint = endpoint;
  return registration;
}

}  // namespace session::testing
