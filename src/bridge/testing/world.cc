#include "bridge/testing/world.h"

#include <fmt/format.h>

#include <algorithm>

namespace bridge::testing {

using base::Millis;

StubOptions World::example_options() {
  StubOptions options{.app = "api-sns", .stage = "dev-tom"};
  options.announce.function = "Api";
  options.announce.environment = {{"TOPIC_ARN", "arn:aws:sns:eu-west-1:123456789012:t"}};
  options.announce.credentials = {"ASIAEXAMPLE", "secret", "token"};
  return options;
}

FakeSession& World::start_session(std::string owner, Millis clock_skew) {
  sessions_.push_back(std::make_unique<FakeSession>(with_, fmt::format("session{}", sessions_.size()), std::move(owner),
                                                    clock_skew, max_message));
  sessions_.back()->start();
  return *sessions_.back();
}

FakeSession& World::add_session(std::string owner) {
  FakeSession& session = start_session(std::move(owner));
  run_until([&session] { return session.ready() || session.gave_up; }, Millis(60'000));
  return session;
}

FakeStub& World::add_stub(Millis clock_skew) {
  stubs_.push_back(std::make_unique<FakeStub>(with_, fmt::format("stub{}", stubs_.size()), stub_options, clock_skew));
  return *stubs_.back();
}

bool World::run_until(const std::function<bool()>& holds, Millis within) {
  const base::SteadyTime until = timeline.now() + within;
  while (!holds()) {
    if (!timeline.step(until)) return false;
  }
  return true;
}

void World::run_until_all_answered(Millis within) {
  run_until(
      [this] { return std::all_of(stubs_.begin(), stubs_.end(), [](const auto& one) { return one->answered(); }); },
      within);
}

}  // namespace bridge::testing
