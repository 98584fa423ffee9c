// One execution environment in a simulation: a stub machine, frozen between invocations as Lambda does it, and the
// Lambda before it, which ends an invocation at its deadline and then starts a new process.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bridge/stub_machine.h"
#include "bridge/testing/fake_session.h"

namespace bridge::testing {

class FakeStub final : public Socket {
 public:
  FakeStub(Surroundings with, std::string name, StubOptions options, base::Millis clock_skew);

  // A new process. It is ready when Lambda may hand it an invocation.
  void start();
  bool ready() const { return ready_; }
  bool exited() const { return exited_; }
  const EnvironmentId& environment() const { return options_.environment; }

  // Lambda thaws or starts it and hands it an event. `expected` is the answer that is its own.
  void invoke(std::string event, base::Millis timeout = base::Millis(60'000), std::string request_id = "");
  AttemptId attempt() const { return {options_.environment, attempts_}; }  // the latest
  bool answered() const { return ending_.has_value(); }
  const std::optional<Ending>& ending() const { return ending_; }
  base::SteadyTime deadline() const { return deadline_; }
  std::optional<base::SteadyTime> first_post() const { return first_post_; }  // of the latest invocation

  void freeze() { computer_.sleep(with_.timeline.chance(50)); }
  void cut();     // its WebSocket closes while it is frozen: it does not know
  void strand();  // so, and the gateway does not know either

  Instant now() const { return computer_.now(); }
  StubMachine& machine() { return *machine_; }
  std::size_t held_bytes() const { return started_ && !exited_ ? machine_->held_bytes() : 0; }

  // Socket
  void text(const std::string& connection_id, std::string text) override;
  void closed(const std::string& connection_id, int code) override;

  bool freezes = true;  // between invocations
  bool pongs = true;
  base::Millis lambda_takes{2};         // a streamed piece
  std::optional<Outcome> post_outcome;  // every post of it ends so
  std::vector<StubPost> posts;
  bool keeps_posts = false;  // in `posts`
  int sockets_opened = 0;

 private:
  void perform(StubActions actions);
  void act(OpenSocket);
  void act(StubPost post);
  void act(ReadRegistration);
  void act(Ping);
  void act(Respond respond);
  void act(RespondError error);
  void act(StreamBegin begin);
  void act(StreamWrite write);
  void act(StreamEnd);
  void act(StreamBreak broken);
  void act(ReadyForNext);
  void act(Exit);
  void hand_over();
  void end(Ending ending);
  void time_out();

  Surroundings with_;
  std::string name_;
  StubOptions options_;
  Machine computer_;
  std::unique_ptr<StubMachine> machine_;
  std::string connection_id_;
  std::uint64_t thaw_ = 0;
  std::uint64_t attempts_ = 0;  // of this process
  std::uint64_t invocations_ = 0;
  bool started_ = false;
  bool ready_ = false;
  bool exited_ = false;
  std::optional<Invocation> waiting_;  // for the process to be ready
  base::Millis timeout_{0};
  std::string request_id_;
  base::SteadyTime invoked_{};
  base::SteadyTime deadline_{};
  std::optional<base::SteadyTime> first_post_;
  std::optional<Ending> ending_;
  std::optional<std::string> stream_;  // of the invocation, as far as Lambda has it
};

}  // namespace bridge::testing
