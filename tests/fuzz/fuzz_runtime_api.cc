// The Runtime API and the Extensions API of a worker: any bytes that its code, or whoever finds the port, may send,
// over loopback, with "{host}" for the endpoint's own address, and connections parted by a line "%%". An event is
// answered once, and only after it was handed over; without the right Host nothing is.
#include <boost/asio/io_context.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/task_group.h"
#include "fuzz.h"
#include "runtime_api/endpoint.h"
#include "talk.h"

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using fuzz::require;

constexpr std::string_view kHost = "{host}";
constexpr std::string_view kCut = "\n%%\n";
constexpr auto kEveryoneWaits = std::chrono::milliseconds(20);

class Worker {
 public:
  explicit Worker(const asio::any_io_executor& executor) {
    runtime_api::EndpointCallbacks callbacks;
    callbacks.waiting = [this] { waited_ = true; };
    callbacks.handed_over = [this] {
      require(!handed_over_, "one event is handed over");
      handed_over_ = true;
    };
    callbacks.answered = [this](runtime_api::Answer answer) {
      require(handed_over_ && !answered_, "an event is answered once, after it was handed over");
      require(answer.body.size() <= runtime_api::kMaxResponse, "an answer is bounded");
      answered_ = true;
    };
    callbacks.stream_begun = [this](std::string) {
      require(handed_over_ && !answered_ && !streams_, "an answer streams once");
      streams_ = true;
    };
    callbacks.stream_piece = [this](std::string) { return take_piece(streams_ && !answered_); };
    callbacks.init_failed = [this](runtime_api::Answer) { require(!handed_over_, "an init fails before any event"); };
    endpoint_ = std::move(runtime_api::Endpoint::listen(executor, std::move(callbacks)).value());
    endpoint_->describe({"Api", "$LATEST", "api.handler", "123456789012"});
    endpoint_->expect_extension("outside");
    endpoint_->extension_gone("outside");
    endpoint_->offer({.request_id = "request-1",
                      .body = R"({"key":"value"})",
                      .deadline = base::FakeClock().wall_now(),
                      .function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:Api",
                      .trace_id = "Root=1",
                      .client_context = "{}",
                      .cognito_identity = "{}",
                      .tenant_id = "tenant"});
  }

  // The parts are said at the same time, each on a connection of its own. Ends when all was answered, or when everyone
  // waits: for an event that does not come, say.
  void run(asio::io_context& loop, std::string_view bytes) {
    const bool right_host = bytes.find(kHost) != std::string_view::npos;
    base::TaskGroup tasks(loop.get_executor());
    tasks.spawn(endpoint_->run());
    while (!bytes.empty()) {
      const auto cut = bytes.find(kCut);
      talking_ += 1;
      tasks.spawn(say(std::string(bytes.substr(0, cut))));
      bytes.remove_prefix(cut == std::string_view::npos ? bytes.size() : cut + kCut.size());
    }
    while (talking_ > 0 && loop.run_one_for(kEveryoneWaits) > 0) {
    }
    require(right_host || !(waited_ || handed_over_ || answered_), "without the right Host nothing is done");
    endpoint_->shut_down_extensions("spindown", base::FakeClock().wall_now());
    base::run_until_done(loop, tasks.close());
  }

 private:
  static awaitable<bool> take_piece(bool expected) {
    require(expected, "a piece belongs to an answer that streams");
    co_return true;
  }

  awaitable<void> say(std::string bytes) {
    const std::string address = endpoint_->address();
    for (auto at = bytes.find(kHost); at != std::string::npos; at = bytes.find(kHost, at)) {
      bytes.replace(at, kHost.size(), address);
    }
    const std::size_t most = 500 * bytes.size() + 2'000;
    const auto port = static_cast<std::uint16_t>(std::stoul(address.substr(address.find(':') + 1)));
    std::string heard = co_await fuzz::talk(port, std::move(bytes));
    require(heard.size() <= most, "answers are bounded");
    talking_ -= 1;
  }

  int talking_ = 0;
  std::unique_ptr<runtime_api::Endpoint> endpoint_;
  bool waited_ = false;
  bool handed_over_ = false;
  bool answered_ = false;
  bool streams_ = false;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  asio::io_context loop;
  Worker(loop.get_executor()).run(loop, fuzz::Input(data, size).rest());
  return 0;
}
