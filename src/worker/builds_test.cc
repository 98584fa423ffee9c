#include "worker/builds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A language whose builds end when the test says so.
class HeldBuilds final : public Language {
 public:
  bool runs(const FunctionCode&) const override { return true; }
  awaitable<base::Result<std::string>> check(FunctionCode) override { co_return std::string(); }
  bool is_built(const FunctionCode&) const override { return true; }
  awaitable<BuildResult> build(FunctionCode code, std::string) override {
    begun.push_back(code.function);
    while (ended < begun.size() && ended <= static_cast<std::size_t>(place_of(code.function))) co_await changed.wait();
    co_return result;
  }
  Program program(const FunctionCode&, const std::string&, std::uint16_t) const override { return {}; }

  void end_next() {
    ++ended;
    changed.notify_all();
  }

  std::vector<std::string> begun;
  std::size_t ended = 0;
  BuildResult result;
  base::Notifier changed;

 private:
  std::ptrdiff_t place_of(const std::string& function) const {
    return begun.rend() - std::find(begun.rbegin(), begun.rend(), function) - 1;
  }
};

class BuildsTest : public ::testing::Test {
 public:
  void want(std::string function, std::uint64_t revision, bool waited_for = false) {
    tasks_.spawn(await_build(std::move(function), revision, waited_for));
    settle();
  }
  void end_next() {
    language_.end_next();
    settle();
  }

  HeldBuilds language_;
  std::vector<std::string> done_;  // "A 1", "A 1 failed: …", in order
  boost::asio::io_context loop_;
  Builds builds_{loop_.get_executor(), 1};
  base::TaskGroup tasks_{loop_.get_executor()};

 private:
  awaitable<void> await_build(std::string function, std::uint64_t revision, bool waited_for) {
    FunctionCode code{.function = function, .runtime = "go", .handler = "", .source = "/app"};
    auto built = co_await builds_.build(language_, std::move(code), "/builds", revision, waited_for);
    done_.push_back(function + " " + std::to_string(revision) + (built ? "" : " failed: " + built.error().message));
  }
  void settle() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }
};

TEST_F(BuildsTest, WhoeverWantsTheSameRevisionSharesItsBuild) {
  want("A", 1);
  want("A", 1);
  EXPECT_THAT(language_.begun, ElementsAre("A"));
  EXPECT_THAT(done_, IsEmpty());
  end_next();
  EXPECT_THAT(done_, ElementsAre("A 1", "A 1"));
  want("A", 1);
  EXPECT_THAT(language_.begun, ElementsAre("A"));
}

TEST_F(BuildsTest, AnEditDuringABuildBuildsOnceMore) {
  want("A", 1);
  want("A", 2);
  want("A", 3);
  end_next();
  EXPECT_THAT(done_, ElementsAre("A 1"));
  end_next();
  EXPECT_THAT(done_, ElementsAre("A 1", "A 2", "A 3"));
  EXPECT_THAT(language_.begun, ElementsAre("A", "A"));
}

TEST_F(BuildsTest, WhatIsWaitedForComesFirst) {
  want("A", 1);
  want("B", 1);
  want("C", 1);
  want("C", 1, true);
  end_next();
  end_next();
  end_next();
  EXPECT_THAT(language_.begun, ElementsAre("A", "C", "B"));
}

TEST_F(BuildsTest, AFailureIsTheAnswerUntilTheNextRevision) {
  language_.result = {.ok = false, .output = "x.go:1: no", .inputs = {"/app/x.go"}};
  want("A", 1);
  end_next();
  EXPECT_THAT(done_, ElementsAre("A 1 failed: A does not build:\nx.go:1: no"));
  EXPECT_THAT(builds_.inputs("A"), IsEmpty()) << "any file may mend it";
  language_.result = {.ok = true, .output = "", .inputs = {"/app/x.go"}};
  want("A", 2);
  end_next();
  EXPECT_THAT(builds_.inputs("A"), ElementsAre("/app/x.go"));
}

}  // namespace
}  // namespace worker
