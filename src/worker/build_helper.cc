#include "worker/build_helper.h"

#include <fmt/format.h>
#include <signal.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

namespace worker {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;

namespace {

constexpr auto kStartTimeout = std::chrono::seconds(20);
constexpr auto kQuiet = asio::as_tuple(asio::use_awaitable);  // an end of the other side is an outcome, no exception

awaitable<void> close_after(Protocol::acceptor& acceptor, std::chrono::nanoseconds timeout) {
  co_await base::sleep_for(timeout);
  acceptor.close();
}

awaitable<void> close_at_end(Protocol::acceptor& acceptor, os::Process& process) {
  co_await process.wait();
  acceptor.close();
}

}  // namespace

BuildHelper::BuildHelper(asio::any_io_executor executor, os::Spawner& spawner,
                         std::map<std::string, std::string> environment)
    : executor_(executor), spawner_(spawner), environment_(std::move(environment)), tasks_(std::move(executor)) {}

awaitable<base::Result<codec::json::object>> BuildHelper::ask(std::vector<std::string> command,
                                                              codec::json::object question) {
  // A program that ended without an answer may have ended before the question came: another one is asked, once.
  for (int attempt = 0; attempt < 2 && !closed_; ++attempt) {
    while (starting_) co_await changed_.wait();
    if (!socket_) CO_TRY(co_await start(command));
    const auto socket = socket_;
    const auto id = ++last_id_;
    question["id"] = id;
    unsent_ += codec::to_text(question) + "\n";
    if (!std::exchange(sending_, true)) {
      while (!unsent_.empty() && socket->is_open()) {
        const std::string piece = std::exchange(unsent_, {});
        co_await asio::async_write(*socket, asio::buffer(piece), kQuiet);
      }
      sending_ = false;
    }
    while (!answers_.contains(id) && socket_ == socket) co_await changed_.wait();
    auto answer = answers_.extract(id);
    if (!answer.empty()) co_return std::move(answer.mapped());
  }
  co_return base::fail(base::ErrorKind::local_resource, "the program that builds ended before it answered");
}

awaitable<base::Result<>> BuildHelper::start(std::vector<std::string> command) {
  struct Starting {
    BuildHelper& of;
    explicit Starting(BuildHelper& helper) : of(helper) { of.starting_ = true; }
    Starting(const Starting&) = delete;
    Starting& operator=(const Starting&) = delete;
    ~Starting() {
      of.starting_ = false;
      of.changed_.notify_all();
    }
  } starting(*this);
  const std::string path = folder_.path() + "/socket";
  os::remove_all(path);
  Protocol::acceptor acceptor(executor_, Protocol::endpoint(path));
  const std::string program = command.front();
  command.push_back(path);
  // Nobody reads what it prints; a full pipe would hold it up.
  for (const char* before : {"sh", "exec \"$@\" >/dev/null 2>&1", "-c", "/bin/sh"})
    command.insert(command.begin(), before);
  CO_TRY(process_, spawner_.spawn({.command = std::move(command),
                                   .environment = environment_,
                                   .directory = folder_.path(),
                                   .capture_stdout = false,
                                   .capture_stderr = false,
                                   .outlives_parent = false}));
  base::TaskGroup watchdogs(executor_);
  watchdogs.spawn(close_after(acceptor, kStartTimeout));
  watchdogs.spawn(close_at_end(acceptor, *process_));
  auto [error, socket] = co_await acceptor.async_accept(kQuiet);
  co_await watchdogs.close();
  if (error) {
    process_->signal_group(SIGKILL);
    co_return base::fail(base::ErrorKind::local_resource, fmt::format("{} does not start to build", program));
  }
  socket_ = std::make_shared<Socket>(std::move(socket));
  unsent_.clear();
  tasks_.spawn(read_answers(socket_));
  co_return base::Result<>{};
}

awaitable<void> BuildHelper::read_answers(std::shared_ptr<Socket> socket) {
  std::string received;
  for (;;) {
    auto [error, size] = co_await asio::async_read_until(*socket, asio::dynamic_buffer(received), '\n', kQuiet);
    if (error) break;
    take(std::string_view(received).substr(0, size));
    received.erase(0, size);
  }
  socket->close();
  if (socket_ == socket) socket_ = nullptr;
  changed_.notify_all();
}

void BuildHelper::take(std::string_view line) {
  auto answer = codec::parse_json(line);
  if (!answer || !answer->is_object()) return;
  const auto* id = answer->get_object().if_contains("id");
  if (id == nullptr || !id->is_int64()) return;
  answers_[id->get_int64()] = std::move(answer->get_object());
  changed_.notify_all();
}

awaitable<void> BuildHelper::close() {
  closed_ = true;
  if (process_) process_->signal_group(SIGKILL);
  co_await tasks_.close();
  socket_ = nullptr;
  changed_.notify_all();
}

}  // namespace worker
