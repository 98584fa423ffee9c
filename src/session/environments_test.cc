#include "session/environments.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include "codec/json.h"
#include "session/testing/environments_world.h"
#include "session/testing/eventually.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Kind = worker::WorkerOutcome::Kind;
using testing::code;
using ::testing::ElementsAre;
using testing::environment;
using testing::eventually;
using testing::functions;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::let_others_run;
using testing::outcome_of;
using testing::result;
using testing::run;
using ::testing::SizeIs;
using testing::World;

asio::awaitable<void> starts_ahead(World& world) {
  world.announce(1);
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<BuildReport>().empty(); }));
  EXPECT_THAT(world.script().started, SizeIs(1));
  if (world.script().started.size() != 1) co_return;
  const worker::WorkerSpec& spec = world.script().started[0];
  EXPECT_EQ(spec.code.function, "Api");
  EXPECT_EQ(spec.code.handler, "api.handler");
  EXPECT_EQ(spec.code.source, "/app");
  EXPECT_EQ(spec.environment.at("TABLE"), "orders");
  EXPECT_EQ(spec.timeout, 3s);
  auto build = world.reporter.all<BuildReport>()[0];
  EXPECT_FALSE(build.reload);
  EXPECT_EQ(build.status, "ok");
  world.announce(2);  // the same code: nothing new to say
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 2; }));
  co_await let_others_run();
  EXPECT_THAT(world.reporter.all<BuildReport>(), SizeIs(1));
}

TEST(Environments, StartAWorkerWhenItsEnvironmentIsAnnounced) {
  run(starts_ahead);
}

asio::awaitable<void> answers_with_headers(World& world) {
  world.script().run = [](const auto&, const runtime_api::InvocationEvent& event) {
    return std::optional(result("answer to " + event.body));
  };
  world.announce(1);
  auto id = world.arrive(1, 1, "event");
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  EXPECT_THAT(world.sink.ready, ElementsAre(id));
  const bridge::Answer& answer = world.sink.answers[id];
  EXPECT_FALSE(answer.failed);
  EXPECT_EQ(answer.body, "answer to event");
  EXPECT_THAT(answer.headers, ElementsAre(std::pair("Content-Type", "application/json")));
  EXPECT_THAT(world.script().started, SizeIs(1)) << "the worker that was started ahead serves it";
  EXPECT_EQ(world.script().taken.at(0).request_id, "request-1-1");
  EXPECT_EQ(world.script().taken.at(0).trace_id, "Root=1-2");
  EXPECT_EQ(world.script().taken.at(0).deadline, world.clock.wall_now() + 3s);
  EXPECT_THAT(world.reporter.started(), SizeIs(1));
  EXPECT_THAT(world.reporter.finished(), IsEmpty()) << "not before it is delivered";
}

TEST(Environments, CarryAnAttemptToItsWorkerAndTheAnswerBack) {
  run(answers_with_headers);
}

asio::awaitable<void> streams(World& world) {
  world.sink.room = 5;
  world.script().pieces["request-1-1"] = {"one ", "two"};
  world.script().run = [](const auto&, const auto&) {
    worker::WorkerOutcome outcome = result("");
    outcome.answer.streamed = true;
    return std::optional(outcome);
  };
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.sink.room == 0; }));
  co_await let_others_run();
  EXPECT_EQ(world.sink.streams[id].body, "one t");
  EXPECT_FALSE(world.sink.streams[id].ended);
  world.sink.room = 100;
  world.environments.has_room(id);
  EXPECT_TRUE(co_await eventually([&] { return world.sink.streams[id].ended; }));
  EXPECT_EQ(world.sink.streams[id].body, "one two");
  EXPECT_THAT(world.sink.streams[id].headers, ElementsAre(std::pair("Content-Type", "text/event-stream")));
  EXPECT_FALSE(world.sink.streams[id].error);
  EXPECT_FALSE(world.answered(id));
}

TEST(Environments, StreamAsFastAsTheBridgeHasRoom) {
  run(streams);
}

asio::awaitable<void> breaks_off(World& world) {
  world.script().pieces["request-1-1"] = {"half"};
  world.script().run = [](const auto&, const auto&) {
    worker::WorkerOutcome outcome{.kind = Kind::exited, .answer = runtime_api::make_failure("Runtime.ExitError", "x")};
    return std::optional(outcome);
  };
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.sink.streams[id].ended; }));
  EXPECT_EQ(world.sink.streams[id].body, "half");
  EXPECT_TRUE(world.sink.streams[id].error && world.sink.streams[id].error->failed);
}

TEST(Environments, BreakOffAStreamWhoseWorkerDies) {
  run(breaks_off);
}

asio::awaitable<void> waits_for_start(World& world) {
  world.sink.start_when_ready = false;
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return !world.sink.ready.empty(); }));
  co_await let_others_run();
  EXPECT_TRUE(world.taken(0));
  EXPECT_THAT(world.reporter.started(), IsEmpty());
  world.environments.start(id);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.script().end(World::request(1), result("late"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
}

TEST(Environments, HandNothingOverBeforeTheBridgeSaysSo) {
  run(waits_for_start);
}

asio::awaitable<void> overhead(World& world) {
  world.script().hold_events = true;
  world.announce(1);
  auto id = world.arrive(1, 1, R"({"Records":[{"EventSource":"aws:sns","Sns":{"TopicArn":"a:b:topic"}}]})");
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.started().empty(); }));
  world.clock.advance(7ms);  // last chunk in → event handed over
  world.script().hold_events = false;
  world.script().changed.notify_all();
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.clock.advance(100ms);
  world.script().end(World::request(1), result("x"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  auto answered = world.clock.now();
  world.environments.delivered({id, answered, answered + 5ms});
  auto finished = world.reporter.finished();
  EXPECT_THAT(finished, SizeIs(1));
  if (finished.empty()) co_return;
  const InvocationReport& report = finished[0];
  EXPECT_DOUBLE_EQ(report.overhead_ms, 12);
  EXPECT_DOUBLE_EQ(report.ms, 100);
  EXPECT_EQ(report.status, "ok");
  EXPECT_EQ(report.error, "");
  EXPECT_EQ(report.request_id, "request-1-1");
  EXPECT_EQ(report.function, "Api");
  EXPECT_EQ(report.trigger, "sns topic");
  EXPECT_EQ(report.environment, environment(1).to_string());
  EXPECT_EQ(report.pid, 1001);
  world.environments.delivered({id, answered, answered});
  world.environments.undelivered(id);
  EXPECT_THAT(world.reporter.finished(), SizeIs(1)) << "reported once";
}

TEST(Environments, ReportDurationAndOverheadOnceWhenTheAnswerIsDelivered) {
  run(overhead);
}

asio::awaitable<void> failures(World& world) {
  world.announce(1);
  struct Case {
    worker::WorkerOutcome outcome;
    std::string type;
  };
  std::vector<Case> cases{
      {outcome_of(Kind::failure, "TypeError", "x is not a function"), "TypeError"},
      {outcome_of(Kind::init_failed, "Runtime.ImportModuleError", "no module"), "Runtime.ImportModuleError"},
      {outcome_of(Kind::exited, "Runtime.ExitError", "exit status 1"), "Runtime.ExitError"}};
  std::uint64_t number = 0;
  for (const Case& one : cases) {
    auto id = world.arrive(1, ++number);
    world.script().end(World::request(1, number), one.outcome);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(id); })) << one.type;
    const bridge::Answer& answer = world.sink.answers[id];
    EXPECT_TRUE(answer.failed);
    EXPECT_EQ(answer.body, one.outcome.answer.body);
    EXPECT_THAT(answer.headers, ::testing::Contains(std::pair("Lambda-Runtime-Function-Error-Type", one.type)));
    world.environments.delivered({id, world.clock.now(), world.clock.now()});
    auto finished = world.reporter.finished();
    EXPECT_THAT(finished, SizeIs(number));
    if (finished.size() != number) co_return;
    EXPECT_EQ(finished.back().status, "error");
    EXPECT_THAT(finished.back().error, ::testing::StartsWith(one.type + ": "));
  }
}

TEST(Environments, AnswerWithWhatTheWorkerFailedOf) {
  run(failures);
}

asio::awaitable<void> timeout(World& world) {
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.script().end(World::request(1),
                     outcome_of(Kind::timed_out, "Sandbox.Timedout", "Task timed out after 3.00 seconds"));
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.finished().empty(); }));
  EXPECT_FALSE(world.answered(id)) << "Lambda says it in its own words";
  EXPECT_THAT(world.sink.abandoned, ElementsAre(id));
  auto report = world.reporter.finished().at(0);
  EXPECT_EQ(report.status, "timeout");
  EXPECT_THAT(report.error, HasSubstr("Task timed out after 3.00 seconds"));
}

TEST(Environments, SendNoAnswerAfterATimeoutButReportIt) {
  run(timeout);
}

asio::awaitable<void> cancel_before(World& world) {
  world.sink.start_when_ready = false;
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return !world.sink.ready.empty(); }));
  world.environments.cancel(id, "the function gave up waiting");
  EXPECT_TRUE(co_await eventually([&] { return !world.sink.abandoned.empty(); }));
  world.environments.start(id);
  co_await let_others_run();
  EXPECT_TRUE(world.taken(0));
  EXPECT_TRUE(world.sink.answers.empty());
  EXPECT_THAT(world.reporter.all<InvocationReport>(), IsEmpty()) << "it never ran";
  auto notices = world.reporter.all<Notice>();
  EXPECT_THAT(notices, SizeIs(1));
  if (!notices.empty()) EXPECT_THAT(notices[0].text, HasSubstr("the function gave up waiting"));
  EXPECT_THAT(world.script().stopped, IsEmpty()) << "the worker is fit for the next one";
}

TEST(Environments, NeverBeginAnAttemptThatWasCancelledBefore) {
  run(cancel_before);
}

asio::awaitable<void> cancel_while_loading(World& world) {
  world.script().hold_events = true;
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.started().empty(); }));
  world.environments.cancel(id, "given up");
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.finished().empty(); }));
  world.script().hold_events = false;
  world.script().changed.notify_all();
  co_await let_others_run();
  EXPECT_TRUE(world.taken(0)) << "the event must not be taken after the cancellation";
}

TEST(Environments, NeverHandOverAnAttemptThatWasCancelledWhileItsCodeLoads) {
  run(cancel_while_loading);
}

asio::awaitable<void> cancel_running(World& world) {
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.environments.reload({"Api"});
  auto next = world.arrive(1, 2);  // on a worker with the new code
  EXPECT_TRUE(co_await eventually([&] { return world.taken(2); }));
  world.environments.cancel(id, "given up");
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.finished().empty(); }));
  EXPECT_EQ(world.reporter.finished()[0].error, "given up");
  EXPECT_EQ(world.reporter.finished()[0].status, "error");
  EXPECT_EQ(world.reporter.finished()[0].request_id, "request-1-1");
  EXPECT_FALSE(world.answered(id));
  EXPECT_THAT(world.script().stopped, ::testing::Contains(world.script().takers.at(0)));
  EXPECT_THAT(world.script().stopped, ::testing::Not(::testing::Contains(world.script().takers.at(1))));
  world.script().end(World::request(1, 2), result("fine"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(next); }));
}

TEST(Environments, StopTheVeryWorkerOfACancelledAttempt) {
  run(cancel_running);
}

asio::awaitable<void> answered_by_others(World& world) {
  world.announce(1);
  world.script().hold_starts = true;
  world.environments.reload({"Api"});  // so that the attempt waits for a start
  auto id = world.arrive(1);
  co_await let_others_run();
  world.environments.cancel(id, "another client has connected");
  world.environments.delivered({id, world.clock.now(), world.clock.now()});  // the bridge's own error was
  world.script().release_starts();
  EXPECT_TRUE(co_await eventually([&] { return !world.sink.abandoned.empty(); }));
  EXPECT_TRUE(world.sink.answers.empty());
}

TEST(Environments, SurviveAnAttemptThatTheBridgeAnsweredItself) {
  run(answered_by_others);
}

asio::awaitable<void> not_started(World& world) {
  world.script().run = [](const auto&, const auto&) { return std::optional(result("second try")); };
  world.script().not_started = 1;
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  EXPECT_EQ(world.sink.answers[id].body, "second try");
  EXPECT_THAT(world.script().started, SizeIs(2));
  EXPECT_THAT(world.reporter.started(), SizeIs(1));
  world.script().not_started = 1000;
  auto hopeless = world.arrive(1, 2);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(hopeless); }));
  EXPECT_TRUE(world.sink.answers[hopeless].failed);
  EXPECT_THAT(world.sink.answers[hopeless].body, HasSubstr("Function.LiveWorker"));
}

TEST(Environments, TryAFreshWorkerWhenOneEndsBeforeItTakesTheEvent) {
  run(not_started);
}

asio::awaitable<void> reload(World& world) {
  world.announce(1);
  auto old_one = world.arrive(1, 1);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.announce(2);
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 2; }));
  world.environments.reload({"Api"});
  EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 1; })) << "the idle twin ends";
  auto new_one = world.arrive(2, 1);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(2); }));
  EXPECT_THAT(world.script().takers, ElementsAre(1001, ::testing::Gt(1002)));
  EXPECT_THAT(world.script().stopped, ElementsAre(1002)) << "what runs goes on";
  world.script().end(World::request(1), result("old"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(old_one); }));
  EXPECT_EQ(world.sink.answers[old_one].body, "old");
  EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 2; })) << "then its worker ends too";
  EXPECT_THAT(world.script().closed, ElementsAre(1002, 1001));
  world.script().end(World::request(2), result("new"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(new_one); }));
}

TEST(Environments, RunNewCodeAfterAChangeAndEndWhatRunsOnTheOld) {
  run(reload);
}

asio::awaitable<void> reload_while_waiting(World& world) {
  world.sink.start_when_ready = false;
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return !world.sink.ready.empty(); }));
  world.environments.reload({"Api"});
  world.environments.start(id);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  EXPECT_THAT(world.script().takers, ElementsAre(1002));
}

TEST(Environments, RunNewCodeForAnAttemptThatWaitedThroughTheChange) {
  run(reload_while_waiting);
}

asio::awaitable<void> reload_while_starting(World& world) {
  world.script().hold_starts = true;
  world.announce(1);
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 1; }));
  auto id = world.arrive(1);
  world.environments.reload({"Api"});
  world.script().release_starts();
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  EXPECT_THAT(world.script().takers, ElementsAre(1002)) << "what began to start on the old code serves nobody";
  world.script().end(World::request(1), result("x"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
}

TEST(Environments, NeverServeAnAttemptByAWorkerThatBeganToStartBeforeAChange) {
  run(reload_while_starting);
}

asio::awaitable<void> broken_file(World& world) {
  world.announce(1);
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<BuildReport>().empty(); }));
  world.reporter.reports.clear();
  world.script().init_failure = runtime_api::make_failure("Runtime.UserCodeSyntaxError", "Unexpected token");
  world.environments.reload({"Api"});
  EXPECT_TRUE(co_await eventually([&] { return world.reporter.all<BuildReport>().size() == 1; }));
  auto build = world.reporter.all<BuildReport>()[0];
  EXPECT_TRUE(build.reload);
  EXPECT_EQ(build.function, "Api");
  EXPECT_EQ(build.status, "error");
  EXPECT_EQ(build.output, "Runtime.UserCodeSyntaxError: Unexpected token");
  auto broken = world.arrive(1, 1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(broken); }));
  EXPECT_THAT(world.sink.answers[broken].body, HasSubstr("Unexpected token"));
  world.script().init_failure = std::nullopt;
  world.script().run = [](const auto&, const auto&) { return std::optional(result("mended")); };
  world.environments.reload({"Api"});
  EXPECT_TRUE(co_await eventually([&] { return world.reporter.all<BuildReport>().size() == 2; }));
  EXPECT_EQ(world.reporter.all<BuildReport>()[1].status, "ok");
  auto mended = world.arrive(1, 2);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(mended); }));
  EXPECT_EQ(world.sink.answers[mended].body, "mended");
}

TEST(Environments, ShowABrokenFileWhenItIsSavedAndGoOnWhenItIsMended) {
  run(broken_file);
}

asio::awaitable<void> storm(World& world) {
  world.announce(1);
  world.announce(2);
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 2; }));
  world.reporter.reports.clear();
  for (int save = 0; save < 200; ++save) {
    world.environments.reload({"Api"});
    co_await let_others_run();
  }
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<BuildReport>().empty(); }));
  co_await let_others_run();
  EXPECT_LE(world.script().alive, 2U) << "retired twins pile up";
  EXPECT_TRUE(co_await eventually([&] { return world.script().alive == 1; }));
  EXPECT_EQ(world.reporter.all<BuildReport>().back().status, "ok");
}

TEST(Environments, KeepOneWorkerThroughAStormOfSaves) {
  run(storm);
}

asio::awaitable<void> checkout(World& world) {
  world.announce(1);
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 1; }));
  co_await let_others_run();
  world.reporter.reports.clear();
  for (int set = 0; set < 20; ++set) world.environments.reload({"Api", "Sns"});  // one `git checkout`
  EXPECT_TRUE(co_await eventually([&] { return world.reporter.all<BuildReport>().size() >= 4; }));
  co_await let_others_run();
  auto builds = world.reporter.all<BuildReport>();
  EXPECT_THAT(builds, SizeIs(4));
  std::set<std::string> named;
  for (const auto& build : builds) {
    EXPECT_TRUE(build.reload);
    named.insert(build.function);
  }
  EXPECT_THAT(named, ElementsAre("Api", "Sns"));
  EXPECT_THAT(world.script().started, SizeIs(3)) << "two workers more, of the one environment";
}

TEST(Environments, ReloadAtTheFirstAndAfterTheLastOfManyChanges) {
  run(checkout);
}

asio::awaitable<void> unknown(World& world) {
  world.announce(1, "dev-app-Other-9");
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  EXPECT_TRUE(world.sink.answers[id].failed);
  EXPECT_THAT(world.sink.answers[id].body, HasSubstr("dev-app-Other-9 is not part of the app"));
  EXPECT_THAT(world.script().started, IsEmpty());
  auto stray = world.arrive(9);  // never announced, or forgotten
  EXPECT_TRUE(co_await eventually([&] { return world.answered(stray); }));
  EXPECT_TRUE(world.sink.answers[stray].failed);
}

TEST(Environments, AnswerForAnUnknownFunctionWithAnError) {
  run(unknown);
}

asio::awaitable<void> late_knowledge(World& world) {
  world.announce(1, "dev-app-New-1");  // called before its deployment has ended
  auto known = functions();
  known["dev-app-New-1"] = {.info = {.logical_id = "New"}, .code = code("New", "new.handler"), .timeout = 3s};
  world.environments.know(known);
  world.script().run = [](const auto&, const auto&) { return result("new"); };
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  EXPECT_EQ(world.sink.answers[id].body, "new");
}

TEST(Environments, TakeInAFunctionThatWasCalledBeforeItWasKnown) {
  run(late_knowledge);
}

asio::awaitable<void> another_handler(World& world) {
  world.script().run = [](const worker::WorkerSpec& spec, const auto&) { return result(spec.code.handler); };
  world.announce(1);
  world.announce(2, "dev-app-Sns-1");
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 2; }));
  auto known = functions();
  known["dev-app-Api-1"].code.handler = "api.other";
  known["dev-app-Api-1"].timeout = 7s;
  world.environments.know(known);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  EXPECT_EQ(world.sink.answers[id].body, "api.other");
  EXPECT_THAT(world.script().started, SizeIs(3)) << "what has not changed keeps its worker";
  EXPECT_EQ(world.script().started.back().timeout, 7s);
}

TEST(Environments, StartAnewWhatIsDeployedWithAnotherHandlerOrTimeout) {
  run(another_handler);
}

asio::awaitable<void> start_failure(World& world) {
  world.script().start_failure = base::Error{.kind = base::ErrorKind::local_resource,
                                             .message = "node is not installed",
                                             .hint = "Install Node.js 20 or later."};
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  EXPECT_THAT(world.sink.answers[id].body, HasSubstr("node is not installed"));
  EXPECT_TRUE(co_await eventually([&] { return !world.reporter.all<BuildReport>().empty(); }));
  EXPECT_EQ(world.reporter.all<BuildReport>()[0].status, "error");
  EXPECT_THAT(world.reporter.all<BuildReport>()[0].output, HasSubstr("Install Node.js 20 or later."));
}

TEST(Environments, AnswerAndReportWhenNoWorkerCanBeStarted) {
  run(start_failure);
}

asio::awaitable<void> side_by_side(World& world) {
  std::vector<bridge::AttemptId> ids;
  for (std::uint8_t number = 1; number <= 50; ++number) {
    world.announce(number, number % 2 == 0 ? "dev-app-Api-1" : "dev-app-Sns-1");
    ids.push_back(world.arrive(number));
  }
  EXPECT_TRUE(co_await eventually([&] { return world.taken(50); }));
  EXPECT_EQ(world.script().most_running, 50U);
  for (std::uint8_t number = 1; number <= 50; ++number) {
    world.script().end(World::request(number), result(std::to_string(number)));
  }
  EXPECT_TRUE(co_await eventually([&] { return world.sink.answers.size() == 50; }));
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(world.sink.answers[ids[i]].body, std::to_string(i + 1));
  std::set<pid_t> workers(world.script().takers.begin(), world.script().takers.end());
  EXPECT_THAT(workers, SizeIs(50));
}

TEST(Environments, RunAttemptsOfDifferentEnvironmentsAtTheSameTime) {
  run(side_by_side);
}

asio::awaitable<void> moved_on(World& world) {
  world.script().run = [](const auto&, const auto&) { return std::optional(result("x")); };
  world.announce(1);
  for (std::uint64_t number = 1; number <= 3; ++number) {
    auto id = world.arrive(1, number);
    EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  }
  auto finished = world.reporter.finished();
  EXPECT_THAT(finished, SizeIs(2)) << "no 200 came, but the stub has moved on";
  for (const auto& report : finished) EXPECT_EQ(report.status, "ok");
}

TEST(Environments, ReportAnAnswerAsTakenWhenItsStubMovesOn) {
  run(moved_on);
}

asio::awaitable<void> undelivered(World& world) {
  world.script().run = [](const auto&, const auto&) { return std::optional(result("x")); };
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
  world.environments.undelivered(id);
  auto finished = world.reporter.finished();
  EXPECT_THAT(finished, SizeIs(1));
  if (finished.empty()) co_return;
  EXPECT_EQ(finished[0].status, "error");
  EXPECT_THAT(finished[0].error, HasSubstr("could not be delivered"));
}

TEST(Environments, ReportAnAnswerThatNobodyTookAsAnError) {
  run(undelivered);
}

asio::awaitable<void> idle(World& world) {
  world.script().run = [](const auto&, const auto&) { return std::optional(result("x")); };
  world.announce(1);
  auto first = world.arrive(1, 1);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(first); }));
  world.environments.delivered({first, world.clock.now(), world.clock.now()});
  world.clock.advance(9min);
  world.environments.sweep();
  EXPECT_THAT(world.script().stopped, IsEmpty());
  world.clock.advance(2min);
  world.environments.sweep();
  EXPECT_TRUE(co_await eventually([&] { return world.script().closed.size() == 1; }));
  auto second = world.arrive(1, 2);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(second); })) << "it comes back with a worker of its own";
  EXPECT_FALSE(world.sink.answers[second].failed);
  world.environments.delivered({second, world.clock.now(), world.clock.now()});
  world.clock.advance(25h);
  world.environments.sweep();
  auto third = world.arrive(1, 3);
  EXPECT_TRUE(co_await eventually([&] { return world.answered(third); }));
  EXPECT_TRUE(world.sink.answers[third].failed) << "forgotten after a day";
}

TEST(Environments, EndIdleWorkersAndForgetWhatIsLongGone) {
  run(idle);
}

asio::awaitable<void> busy_is_not_idle(World& world) {
  world.announce(1);
  auto id = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.clock.advance(25h);
  world.environments.sweep();
  co_await let_others_run();
  EXPECT_THAT(world.script().stopped, IsEmpty());
  world.script().end(World::request(1), result("long"));
  EXPECT_TRUE(co_await eventually([&] { return world.answered(id); }));
}

TEST(Environments, LeaveAloneWhatRunsForLong) {
  run(busy_is_not_idle);
}

asio::awaitable<void> logs(World& world) {
  world.announce(1);
  EXPECT_TRUE(co_await eventually([&] { return world.script().logs.size() == 1; }));
  world.script().logs.at(0)({.text = "caf\xe9 \xf0\x9f\x98\x80", .request_id = "r"});
  auto lines = world.reporter.all<LogLine>();
  EXPECT_THAT(lines, SizeIs(1));
  if (lines.empty()) co_return;
  EXPECT_EQ(lines[0].function, "Api");
  EXPECT_EQ(lines[0].request_id, "r");
  EXPECT_EQ(lines[0].line, "caf\xef\xbf\xbd \xf0\x9f\x98\x80") << "what is no UTF-8 would break the JSON lines";
}

TEST(Environments, PassOnLogLinesAsUtf8) {
  run(logs);
}

asio::awaitable<void> closes(World& world) {
  world.announce(1);
  world.announce(2);
  world.announce(3);
  auto running = world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(1); }));
  world.environments.reload({"Api"});  // the running one is on a retired worker now
  auto waiting = world.arrive(3);
  EXPECT_TRUE(co_await eventually([&] { return world.taken(2); }));
  co_await world.environments.close();
  EXPECT_EQ(world.script().alive, 0U);
  EXPECT_EQ(std::set<pid_t>(world.script().closed.begin(), world.script().closed.end()).size(),
            world.script().started.size())
      << "every worker was waited for";
  EXPECT_FALSE(world.answered(running));
  EXPECT_FALSE(world.answered(waiting));
  auto finished = world.reporter.finished();
  EXPECT_THAT(finished, SizeIs(2));
  for (const auto& report : finished) EXPECT_EQ(report.error, "the session ended");
}

TEST(Environments, EndEverythingOnClose) {
  run(closes);
}

asio::awaitable<void> closes_while_starting(World& world) {
  world.script().hold_starts = true;
  world.announce(1);
  world.arrive(1);
  EXPECT_TRUE(co_await eventually([&] { return world.script().started.size() == 1; }));
  co_await world.environments.close();
  EXPECT_EQ(world.script().alive, 0U);
}

TEST(Environments, CloseWhileAWorkerStarts) {
  run(closes_while_starting);
}

}  // namespace
}  // namespace session
