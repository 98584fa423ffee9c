// A stub of the real machine against a FakeBridge: what the machine wants done is done at once, and the test is Lambda.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/task_group.h"
#include "bridge/stub_machine.h"
#include "session/testing/fake_bridge.h"

namespace session::testing {

class StubPeer {
 public:
  // Takes over the bridge's `on_post` for its own connection; other posts go on, or are answered 410. Peers of one
  // bridge are destroyed in the reverse order.
  StubPeer(boost::asio::any_io_executor executor, FakeBridge& bridge, std::string function);

  ~StubPeer() { bridge_.on_post = others_; }
  StubPeer(const StubPeer&) = delete;
  StubPeer& operator=(const StubPeer&) = delete;

  void start();
  void invoke(const std::string& request_id, std::string event, base::Millis timeout = base::Millis(60'000));
  awaitable<void> close() { return tasks_.close(); }

  bool ready = false;  // it asks Lambda for the next event
  std::map<std::string, bridge::Respond> responses;
  std::map<std::string, bridge::RespondError> errors;
  struct Streamed {
    std::string body;
    bool ended = false;
    std::string error_type;
  };
  std::map<std::string, Streamed> streams;  // by request id
  int frames_sent = 0;
  int post_status = 200;  // of posts to this stub

  const bridge::EnvironmentId environment = bridge::random_environment_id();
  const std::string connection_id;

 private:
  bridge::Instant now() const { return {clock_.now(), clock_.wall_now()}; }
  void perform(bridge::StubActions actions);
  void act(bridge::OpenSocket);
  void act(bridge::StubPost post);
  void act(bridge::ReadRegistration);
  void act(bridge::Ping);
  void act(bridge::Respond respond) { responses[respond.request_id] = std::move(respond); }
  void act(bridge::RespondError error) { errors[error.request_id] = std::move(error); }
  void act(bridge::StreamBegin begin) { streams[streamed_ = begin.request_id]; }
  void act(bridge::StreamWrite write);
  void act(bridge::StreamEnd) { streams[streamed_].ended = true; }
  void act(bridge::StreamBreak broken) { streams[streamed_].error_type = std::move(broken.error_type); }
  void act(bridge::ReadyForNext) { ready = true; }
  void act(bridge::Exit) {}
  awaitable<void> keep_timer();
  awaitable<void> send(bridge::StubPost post);

  FakeBridge& bridge_;
  base::SystemClock clock_;
  bridge::StubMachine machine_;
  std::function<int(const FakeBridge::Post&)> others_;
  std::deque<bridge::StubAction> actions_;
  bool performing_ = false;
  std::string streamed_;
  base::TaskGroup tasks_;
};

}  // namespace session::testing
