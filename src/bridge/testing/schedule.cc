#include "bridge/testing/schedule.h"

#include <fmt/format.h>

#include <algorithm>

namespace bridge::testing {

using base::Millis;
using namespace std::chrono_literals;

namespace {

constexpr Millis kTimeout = 120s;
constexpr Millis kSkew = 10min;
constexpr Millis kUntilForgotten = 20min;         // Lambda's longest invocation, and what is kept past a deadline
constexpr std::size_t kMostHeldOfStub = 262'144;  // no message of these lives is half as large
constexpr std::size_t kHeldForgotten = 4'096;     // an announce that a frozen stub still means to send
constexpr std::size_t kSmallMessages = 4'096;     // many chunks of few bytes: cheap to seal

class Director {
 public:
  Director(std::uint64_t seed, bool tracing) : world_(seed) { time_.tracing = tracing; }

  Life play();

 private:
  Millis skew() { return time_.up_to(2 * kSkew) - kSkew; }
  void set_weather();
  void cast();
  FakeSession& another_session();
  FakeSession& some_session() { return world_.session(time_.below(world_.sessions())); }
  FakeStub& some_stub() { return world_.stub(time_.below(world_.stubs())); }
  void disturb(Millis when);
  void disturb_session();
  void replace_session();
  void round();
  std::string event(int number);
  void pass_the_time();
  void check_held(bool at_the_end);

  World world_;
  Timeline& time_ = world_.timeline;
  int events_ = 0;
};

void Director::set_weather() {
  auto perhaps = [&](int most) {
    return time_.chance(50) ? static_cast<int>(time_.below(static_cast<std::uint64_t>(most) + 1)) : 0;
  };
  world_.weather = {.lost = perhaps(20),
                    .late_unknown = perhaps(20),
                    .throttled = perhaps(20),
                    .failing = perhaps(20),
                    .denied = perhaps(8),
                    .doubled = perhaps(30),
                    .swallowed = perhaps(15),
                    .late = perhaps(20),
                    .refused = perhaps(30),
                    .table_throttled = perhaps(20),
                    .table_unanswered = perhaps(20),
                    .table_late = perhaps(10),
                    .slowest = Millis(1) + time_.up_to(400ms)};
  world_.max_message = time_.chance(80) ? kSmallMessages : kDefaultMaxMessage;
}

FakeSession& Director::another_session() {
  FakeSession& session = world_.start_session(fmt::format("owner{}", world_.sessions()), skew());
  session.pause = time_.up_to(100ms);
  session.streams = time_.chance(40);
  session.burst = 3'000;
  session.breaks_off = time_.chance(10);
  return session;
}

void Director::cast() {
  const std::uint64_t stubs = 1 + time_.below(3);
  for (std::uint64_t i = 0; i < stubs; ++i) {
    FakeStub& stub = world_.add_stub(skew());
    stub.freezes = time_.chance(80);
    if (time_.chance(50)) stub.start();
  }
  another_session();
  if (time_.chance(80)) world_.run_for(time_.up_to(3s));
}

void Director::replace_session() {
  FakeSession& old = world_.session(world_.sessions() - 1);
  if (world_.sessions() > 3) return;
  switch (time_.below(4)) {
    case 0:
      old.kill();
      break;
    case 1:
      old.end_cleanly();
      break;
    default:
      break;  // it is displaced
  }
  another_session();
  if (time_.chance(30)) another_session();
}

void Director::disturb_session() {
  FakeSession& session = some_session();
  const Millis back = time_.up_to(40s);
  switch (time_.below(6)) {
    case 0:
      session.drop_link();
      break;
    case 1:
      session.reconnect();
      break;
    case 2:
      session.sleep();
      world_.at(back, [&session] { session.wake(); });
      break;
    case 3:
      session.go_offline();
      world_.at(back, [&session] { session.go_online(); });
      break;
    case 4:
      session.credentials_expired = Outcome{.status = 403, .detail = "ExpiredTokenException"};
      world_.at(back, [&session] { session.credentials_expired.reset(); });
      break;
    default:
      session.hint_displaced();
      break;
  }
}

void Director::disturb(Millis when) {
  const std::uint64_t what = time_.below(10);
  world_.at(when, [this, what] {
    if (what < 2) {
      some_stub().cut();
    } else if (what < 3) {
      some_stub().strand();
    } else if (what < 7) {
      disturb_session();
    } else {
      replace_session();
    }
  });
}

std::string Director::event(int number) {
  const std::uint64_t kind = time_.below(8);
  const std::uint64_t size = kind == 0 ? time_.below(20'000) : time_.below(300);
  std::string event = fmt::format("event {} ", number);
  if (kind == 1)
    return event.assign(R"({"version":"2.0","routeKey":"$default","rawPath":"/","headers":{},)"
                        R"("requestContext":{"apiId":"a","http":{"method":"GET"}}})");
  for (const std::size_t end = event.size() + size; event.size() < end;) {
    const std::uint64_t word = time_.random();  // hard to compress, as what is large is
    event.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  return event;
}

// Every environment gets an invocation; some are Lambda's retry of one that failed.
void Director::round() {
  for (std::size_t i = 0; i < world_.sessions(); ++i) {
    world_.session(i).run_time = time_.up_to(time_.chance(25) ? Millis(15s) : Millis(100));
    world_.session(i).build_time = time_.up_to(time_.chance(10) ? Millis(12s) : Millis(20));
  }
  for (std::uint64_t n = time_.below(3); n > 0; --n) disturb(time_.up_to(8s));
  std::size_t invoked = 0;
  for (std::size_t i = 0; i < world_.stubs(); ++i) {
    std::string with = event(++events_);
    world_.at(time_.up_to(1s), [this, i, with, &invoked] {
      invoked += 1;
      world_.stub(i).invoke(with, kTimeout);
    });
  }
  world_.run_until(
      [&] {
        if (invoked < world_.stubs()) return false;
        for (std::size_t i = 0; i < world_.stubs(); ++i) {
          if (!world_.stub(i).answered()) return false;
        }
        return true;
      },
      kTimeout + 10s);
  for (std::size_t i = 0; i < world_.stubs(); ++i) {
    const auto& ending = world_.stub(i).ending();
    if (!ending || ending->timed_out) world_.ledger.fault(fmt::format("stub{} did not end before its deadline", i));
  }
}

void Director::pass_the_time() {
  const std::uint64_t kind = time_.below(40);
  world_.run_for(kind == 0 ? Millis(2h) + time_.up_to(5min) : kind == 1 ? Millis(11min) : time_.up_to(2s));
}

void Director::check_held(bool at_the_end) {
  const std::size_t most = at_the_end ? kHeldForgotten : kMostHeldOfStub * world_.stubs();
  for (std::size_t i = 0; i < world_.sessions(); ++i) {
    FakeSession& session = world_.session(i);
    if (session.alive && session.held_bytes() > most) {
      world_.ledger.fault(fmt::format("session{} holds {} bytes", i, session.held_bytes()));
    }
  }
  for (std::size_t i = 0; i < world_.stubs(); ++i) {
    const std::size_t held = world_.stub(i).held_bytes();
    if (held > (at_the_end ? kHeldForgotten : kMostHeldOfStub))
      world_.ledger.fault(fmt::format("stub{} holds {} bytes", i, held));
  }
}

Life Director::play() {
  set_weather();
  cast();
  for (std::uint64_t rounds = 2 + time_.below(2); rounds > 0; --rounds) {
    round();
    check_held(false);
    pass_the_time();
  }
  if (time_.chance(12)) {
    world_.run_for(kUntilForgotten);
    check_held(true);
  }
  return {world_.ledger.tally(), world_.ledger.faults(), time_.trace()};
}

}  // namespace

Life live(std::uint64_t seed, bool tracing) {
  return Director(seed, tracing).play();
}

}  // namespace bridge::testing
