#include "runtime_api/endpoint.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "codec/base64.h"
#include "net/web_page.h"

namespace runtime_api {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kPrefix = "/2018-06-01/runtime/";
constexpr std::string_view kNext = "/2018-06-01/runtime/invocation/next";
constexpr std::string_view kExtensionPrefix = "/2020-01-01/extension/";
constexpr std::string_view kTelemetry = "/2022-07-01/telemetry";
constexpr std::string_view kLogs = "/2020-08-15/logs";
constexpr std::size_t kMaxBody = 256UL * 1024 * 1024;  // far over Lambda's limit, so that our own 413 has its words

net::Response accepted() {
  return net::Response{
      .status = 202, .headers = {{"Content-Type", "application/json"}}, .body = "{\"status\":\"OK\"}\n"};
}

net::Response event_response(InvocationEvent event) {
  net::Response response{.status = 200, .headers = {}, .body = std::move(event.body)};
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) response.headers.add(name, std::move(value));
  };
  add("Content-Type", "application/json");
  add("Lambda-Runtime-Aws-Request-Id", std::move(event.request_id));
  add("Lambda-Runtime-Deadline-Ms", fmt::format("{}", base::epoch_ms(event.deadline)));
  add("Lambda-Runtime-Invoked-Function-Arn", std::move(event.function_arn));
  add("Lambda-Runtime-Trace-Id", std::move(event.trace_id));
  add("Lambda-Runtime-Client-Context", std::move(event.client_context));
  add("Lambda-Runtime-Cognito-Identity", std::move(event.cognito_identity));
  add("Lambda-Runtime-Aws-Tenant-Id", std::move(event.tenant_id));
  return response;
}

Answer take_answer(net::Request& request, bool failure) {
  return Answer{
      .failure = failure,
      .body = std::move(request.body),
      .content_type = request.headers.get_or("Content-Type", "application/json"),
      .error_type = failure ? request.headers.get_or("Lambda-Runtime-Function-Error-Type", "") : "",
      .xray_error_cause = failure ? request.headers.get_or("Lambda-Runtime-Function-XRay-Error-Cause", "") : ""};
}

// "invocation/{id}/response" → id and the last word; empty if it is something else.
std::pair<std::string_view, std::string_view> split_invocation(std::string_view path) {
  constexpr std::string_view kInvocation = "invocation/";
  if (!path.starts_with(kInvocation)) return {};
  path.remove_prefix(kInvocation.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

constexpr std::string_view kResponseMode = "Lambda-Runtime-Function-Response-Mode";

// Lambda goes by how it was invoked (directinvoke.go of its emulator), so a client may stream without saying so: Go's
// does with what its handler reads from, and sends JSON in chunks too, of which it has all.
bool is_streamed(const net::Headers& headers) {
  if (auto mode = headers.get(kResponseMode)) return net::same_name(*mode, "streaming");
  return headers.has("Transfer-Encoding") &&
         !headers.get_or("Content-Type", "application/json").starts_with("application/json");
}

// The request id of a streamed response; "" if it is something else.
std::string_view streamed_invocation(const net::Request& request) {
  std::string_view path = request.target;
  if (request.method != "POST" || !path.starts_with(kPrefix)) return {};
  const auto [request_id, action] = split_invocation(path.substr(kPrefix.size()));
  return action == "response" && is_streamed(request.headers) ? request_id : std::string_view();
}

Answer too_large(std::size_t limit) {
  return make_failure("Function.ResponseSizeTooLarge",
                      fmt::format("Response payload size exceeded maximum allowed payload size ({} bytes).", limit));
}

net::Response too_large_response(std::size_t limit) {
  return error_response(413, "RequestEntityTooLarge",
                        fmt::format("Exceeded maximum allowed payload size ({} bytes).", limit));
}

awaitable<void> respond(net::Exchange& exchange, net::Response response) {
  if (auto sent = co_await exchange.respond(std::move(response)); !sent) {
    base::log_debug("runtime API: an answer did not reach who asked: {}", sent.error().message);
  }
}

}  // namespace

Endpoint::Endpoint(EndpointCallbacks callbacks) : callbacks_(std::move(callbacks)) {}

base::Result<std::unique_ptr<Endpoint>> Endpoint::listen(asio::any_io_executor executor, EndpointCallbacks callbacks) {
  std::unique_ptr<Endpoint> endpoint(new Endpoint(std::move(callbacks)));
  net::ServerOptions options;
  options.max_body = kMaxBody;
  options.streams_body = [](const net::Request& head) { return !streamed_invocation(head).empty(); };
  auto* self = endpoint.get();
  TRY(endpoint->server_, net::listen_http(std::move(executor), std::move(options),
                                          [self](net::Exchange& exchange) { return self->handle(exchange); }));
  return endpoint;
}

std::string Endpoint::address() const {
  return fmt::format("127.0.0.1:{}", server_->port());
}

awaitable<void> Endpoint::run() {
  co_await server_->run();
}

void Endpoint::offer(InvocationEvent event) {
  offered_ = std::move(event);
  changed_.notify_all();
}

void Endpoint::extension_gone(const std::string& name) {
  extensions_.gone(name);
  tell_waiting();
}

void Endpoint::shut_down_extensions(std::string_view reason, base::WallTime deadline) {
  extensions_.shut_down(reason, deadline);
  changed_.notify_all();
}

// After anything that the next event waits for.
void Endpoint::tell_waiting() {
  if (state_.phase() == Phase::waiting && extensions_.all_ready()) callbacks_.waiting();
  changed_.notify_all();
}

awaitable<void> Endpoint::handle(net::Exchange& exchange) {
  auto& request = exchange.request();
  net::Response response;
  const std::string target = request.target;
  std::string_view path = target;
  if (request.headers.get_or("Host", "") != address() || net::comes_from_web_page(request.headers)) {
    response = error_response(403, "InvalidHost", "This Runtime API is for a worker, which knows it by its address");
  } else if (path.starts_with(kExtensionPrefix)) {
    co_await handle_extension(exchange, path.substr(kExtensionPrefix.size()));
    co_return;
  } else if (request.method == "GET" && path == kNext) {
    co_await handle_next(exchange);
    co_return;
  } else if (request.method == "PUT" && (path == kTelemetry || path == kLogs)) {
    const std::string_view what = path == kLogs ? "Logs" : "Telemetry";
    response = error_response(202, fmt::format("{}.NotSupported", what), fmt::format("{} API is not supported", what));
  } else if (const auto request_id = streamed_invocation(request); !request_id.empty()) {
    co_await handle_stream(exchange, std::string(request_id));
    co_return;
  } else {
    response = handle_runtime(request, path);
  }
  co_await respond(exchange, std::move(response));
}

net::Response Endpoint::handle_runtime(net::Request& request, std::string_view path) {
  if (request.method == "POST" && path.starts_with(kPrefix)) {
    path.remove_prefix(kPrefix.size());
    const auto [request_id, action] = split_invocation(path);
    if (path == "init/error") return handle_init_error(request);
    if (action == "response" || action == "error") return handle_answer(request, request_id, action == "error");
  }
  return error_response(404, "NotFound",
                        fmt::format("livelambda does not serve {} {}", request.method, request.target));
}

awaitable<void> Endpoint::handle_extension(net::Exchange& exchange, std::string_view path) {
  auto& request = exchange.request();
  net::Response response;
  if (request.method == "GET" && path == "event/next") {
    co_await handle_extension_next(exchange);
    co_return;
  }
  if (request.method == "POST" && path == "register") {
    response = extensions_.register_one(request);
  } else if (request.method == "POST" && (path == "init/error" || path == "exit/error")) {
    response = extensions_.fail(request, path == "init/error");
  } else {
    response =
        error_response(404, "NotFound", fmt::format("livelambda does not serve {} {}", request.method, request.target));
  }
  if (callbacks_.extension_called) callbacks_.extension_called();
  co_await respond(exchange, std::move(response));
}

awaitable<void> Endpoint::handle_extension_next(net::Exchange& exchange) {
  auto answer = extensions_.next(exchange.request());
  if (!answer) tell_waiting();
  while (!answer && !(answer = extensions_.take_event(exchange.request()))) co_await changed_.wait();
  co_await respond(exchange, std::move(*answer));
}

awaitable<void> Endpoint::handle_next(net::Exchange& exchange) {
  auto refused = state_.next();
  const auto mine = ++asked_;
  if (refused) {
    changed_.notify_all();
  } else {
    extensions_.close_registration();
    tell_waiting();  // and an older call that still waits, on a connection that broke, gives way
    while (!(offered_ && extensions_.all_ready()) && mine == asked_) co_await changed_.wait();
    if (mine != asked_) refused = error_response(403, "Superseded", "The runtime asked for the next event again");
  }
  net::Response response;
  if (refused) {
    response = std::move(*refused);
  } else {
    state_.hand_over(offered_->request_id);
    extensions_.invoke(*offered_);
    changed_.notify_all();
    response = event_response(*std::exchange(offered_, std::nullopt));
    callbacks_.handed_over();
  }
  // If this does not arrive, the process is gone or will be: its owner sees that, or the deadline.
  co_await respond(exchange, std::move(response));
}

// Trailers tell of an error that came after the first bytes (aws-facts §4).
awaitable<void> Endpoint::handle_stream(net::Exchange& exchange, std::string request_id) {
  if (auto refused = state_.answer(request_id, false)) {
    co_await respond(exchange, std::move(*refused));
    co_return;
  }
  const net::Request& request = exchange.request();
  callbacks_.stream_begun(request.headers.get_or("Content-Type", "application/octet-stream"));
  std::size_t size = 0;
  for (;;) {
    auto piece = co_await exchange.read_piece();
    if (!piece) {
      Answer cut_off = make_failure("Runtime.TruncatedResponse", "The response was cut off before its end");
      cut_off.streamed = true;
      callbacks_.answered(std::move(cut_off));
      co_await respond(exchange, error_response(400, "TruncatedResponse", piece.error().message));
      co_return;
    }
    if (piece->empty()) break;
    size += piece->size();
    if (size > kMaxStreamedResponse) {
      Answer answer = too_large(kMaxStreamedResponse);
      answer.streamed = true;
      callbacks_.answered(std::move(answer));
      co_await respond(exchange, too_large_response(kMaxStreamedResponse));
      co_return;
    }
    if (!co_await callbacks_.stream_piece(std::move(*piece))) break;
  }
  Answer answer{.failure = false, .body = {}, .content_type = {}, .error_type = {}, .xray_error_cause = {}};
  if (auto type = request.headers.get("Lambda-Runtime-Function-Error-Type")) {
    answer.failure = true;
    answer.error_type = *type;
    answer.content_type = "application/json";
    answer.body = codec::base64_decode(request.headers.get_or("Lambda-Runtime-Function-Error-Body", "")).value_or("");
  }
  answer.streamed = true;
  callbacks_.answered(std::move(answer));
  co_await respond(exchange, accepted());
}

net::Response Endpoint::handle_answer(net::Request& request, std::string_view request_id, bool failure) {
  const auto mode = request.headers.get_or(kResponseMode, "");
  if (!mode.empty() && !net::same_name(mode, "streaming")) {
    return error_response(400, "InvalidFunctionResponseMode", "Invalid function response mode");
  }
  if (auto refused = state_.answer(request_id, failure)) return *refused;

  const auto size = request.body.size();
  if (size > kMaxResponse) {
    callbacks_.answered(too_large(kMaxResponse));
    return too_large_response(kMaxResponse);
  }
  callbacks_.answered(take_answer(request, failure));
  return accepted();
}

net::Response Endpoint::handle_init_error(net::Request& request) {
  if (auto refused = state_.init_error()) return *refused;
  callbacks_.init_failed(take_answer(request, true));
  return accepted();
}

}  // namespace runtime_api
