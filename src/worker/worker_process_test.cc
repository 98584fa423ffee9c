// Workers with the real Node.js and the real loader, over the real Runtime API endpoint.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "os/files.h"
#include "os/spawner.h"
#include "worker/testing/node_worker.h"
#include "worker/worker.h"

namespace worker {
namespace {

namespace asio = boost::asio;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = WorkerOutcome::Kind;
using testing::error_message;
using testing::error_type;
using testing::NodeWorker;

TEST_F(NodeWorker, RunsAnEsModuleAndKeepsItsGlobals) {
  file("src/api.mjs",
       "let n = 0; export const handler = async (e) => ({ n: ++n, e, pid: process.pid, g: process.env.GREETING });");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("src/api.handler");
    auto first = co_await worker->invoke(t.event("id-1", "{\"a\":1}"));
    EXPECT_EQ(first.kind, Kind::result);
    EXPECT_EQ(first.answer.body, fmt::format(R"({{"n":1,"e":{{"a":1}},"pid":{},"g":"hello"}})", worker->pid()));
    auto second = co_await worker->invoke(t.event("id-2", "null"));
    EXPECT_THAT(second.answer.body, StartsWith("{\"n\":2,"));
    EXPECT_TRUE(worker->usable());
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, RunsAJsFileAsThePackageSays) {
  file("api.js", "export const handler = async () => 'module';");
  file("package.json", R"({"type":"module"})");
  file("old/api.js", "module.exports.handler = async () => 'commonjs';");
  file("old/package.json", "{}");
  EXPECT_EQ(invoke_once("api.handler").answer.body, "\"module\"");
  EXPECT_EQ(invoke_once("old/api.handler").answer.body, "\"commonjs\"");
}

TEST_F(NodeWorker, RunsNestedExportsOfCommonJs) {
  file("api.cjs", "exports.deep = { handler: async () => undefined };");
  auto outcome = invoke_once("api.deep.handler");
  EXPECT_EQ(outcome.kind, Kind::result);
  EXPECT_EQ(outcome.answer.body, "null");
}

TEST_F(NodeWorker, WaitsForACallbackAndForTheEventLoop) {
  file("api.cjs", R"(
    exports.waits = (e, c, done) => { let late = 0; setTimeout(() => { late = 1; }, 20); done(null, { get late() { return late; } }); };
    exports.hurries = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000); done(null, 1); };
    exports.fails = (e, c, done) => done(new TypeError('no'));
    exports.succeeds = (e, c) => c.succeed('s');
    exports.says_nothing = () => 'ignored';)");
  EXPECT_EQ(invoke_once("api.waits").answer.body, "{\"late\":1}");
  EXPECT_EQ(invoke_once("api.hurries").answer.body, "1");
  EXPECT_EQ(error_type(invoke_once("api.fails")), "TypeError");
  EXPECT_EQ(invoke_once("api.succeeds").answer.body, "\"s\"");
  EXPECT_EQ(invoke_once("api.says_nothing").answer.body, "null");
}

TEST_F(NodeWorker, TellsThrownAndRejectedErrorsAndGoesOn) {
  file("api.mjs",
       R"(export const handler = async (e) => { if (e.fail) throw new RangeError('too far'); return 'fine'; };
                     export const sync = () => { throw 'a string'; };)");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto failed = co_await worker->invoke(t.event("id-1", "{\"fail\":true}"));
    EXPECT_EQ(failed.kind, Kind::failure);
    EXPECT_TRUE(failed.answer.failure);
    EXPECT_EQ(error_type(failed), "RangeError");
    EXPECT_EQ(failed.answer.error_type, "");  // AWS's client does not tell the type in a header
    EXPECT_EQ(error_message(failed), "too far");
    EXPECT_THAT(failed.answer.body, HasSubstr("api.mjs:1"));
    auto fine = co_await worker->invoke(t.event("id-2"));
    EXPECT_EQ(fine.answer.body, "\"fine\"");
    co_await worker->close();
  }(*this));
  EXPECT_EQ(invoke_once("api.sync").answer.body, R"({"errorType":"string","errorMessage":"a string","trace":[]})");
}

TEST_F(NodeWorker, EndsAfterAnUnhandledRejectionAndTakesNoMore) {
  file("api.mjs",
       "export const handler = () => { Promise.reject(new Error('lost')); return new Promise(() => setTimeout(() => "
       "{}, 60000)); };");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto failed = co_await worker->invoke(t.event("id-1"));
    EXPECT_EQ(failed.kind, Kind::failure);
    EXPECT_EQ(error_type(failed), "Runtime.UnhandledPromiseRejection");
    EXPECT_EQ(error_message(failed), "Error: lost");
    auto next = co_await worker->invoke(t.event("id-2"));
    EXPECT_EQ(next.kind, Kind::not_started);
    EXPECT_FALSE(worker->usable());
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, AnswersNullForAHandlerThatNeverSettlesAsNode20DoesInLambda) {
  file("api.mjs", "export const handler = async () => new Promise(() => {});");
  EXPECT_EQ(invoke_once("api.handler").answer.body, "null");
}

TEST_F(NodeWorker, TurnsProcessExitIntoExitError) {
  file("api.mjs",
       "export const handler = async () => { console.log('x'.repeat(200000) + ' last words'); process.exit(3); };");
  auto outcome = invoke_once("api.handler");
  EXPECT_EQ(outcome.kind, Kind::exited);
  EXPECT_EQ(error_type(outcome), "Runtime.ExitError");
  EXPECT_EQ(error_message(outcome), "RequestId: id-1 Error: Runtime exited with error: exit status 3");
  EXPECT_THAT(lines(), Contains(EndsWith("xx last words")));
}

TEST_F(NodeWorker, ShowsWhereASyntaxErrorIsBeforeAnythingIsInvoked) {
  file("api.mjs", "import './broken.mjs';\nexport const handler = async () => 1;");
  file("broken.mjs", "const fine = 1;\nconst broken = {;\n");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto shown = co_await worker->initialised();
    EXPECT_EQ(shown.kind, Kind::init_failed);
    EXPECT_EQ(error_type(shown), "Runtime.UserCodeSyntaxError");
    EXPECT_THAT(shown.answer.body, HasSubstr("broken.mjs:2"));
    EXPECT_FALSE(worker->usable());
    auto answered = co_await worker->invoke(t.event("id-1"));
    EXPECT_EQ(answered.kind, Kind::init_failed);
    EXPECT_EQ(answered.answer.body, shown.answer.body);
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, NamesInitErrorsAsLambdaDoes) {
  file("api.mjs", "export const text = 'x';");
  file("imports.mjs", "import 'not-installed'; export const handler = 1;");
  file("requires.cjs", "require('not-installed');");
  file("throws.mjs", "throw new TypeError('at load');");
  file("exits.mjs", "process.exit(4);");
  const auto type = [&](const char* handler) {
    auto outcome = invoke_once(handler);
    EXPECT_EQ(outcome.kind, Kind::init_failed) << handler;
    return error_type(outcome);
  };
  EXPECT_EQ(type("missing.handler"), "Runtime.ImportModuleError");
  EXPECT_EQ(type("imports.handler"), "Runtime.ImportModuleError");
  EXPECT_EQ(type("requires.handler"), "Runtime.ImportModuleError");
  EXPECT_EQ(type("api.handler"), "Runtime.HandlerNotFound");
  EXPECT_EQ(type("api.text"), "Runtime.HandlerNotFound");
  EXPECT_EQ(type("api"), "Runtime.MalformedHandlerName");
  EXPECT_EQ(type("../api.handler"), "Runtime.MalformedHandlerName");
  EXPECT_EQ(type("throws.handler"), "TypeError");
  EXPECT_EQ(type("exits.handler"), "Runtime.ExitError");
}

TEST_F(NodeWorker, GivesTheWholeContext) {
  file("api.mjs", R"(export const handler = async (event, context) => ({
      ...context, trace: process.env._X_AMZN_TRACE_ID, env: process.env.AWS_EXECUTION_ENV, root: process.env.LAMBDA_TASK_ROOT,
      cwd: process.cwd(), left: context.getRemainingTimeInMillis() > 1000 && context.getRemainingTimeInMillis() <= 30000 });)");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto full = t.event("id-1");
    full.trace_id = "Root=1-x";
    full.client_context = R"({"custom":{"k":"v"}})";
    full.cognito_identity = R"({"cognitoIdentityId":"i"})";
    full.tenant_id = "blue";
    auto outcome = co_await worker->invoke(full);
    auto body = codec::parse_json(outcome.answer.body);
    EXPECT_TRUE(body) << outcome.answer.body;
    if (body) {
      const auto text = [&](const char* key) { return codec::find_string(*body, key); };
      EXPECT_EQ(text("functionName"), "stage-F");
      EXPECT_EQ(text("functionVersion"), "$LATEST");
      EXPECT_EQ(text("invokedFunctionArn"), full.function_arn);
      EXPECT_EQ(text("memoryLimitInMB"), "256");
      EXPECT_EQ(text("awsRequestId"), "id-1");
      EXPECT_EQ(text("logGroupName"), "/aws/lambda/stage-F");
      EXPECT_EQ(text("logStreamName"), "2026/01/02/[$LATEST]abc");
      EXPECT_EQ(text("tenantId"), "blue");
      EXPECT_EQ(text("trace"), "Root=1-x");
      EXPECT_EQ(text("env"), "AWS_Lambda_nodejs20.x");
      EXPECT_EQ(text("root"), t.folder_.path());
      EXPECT_EQ(text("cwd"), t.folder_.path());
      EXPECT_EQ(codec::find_string(*body, "clientContext", "custom", "k"), "v");
      EXPECT_EQ(codec::find_string(*body, "identity", "cognitoIdentityId"), "i");
      EXPECT_TRUE(body->at("left").as_bool());
    }
    auto bare = co_await worker->invoke(t.event("id-2"));
    EXPECT_THAT(bare.answer.body, ::testing::Not(HasSubstr("\"trace\"")));
    EXPECT_THAT(bare.answer.body, ::testing::Not(HasSubstr("\"clientContext\"")));
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, TellsLogRecordsApart) {
  file("api.mjs", R"(console.log('loading');
    export const handler = async () => { console.warn('one\ntwo %d', 3); process.stdout.write('raw\n'); console.error(new Error('shown'));
      process.stderr.write('on stderr\n'); process.stdout.write('y'.repeat(200000) + '\n'); process.stdout.write('no end'); };)");
  invoke_once("api.handler");
  EXPECT_THAT(lines(), Contains(EndsWith("\tundefined\tINFO\tloading")));
  EXPECT_THAT(lines(), Contains(EndsWith("\tid-1\tWARN\tone\ntwo 3")));
  EXPECT_THAT(lines(), Contains("raw"));
  EXPECT_THAT(lines(), Contains(AllOf(HasSubstr("\tid-1\tERROR\tError: shown\n    at "), HasSubstr("api.mjs:2"))));
  EXPECT_THAT(lines(), Contains("on stderr"));
  EXPECT_THAT(lines(), Contains(::testing::SizeIs(200'000)));
  EXPECT_THAT(lines(), Contains("no end"));
  for (const auto& record : log_) {
    EXPECT_EQ(record.request_id, record.text.ends_with("loading") ? "" : "id-1") << record.text.substr(0, 80);
    EXPECT_EQ(record.from_stderr, record.text == "on stderr");
  }
}

TEST_F(NodeWorker, CarriesSixMegabytesBothWays) {
  file("api.mjs", "export const handler = async (event) => event;");
  std::string text = "\"" + std::string(6 * 1024 * 1024 - 4, 'x') + "\xc3\xa4\"";
  auto outcome = invoke_once("api.handler", text);
  EXPECT_EQ(outcome.kind, Kind::result);
  EXPECT_TRUE(outcome.answer.body == text);
}

TEST_F(NodeWorker, TurnsAResponseOverTheLimitIntoLambdasErrorAndGoesOn) {
  file("api.mjs", "export const handler = async (n) => 'x'.repeat(n - 2);");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto too_large = co_await worker->invoke(t.event("id-1", "6291557"));
    EXPECT_EQ(too_large.kind, Kind::failure);
    EXPECT_EQ(error_type(too_large), "Function.ResponseSizeTooLarge");
    auto just_right = co_await worker->invoke(t.event("id-2", "6291556"));
    EXPECT_EQ(just_right.kind, Kind::result);
    EXPECT_EQ(just_right.answer.body.size(), 6'291'556U);
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, KillsAtTheDeadline) {
  file("api.mjs", "export const handler = () => { for (;;); };");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    EXPECT_EQ((co_await worker->initialised()).kind, Kind::result);
    auto event = t.event("id-1");
    event.deadline = t.clock_.wall_now() + std::chrono::milliseconds(250);
    auto outcome = co_await worker->invoke(event);
    EXPECT_EQ(outcome.kind, Kind::timed_out);
    EXPECT_EQ(error_type(outcome), "Sandbox.Timedout");
    EXPECT_THAT(error_message(outcome), StartsWith("RequestId: id-1 Error: Task timed out after 0."));
    EXPECT_FALSE(worker->usable());
    co_await worker->close();
  }(*this));
}

awaitable<void> invoke_into(Worker& worker, runtime_api::InvocationEvent event, std::function<void()> handed_over,
                            std::optional<WorkerOutcome>& into) {
  into = co_await worker.invoke(std::move(event), {.handed_over = std::move(handed_over)});
}

// Lambda gives loading 10 s before the function's timeout begins to count; here both begin together.
TEST_F(NodeWorker, GoesOnLoadingAfterADeadlineThatWasTooShortForIt) {
  file("api.mjs", "await new Promise((r) => setTimeout(r, 500)); export const handler = async () => 'loaded';");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto event = t.event("id-1");
    event.deadline = t.clock_.wall_now() + std::chrono::milliseconds(50);
    EXPECT_EQ((co_await worker->invoke(event)).kind, Kind::timed_out);
    EXPECT_TRUE(worker->usable());
    auto outcome = co_await worker->invoke(t.event("id-2"));
    EXPECT_EQ(outcome.answer.body, "\"loaded\"");
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, StopCancelsWhatRuns) {
  file("api.mjs", "export const handler = () => new Promise((r) => setTimeout(r, 60000));");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    std::optional<WorkerOutcome> outcome;
    base::TaskGroup tasks(t.loop_.get_executor());
    tasks.spawn(invoke_into(*worker, t.event("id-1"), [&] { worker->stop(); }, outcome));
    co_await tasks.join();
    EXPECT_EQ(outcome->kind, Kind::cancelled);
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, CancellingTheCallerKillsTheProcess) {
  file("api.mjs", "export const handler = () => new Promise((r) => setTimeout(r, 60000));");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    std::optional<WorkerOutcome> outcome;
    base::TaskGroup tasks(t.loop_.get_executor());
    tasks.spawn(invoke_into(*worker, t.event("id-1"), [&] { tasks.cancel(); }, outcome));
    co_await tasks.join();
    EXPECT_FALSE(outcome);
    EXPECT_FALSE(worker->usable());
    EXPECT_FALSE(worker->busy());
    co_await worker->close();
    EXPECT_NE(::kill(worker->pid(), 0), 0);
  }(*this));
}

TEST_F(NodeWorker, SaysWhichSignalEndedIt) {
  file("api.mjs", "export const handler = () => new Promise((r) => { process.kill(process.pid, 'SIGKILL'); });");
  auto outcome = invoke_once("api.handler");
  EXPECT_EQ(outcome.kind, Kind::exited);
  EXPECT_EQ(error_message(outcome), "RequestId: id-1 Error: Runtime exited with error: signal: killed");
}

TEST_F(NodeWorker, RetiringLetsWhatRunsEnd) {
  file("api.mjs", "export const handler = async () => 'done';");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    std::optional<WorkerOutcome> outcome;
    base::TaskGroup tasks(t.loop_.get_executor());
    tasks.spawn(invoke_into(*worker, t.event("id-1"), [&] { worker->retire(); }, outcome));
    co_await tasks.join();
    EXPECT_EQ(outcome->kind, Kind::result);
    EXPECT_EQ(outcome->answer.body, "\"done\"");
    EXPECT_FALSE(worker->usable());
    EXPECT_EQ((co_await worker->invoke(t.event("id-2"))).kind, Kind::not_started);
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, RefusesRuntimesItDoesNotRunAndFoldersThatAreNotThere) {
  run([](NodeWorker& t) -> awaitable<void> {
    FunctionCode code{.function = "F", .runtime = "cobol85", .handler = "a.b", .source = "/nowhere"};
    auto cobol = co_await t.launcher_->check(code);
    EXPECT_FALSE(cobol);
    EXPECT_THAT(cobol.error().message, HasSubstr("cobol85"));
    code.runtime = "nodejs22.x";
    EXPECT_TRUE(co_await t.launcher_->check(code));
    auto nowhere = co_await t.launcher_->start({.code = code, .environment = {}}, {});
    EXPECT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().kind, base::ErrorKind::not_found);
  }(*this));
}

}  // namespace
}  // namespace worker
