#include "stub/driver.h"

#include <boost/asio/this_coro.hpp>

#include "aws/dynamodb.h"
#include "aws/websocket_api.h"
#include "base/ids.h"
#include "base/log.h"
#include "bridge/plain_text.h"
#include "stub/bridge_role.h"

namespace stub {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// protocol.md, "The stub": connecting is given 1 s, a post 2 s.
constexpr aws::CallOptions kCall{.attempts = 1, .timeout = 2s, .connect_timeout = 1s};
// The machine counts every copy of a frame that may have arrived, so none is sent behind its back.
constexpr aws::CallOptions kPost{.attempts = 1, .timeout = 2s, .connect_timeout = 1s, .repeatable = false};
constexpr std::chrono::milliseconds kLargePost{5'000};  // what a post of more than bridge::kDefaultMaxMessage is given
constexpr auto kHandshake = 3s;
constexpr std::size_t kLongestSessionName = 64;  // of STS
constexpr auto kHello = 3s;

aws::ClientConfig bridge_aws(const Config& config, net::HttpClient& http, const base::Clock& clock) {
  aws::ClientConfig aws{.http = &http,
                        .clock = &clock,
                        .credentials = aws::fixed_credentials(config.credentials),
                        .region = config.region,
                        .endpoints = config.endpoints};
  if (!config.bridge_role.empty()) {
    std::string session = ("livelambda-" + config.announce.function).substr(0, kLongestSessionName);
    aws.credentials = std::make_shared<BridgeRole>(aws, config.bridge_role, std::move(session));
  }
  return aws;
}

bridge::StubOptions to_options(const Config& config) {
  return {.app = config.app,
          .stage = config.stage,
          .announce = config.announce,
          .environment = bridge::random_environment_id(),
          .streamed_url = config.streamed_url,
          .seed = base::random_seed()};
}

}  // namespace

Driver::Driver(asio::any_io_executor executor, Config config, std::shared_ptr<net::TlsContext> tls,
               const base::Clock& clock)
    : clock_(clock),
      bridge_http_(net::make_http_client(executor, tls)),
      runtime_http_(net::make_http_client(executor, nullptr)),
      tls_(std::move(tls)),
      config_(std::move(config)),
      aws_(bridge_aws(config_, *bridge_http_, clock)),
      runtime_(*runtime_http_, config_.runtime_api),
      machine_(to_options(config_)),
      lambda_wanted_(executor),
      machine_timer_(executor),
      requests_(executor),
      tasks_(executor) {}

Driver::~Driver() = default;

awaitable<void> Driver::run() {
  tasks_.spawn(keep_timer());
  perform(machine_.start(now()));
  co_await talk_to_lambda();
  co_await requests_.close();
  co_await tasks_.close();
}

void Driver::perform(bridge::StubActions actions) {
  for (auto& action : actions) actions_.push_back(std::move(action));
  if (performing_) return;
  performing_ = true;
  while (!actions_.empty()) {
    bridge::StubAction action = std::move(actions_.front());
    actions_.pop_front();
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  performing_ = false;
  machine_timer_.cancel();  // keep_timer() sets it anew
}

void Driver::act(bridge::OpenSocket) {
  tasks_.spawn(open_socket());
}

void Driver::act(bridge::StubPost post) {
  requests_.spawn(this->post(std::move(post)));
}

void Driver::act(bridge::ReadRegistration) {
  requests_.spawn(read_registration());
}

void Driver::act(bridge::Ping) {
  if (socket_) tasks_.spawn(ping(socket_));
}

// The one place that speaks to the Runtime API, so that an answer has arrived before `next` is asked.
awaitable<void> Driver::talk_to_lambda() {
  while (true) {
    while (for_lambda_.empty()) {
      lambda_wanted_.expires_at(asio::steady_timer::time_point::max());
      co_await base::wait_on(lambda_wanted_);
    }
    bridge::StubAction action = std::move(for_lambda_.front());
    for_lambda_.pop_front();
    if (std::holds_alternative<bridge::Exit>(action)) co_return;
    if (!std::holds_alternative<bridge::ReadyForNext>(action)) {
      auto told = co_await tell_lambda(std::move(action));
      if (!told) base::log_error("{}", told.error().message);
      continue;
    }
    auto invocation = co_await runtime_.next();
    if (!invocation) {
      base::log_error("the Runtime API is gone: {}", invocation.error().message);
      co_return;
    }
    co_await requests_.close();
    perform(machine_.invocation(now(), std::move(*invocation)));
  }
}

awaitable<base::Result<>> Driver::tell_lambda(bridge::StubAction answer) {
  if (auto* response = std::get_if<bridge::Respond>(&answer)) {
    co_return co_await runtime_.respond(std::move(response->request_id), std::move(response->headers),
                                        std::move(response->body));
  }
  if (auto* error = std::get_if<bridge::RespondError>(&answer)) {
    co_return co_await runtime_.respond_error(std::move(error->request_id), std::move(error->error_type),
                                              std::move(error->headers), std::move(error->body));
  }
  if (auto* begin = std::get_if<bridge::StreamBegin>(&answer)) {
    CO_TRY(stream_, co_await runtime_.begin_stream(std::move(begin->request_id), std::move(begin->headers)));
  } else if (auto* write = std::get_if<bridge::StreamWrite>(&answer)) {
    base::Result<> written;
    if (stream_) written = co_await stream_->write(std::move(write->bytes));
    if (!written) stream_.reset();  // whoever called the function is gone: what still comes is for nobody
    perform(machine_.stream_taken(now(), write->number));
    co_return written;
  } else if (std::holds_alternative<bridge::StreamEnd>(answer)) {
    co_return co_await finish_stream(std::nullopt);
  } else if (auto* broken = std::get_if<bridge::StreamBreak>(&answer)) {
    co_return co_await finish_stream(
        RuntimeClient::StreamError{std::move(broken->error_type), std::move(broken->body)});
  }
  co_return base::Result<>();
}

awaitable<base::Result<>> Driver::finish_stream(std::optional<RuntimeClient::StreamError> error) {
  if (!stream_) co_return base::Result<>();
  co_return co_await runtime_.finish_stream(std::move(stream_), std::move(error));
}

awaitable<void> Driver::open_socket() {
  auto opened = co_await aws::connect_signed(aws_, config_.endpoint, tls_, kHandshake);
  if (!opened) {
    perform(machine_.socket_failed(now(), bridge::to_outcome(opened.error())));
    co_return;
  }
  std::shared_ptr<net::WebSocket> socket = std::move(*opened);
  socket->on_pong([this] { perform(machine_.pong(now())); });
  auto sent = co_await socket->send_text(std::string(bridge::kHelloText));
  if (!sent) {
    perform(machine_.socket_failed(now(), bridge::to_outcome(sent.error())));
    co_return;
  }
  base::TaskGroup deadline(co_await asio::this_coro::executor);
  deadline.spawn(abort_without_hello(socket));
  co_await read_socket(std::move(socket));
  co_await deadline.close();
}

awaitable<void> Driver::abort_without_hello(std::shared_ptr<net::WebSocket> socket) {
  co_await base::sleep_for(kHello);
  if (socket != socket_) socket->abort();
}

awaitable<void> Driver::read_socket(std::shared_ptr<net::WebSocket> socket) {
  bool said_hello = false;
  while (true) {
    auto message = co_await socket->read();
    if (!message) break;
    receive(socket, message->data);
    said_hello = said_hello || socket == socket_;
  }
  if (socket == socket_) {
    socket_ = nullptr;
    perform(machine_.socket_lost(now()));
  } else if (!said_hello) {
    perform(machine_.socket_failed(now(), {.reach = bridge::Outcome::Reach::maybe_sent, .status = 0}));
  }
}

void Driver::receive(const std::shared_ptr<net::WebSocket>& socket, std::string_view text) {
  bridge::ReceivedText received = bridge::classify_text(text);
  if (std::holds_alternative<bridge::SealedText>(received)) {
    perform(machine_.frame(now(), text));
  } else if (auto* hello = std::get_if<bridge::HelloAnswer>(&received); hello != nullptr && socket != socket_) {
    if (socket_) socket_->abort();
    socket_ = socket;
    perform(machine_.socket_opened(now(), std::move(hello->connection_id), hello->aws_time_ms));
  }
}

awaitable<void> Driver::ping(std::shared_ptr<net::WebSocket> socket) {
  co_await socket->ping();
}

awaitable<void> Driver::post(bridge::StubPost post) {
  aws::CallOptions options = kPost;
  if (post.frame.size() > bridge::kDefaultMaxMessage) options.timeout = kLargePost;
  options.fresh_connection = post.fresh;
  auto posted = co_await aws::post_to_connection(aws_, std::move(post.endpoint), std::move(post.connection_id),
                                                 std::move(post.frame), options);
  perform(machine_.post_finished(now(), post.tag, posted ? bridge::Outcome{} : bridge::to_outcome(posted.error())));
}

awaitable<void> Driver::read_registration() {
  auto item = co_await aws::get_item(aws_, config_.table, {{"pk", std::string(bridge::kRegistrationKey)}}, kCall);
  if (!item) {
    perform(machine_.registration_failed(now(), bridge::to_outcome(item.error())));
    co_return;
  }
  std::optional<bridge::Registration> registration;
  if (*item) {
    auto parsed = bridge::from_item(**item);
    if (!parsed) {
      perform(machine_.registration_failed(now(), {.status = 0, .detail = parsed.error().message}));
      co_return;
    }
    registration = std::move(*parsed);
  }
  perform(machine_.registration_read(now(), std::move(registration)));
}

awaitable<void> Driver::keep_timer() {
  while (true) {
    machine_timer_.expires_at(machine_.next_timer().value_or(asio::steady_timer::time_point::max()));
    co_await base::wait_on(machine_timer_);
    auto due = machine_.next_timer();
    if (due && *due <= clock_.now()) perform(machine_.timer(now()));
  }
}

}  // namespace stub
