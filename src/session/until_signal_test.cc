#include "session/until_signal.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "base/notifier.h"

namespace session {
namespace {

using base::awaitable;
using base::Result;
using namespace std::chrono_literals;

class OneSignal final : public os::Signals {
 public:
  explicit OneSignal(bool comes) : comes_(comes) {}
  awaitable<int> next() override {
    while (!comes_) co_await never_.wait();
    co_return 2;
  }

 private:
  bool comes_;
  base::Notifier never_;
};

awaitable<Result<>> work_for_ever(bool& unwound) {
  struct Mark {
    bool& mark;
    ~Mark() { mark = true; }
  } mark{unwound};
  co_await base::sleep_for(24h);
  co_return Result<>();
}

awaitable<Result<>> fail_at_once() {
  co_return base::fail(base::ErrorKind::usage, "no");
}

awaitable<Result<>> succeed_at_once() {
  co_return Result<>();
}

Result<> run(awaitable<Result<>> work, bool signal_comes) {
  boost::asio::io_context loop;
  OneSignal signals(signal_comes);
  Result<> outcome;
  auto main = [](awaitable<Result<>> inner, os::Signals& on, Result<>& to) -> awaitable<void> {
    to = co_await until_signal(std::move(inner), on);
  };
  base::run_until_done(loop, main(std::move(work), signals, outcome));
  return outcome;
}

TEST(UntilSignal, ASignalCancelsTheWorkAndIsAnError) {
  bool unwound = false;
  auto outcome = run(work_for_ever(unwound), true);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "interrupted");
  EXPECT_TRUE(unwound);
}

TEST(UntilSignal, WithoutOneTheOutcomeIsThatOfTheWork) {
  EXPECT_TRUE(run(succeed_at_once(), false));
  EXPECT_EQ(run(fail_at_once(), false).error().kind, base::ErrorKind::usage);
}

}  // namespace
}  // namespace session
