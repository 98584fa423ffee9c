#include "session/testing/stub_peer.h"

#include <fmt/format.h>

#include <utility>

namespace session::testing {

using namespace std::chrono_literals;

StubPeer::StubPeer(boost::asio::any_io_executor executor, FakeBridge& bridge, std::string function)
    : connection_id(fmt::format("stub-{}=", environment.to_string().substr(0, 8))),
      bridge_(bridge),
      machine_({.app = "app",
                .stage = "dev",
                .announce = {.function = std::move(function),
                             .environment = {{"TABLE", "orders"}},
                             .credentials = {"ASIAFUNCTION", "secret", "token"}},
                .environment = environment,
                .seed = 1}),
      others_(bridge.on_post),
      tasks_(executor) {
  bridge_.on_post = [this](const FakeBridge::Post& post) {
    if (post.connection_id != connection_id) return others_ ? others_(post) : 410;
    if (post_status == 200) perform(machine_.frame(now(), post.body));
    return post_status;
  };
  tasks_.spawn(keep_timer());
}

void StubPeer::start() {
  perform(machine_.start(now()));
}

void StubPeer::invoke(const std::string& request_id, std::string event, base::Millis timeout) {
  ready = false;
  perform(machine_.invocation(now(), {.request_id = request_id,
                                      .function_arn = "arn:aws:lambda:us-east-1:123456789012:function:f",
                                      .deadline_ms = base::epoch_ms(clock_.wall_now() + timeout),
                                      .event = std::move(event)}));
}

void StubPeer::perform(bridge::StubActions actions) {
  for (auto& action : actions) actions_.push_back(std::move(action));
  if (std::exchange(performing_, true)) return;
  while (!actions_.empty()) {
    bridge::StubAction action = std::move(actions_.front());
    actions_.pop_front();
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  performing_ = false;
}

void StubPeer::act(bridge::OpenSocket) {
  perform(machine_.socket_opened(now(), connection_id, base::epoch_ms(clock_.wall_now())));
}

void StubPeer::act(bridge::StubPost post) {
  tasks_.spawn(send(std::move(post)));
}

void StubPeer::act(bridge::StreamWrite write) {
  streams[streamed_].body += write.bytes;
  perform(machine_.stream_taken(now(), write.number));
}

void StubPeer::act(bridge::ReadRegistration) {
  perform(machine_.registration_read(now(), bridge_.registration()));
}

void StubPeer::act(bridge::Ping) {
  perform(machine_.pong(now()));
}

awaitable<void> StubPeer::send(bridge::StubPost post) {
  int status = 410;
  if (bridge_.is_open(post.connection_id)) {
    ++frames_sent;
    co_await bridge_.send(post.connection_id, post.frame);
    status = 200;
  }
  perform(machine_.post_finished(now(), post.tag, {.status = status}));
}

awaitable<void> StubPeer::keep_timer() {
  while (true) {
    co_await base::sleep_for(5ms);
    auto due = machine_.next_timer();
    if (due && *due <= clock_.now()) perform(machine_.timer(now()));
  }
}

}  // namespace session::testing
