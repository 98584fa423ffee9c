#include "net/websocket.h"

#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "net/beast_stream.h"
#include "net/turns.h"
#include "net/websocket_accept.h"

namespace net {
namespace {

namespace websocket = boost::beast::websocket;
using Engine = websocket::stream<Stream, false>;  // without compression

constexpr auto kWriteTimeout = std::chrono::seconds(30);  // a peer that takes nothing for so long is dropped
constexpr auto kCloseTimeout = std::chrono::seconds(1);
constexpr std::uint16_t kNoCloseFrame = 1006;  // RFC 6455 §7.1.5
constexpr std::size_t kWriteBuffer = 16 * 1024;

// Shared by the WebSocket and by every coroutine that works for it, so that each may end first.
struct State {
  State(Stream opened, std::size_t longest) : stream(opened), engine(std::move(opened)), max_message(longest) {
    engine.read_message_max(max_message);
    engine.auto_fragment(false);
    engine.write_buffer_bytes(kWriteBuffer);
  }

  void control_frame(websocket::frame_type kind) {
    auto callback = kind == websocket::frame_type::pong   ? on_pong
                    : kind == websocket::frame_type::ping ? on_ping
                                                          : nullptr;
    if (callback) callback();
  }

  Stream stream;
  Engine engine;
  std::size_t max_message;
  std::function<void()> on_pong;
  std::function<void()> on_ping;
  std::shared_ptr<Turns> writes = std::make_shared<Turns>();
  bool closing = false;
};

base::Error ended(std::string message, int status = 0) {
  return base::Error{.kind = base::ErrorKind::transport, .message = std::move(message), .status = status};
}

awaitable<base::Result<WebSocketMessage>> read_from(std::shared_ptr<State> state) {
  WebSocketMessage message;
  auto buffer = asio::dynamic_buffer(message.data);
  error_code error;
  co_await state->engine.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    co_await checkpoint();
    state->stream.close();
    if (error == websocket::error::message_too_big) {
      co_return base::fail(
          ended(fmt::format("the peer sent a message of more than {} bytes", state->max_message), kNoCloseFrame));
    }
    int code = state->engine.reason().code;
    co_return base::fail(ended(code == 0 ? "the WebSocket broke: " + error.message()
                                         : fmt::format("the peer closed the WebSocket with code {}", code),
                               code == 0 ? kNoCloseFrame : code));
  }
  message.binary = state->engine.got_binary();
  message.largest_frame = state->stream.take_largest_frame();
  co_return message;
}

awaitable<error_code> write_frames(std::shared_ptr<State> state, std::shared_ptr<const std::string> text,
                                   std::size_t frame_size) {
  error_code error;
  state->engine.text(true);
  std::string_view rest = *text;
  do {
    std::string_view piece = rest.substr(0, frame_size);
    rest.remove_prefix(piece.size());
    co_await state->engine.async_write_some(rest.empty(), asio::buffer(piece.data(), piece.size()),
                                            asio::redirect_error(asio::use_awaitable, error));
  } while (!error && !rest.empty());
  co_return error;
}

base::Result<> written(const std::shared_ptr<State>& state, error_code error, bool too_late) {
  if (!error) return {};
  state->stream.close();
  return base::fail(
      ended(too_late ? "the peer of the WebSocket takes nothing" : "the WebSocket broke: " + error.message()));
}

awaitable<base::Result<>> send_to(std::shared_ptr<State> state, std::string text, std::size_t frame_size) {
  Turn turn(state->writes, state->engine.get_executor());
  co_await turn.come();
  Deadline deadline(state->stream, kWriteTimeout);
  error_code error = co_await write_frames(state, std::make_shared<const std::string>(std::move(text)),
                                           std::max<std::size_t>(frame_size, 1));
  if (error) co_await checkpoint();
  co_return written(state, error, deadline.passed());
}

awaitable<base::Result<>> ping_to(std::shared_ptr<State> state) {
  Turn turn(state->writes, state->engine.get_executor());
  co_await turn.come();
  Deadline deadline(state->stream, kWriteTimeout);
  error_code error;
  co_await state->engine.async_ping({}, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_await checkpoint();
  co_return written(state, error, deadline.passed());
}

awaitable<void> close_with(std::shared_ptr<State> state, std::uint16_t code, std::string reason) {
  if (std::exchange(state->closing, true)) co_return;
  constexpr std::size_t kMaxReason = 123;  // what a control frame holds
  Deadline deadline(state->stream, kCloseTimeout);
  reason.resize(std::min(reason.size(), kMaxReason));
  websocket::close_reason frame(static_cast<websocket::close_code>(code), boost::beast::string_view(reason));
  error_code ignored;
  co_await state->engine.async_close(frame, asio::redirect_error(asio::use_awaitable, ignored));
  state->stream.close();
}

class BeastWebSocket final : public WebSocket {
 public:
  explicit BeastWebSocket(std::shared_ptr<State> state) : state_(std::move(state)) {
    state_->engine.control_callback(
        [weak = std::weak_ptr(state_)](websocket::frame_type kind, boost::beast::string_view) {
          if (auto state = weak.lock()) state->control_frame(kind);
        });
  }
  ~BeastWebSocket() override {
    state_->on_pong = nullptr;
    state_->on_ping = nullptr;
    state_->stream.close();
  }
  BeastWebSocket(const BeastWebSocket&) = delete;
  BeastWebSocket& operator=(const BeastWebSocket&) = delete;

  awaitable<base::Result<WebSocketMessage>> read() override { return read_from(state_); }
  awaitable<base::Result<>> send_text(std::string text) override {
    return send_to(state_, std::move(text), std::string::npos);
  }
  awaitable<base::Result<>> send_fragmented(std::string text, std::size_t frame_size) override {
    return send_to(state_, std::move(text), frame_size);
  }
  awaitable<base::Result<>> ping() override { return ping_to(state_); }
  void on_pong(std::function<void()> callback) override { state_->on_pong = std::move(callback); }
  void on_ping(std::function<void()> callback) override { state_->on_ping = std::move(callback); }
  awaitable<void> close(std::uint16_t code, std::string reason) override {
    return close_with(state_, code, std::move(reason));
  }
  void abort() override { state_->stream.close(); }

 private:
  std::shared_ptr<State> state_;
};

template <typename Message>
void set_fields(Message& message, const Headers& headers) {
  for (const auto& [name, value] : headers) message.set(name, value);
}

base::Error refusal(const Url& url, const websocket::response_type& response) {
  base::Error error{
      .kind = base::ErrorKind::service,
      .message = fmt::format("{} refused the WebSocket with status {}", url.origin(), response.result_int()),
      .status = static_cast<int>(response.result_int())};
  error.code = std::string(response["x-amzn-ErrorType"]);
  return error;
}

}  // namespace

awaitable<base::Result<std::unique_ptr<WebSocket>>> connect_websocket(Url url, WebSocketOptions options,
                                                                      std::shared_ptr<TlsContext> tls) {
  const auto end = std::chrono::steady_clock::now() + options.timeout;
  const Proxy* proxy = options.proxies ? options.proxies->proxy_of(url) : nullptr;
  CO_TRY(auto stream, co_await open_stream(url, options.timeout, std::move(tls),
                                           proxy == nullptr ? std::nullopt : std::optional(*proxy)));
  auto state = std::make_shared<State>(std::move(stream), options.max_message);
  state->engine.set_option(websocket::stream_base::decorator(
      [headers = std::move(options.headers)](websocket::request_type& request) { set_fields(request, headers); }));
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  Deadline deadline(state->stream, std::max(left, std::chrono::milliseconds(1)));
  websocket::response_type response;
  error_code error;
  co_await state->engine.async_handshake(response, url.authority(), url.target,
                                         asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return std::make_unique<BeastWebSocket>(state);
  co_await checkpoint();
  state->stream.close();
  if (error == websocket::error::upgrade_declined) co_return base::fail(refusal(url, response));
  co_return base::fail(base::ErrorKind::connect,
                       fmt::format("no WebSocket to {}: {}", url.origin(),
                                   deadline.passed() ? "the upgrade was not answered in time" : error.message()));
}

awaitable<base::Result<std::unique_ptr<WebSocket>>> accept_websocket(Stream stream, HttpRequest request,
                                                                     Headers headers, std::size_t max_message) {
  stream.measure_frames();
  auto state = std::make_shared<State>(std::move(stream), max_message);
  state->engine.set_option(websocket::stream_base::decorator(
      [headers = std::move(headers)](websocket::response_type& response) { set_fields(response, headers); }));
  Deadline deadline(state->stream, kWriteTimeout);
  error_code error;
  co_await state->engine.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
  if (!error) co_return std::make_unique<BeastWebSocket>(state);
  co_await checkpoint();
  bool refused = error.category() == websocket::make_error_code(websocket::error::no_host).category();
  co_return base::fail(refused ? base::ErrorKind::invalid_input : base::ErrorKind::transport,
                       "no WebSocket with the client: " + error.message());
}

}  // namespace net
