// A whole bridge in virtual time: execution environments, sessions, API Gateway and the table, and the account of every
// attempt. Single-threaded, deterministic by seed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/testing/fake_session.h"
#include "bridge/testing/fake_stub.h"

namespace bridge::testing {

class World {
 public:
  explicit World(std::uint64_t seed) : timeline(seed), with_{timeline, gateway, table, ledger} {}

  // A session, as soon as it has registered.
  FakeSession& add_session(std::string owner);
  FakeSession& start_session(std::string owner, base::Millis clock_skew = base::Millis(0));
  FakeSession& session(std::size_t index) { return *sessions_[index]; }
  std::size_t sessions() const { return sessions_.size(); }
  // An execution environment; Lambda has not started its process yet.
  FakeStub& add_stub(base::Millis clock_skew = base::Millis(0));
  FakeStub& stub(std::size_t index) { return *stubs_[index]; }
  std::size_t stubs() const { return stubs_.size(); }

  void at(base::Millis after, std::function<void()> what) { timeline.after(after, std::move(what)); }
  void run_for(base::Millis time) { timeline.run_for(time); }
  // Runs until it holds; false if it does not within that time.
  bool run_until(const std::function<bool()>& holds, base::Millis within);
  void run_until_all_answered(base::Millis within);

  Weather weather;
  Timeline timeline;
  Gateway gateway{timeline, weather};
  Table table{timeline, weather};
  Ledger ledger;
  std::size_t max_message = kDefaultMaxMessage;  // of sessions that are added from now on
  StubOptions stub_options = example_options();  // of stubs that are added from now on

 private:
  static StubOptions example_options();

  Surroundings with_;
  std::vector<std::unique_ptr<FakeSession>> sessions_;
  std::vector<std::unique_ptr<FakeStub>> stubs_;
};

}  // namespace bridge::testing
