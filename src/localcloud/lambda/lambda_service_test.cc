#include "localcloud/lambda/lambda_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/lambda/testing/fake_account.h"

namespace localcloud {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Runtimes. Each is a process until it returns.

awaitable<void> echo(std::shared_ptr<ScriptedProcess> process) {
  for (;;) {
    auto event = co_await process->next();
    process->write("handling\n");
    co_await process->respond(event, event.body);
  }
}

awaitable<void> fail_always(std::shared_ptr<ScriptedProcess> process) {
  for (;;) {
    auto event = co_await process->next();
    process->write(ScriptedProcess::request_id(event) + "\n");
    co_await process->post("invocation/" + ScriptedProcess::request_id(event) + "/error", R"({"errorType":"Error"})");
  }
}

awaitable<void> exit_in_handler(std::shared_ptr<ScriptedProcess> process) {
  co_await process->next();
  process->exit(1);
}

awaitable<void> fail_to_start(std::shared_ptr<ScriptedProcess> process) {
  co_await process->post("init/error", R"({"errorType":"Runtime.ImportModuleError","errorMessage":"no module"})");
}

awaitable<void> never_answer(std::shared_ptr<ScriptedProcess> process) {
  co_await process->next();
  base::Notifier forever;
  for (;;) co_await forever.wait();
}

struct Fixture : FakeAccount {
  explicit Fixture(Script script) : service(cloud) {
    spawner.script = std::move(script);
    service.put_unpacked(std::make_shared<const FunctionVersion>(function("f")));
  }
  LambdaService service;

  void run(awaitable<void> scenario) { base::run_until_done(loop, finish(std::move(scenario))); }

 private:
  awaitable<void> finish(awaitable<void> scenario) {
    co_await std::move(scenario);
    co_await tasks.close();
    co_await service.shut_down();
  }
};

InvokeInput input(std::string payload, InvocationType type = InvocationType::request_response) {
  return {.function = "f", .payload = std::move(payload), .type = type};
}

std::string member(const std::string& text, const char* key) {
  return codec::find_string(codec::parse_json(text).value(), key);
}

awaitable<void> until_frozen(const ScriptedProcess& process, std::size_t times) {
  auto stops = [&] { return std::count(process.signals.begin(), process.signals.end(), SIGSTOP); };
  while (stops() < static_cast<std::ptrdiff_t>(times)) co_await turns(1);
}

awaitable<void> invoke_twice(Fixture& account) {
  auto first = co_await account.service.invoke(input(R"({"n":1})"));
  EXPECT_EQ(first.value().payload, R"({"n":1})");
  EXPECT_EQ(first->function_error, "");
  co_await until_frozen(*account.spawner.started[0], 1);
  auto second = co_await account.service.invoke(input(""));
  EXPECT_EQ(second.value().payload, "{}");
  co_await until_frozen(*account.spawner.started[0], 2);
  EXPECT_EQ(account.spawner.started.size(), 1U);
  EXPECT_THAT(account.spawner.started[0]->signals, ElementsAre(SIGSTOP, SIGCONT, SIGSTOP));
}

TEST(Lambda, FreezesBetweenInvocationsAndUsesTheEnvironmentAgain) {
  Fixture account(echo);
  account.run(invoke_twice(account));
  EXPECT_THAT(account.logs.lines, Contains("handling"));
  EXPECT_THAT(account.logs.lines, Contains(HasSubstr("START RequestId: ")));
  EXPECT_THAT(account.logs.lines, Contains(HasSubstr("Init Duration: ")).Times(1));
  EXPECT_EQ(account.spawner.started[0]->signals.back(), SIGKILL);
}

awaitable<void> invoke_into(Fixture& account, int& answered) {
  auto output = co_await account.service.invoke(input("{}"));
  if (output) ++answered;
}

awaitable<void> invoke_three_at_once(Fixture& account) {
  int answered = 0;
  base::TaskGroup callers(account.cloud.executor);
  for (int i = 0; i < 3; ++i) callers.spawn(invoke_into(account, answered));
  co_await callers.join();
  EXPECT_EQ(answered, 3);
  EXPECT_EQ(account.spawner.started.size(), 3U);
}

TEST(Lambda, ConcurrentInvocationsHaveAnEnvironmentEach) {
  Fixture account(echo);
  account.run(invoke_three_at_once(account));
}

awaitable<void> check_environment(Fixture& account) {
  co_await account.service.invoke(input("{}"));
  auto variables = account.spawner.started[0]->options.environment;
  std::string directory = account.spawner.started[0]->options.directory;
  EXPECT_EQ(variables["LAMBDA_TASK_ROOT"], directory);
  EXPECT_EQ(variables["_HANDLER"], "app.handler");
  EXPECT_EQ(variables["AWS_LAMBDA_FUNCTION_NAME"], "f");
  EXPECT_EQ(variables["AWS_LAMBDA_FUNCTION_VERSION"], "$LATEST");
  EXPECT_EQ(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
  EXPECT_EQ(variables["AWS_LAMBDA_LOG_GROUP_NAME"], "/aws/lambda/f");
  EXPECT_EQ(variables["AWS_ACCESS_KEY_ID"], "ASIA-f");
  EXPECT_EQ(variables["AWS_SESSION_TOKEN"], "role-token");
  EXPECT_EQ(variables["AWS_ENDPOINT_URL"], "http://127.0.0.1:4571");
  EXPECT_EQ(variables["TZ"], ":UTC");
  EXPECT_EQ(variables["PATH"], "/usr/local/bin:/usr/bin/:/bin:/opt/bin");
  EXPECT_FALSE(variables.contains("AWS_EXECUTION_ENV"));
  EXPECT_FALSE(variables.contains("AWS_CA_BUNDLE"));
  EXPECT_THAT(account.spawner.started[0]->options.command, ElementsAre(directory + "/bootstrap"));
}

TEST(Lambda, GivesTheProcessLambdasEnvironment) {
  Fixture account(echo);
  account.run(check_environment(account));
}

awaitable<void> invoke_failing(Fixture& account, std::string type, std::string message, std::size_t processes) {
  auto output = co_await account.service.invoke(input("{}"));
  EXPECT_EQ(output.value().function_error, "Unhandled");
  EXPECT_EQ(member(output->payload, "errorType"), type);
  EXPECT_THAT(member(output->payload, "errorMessage"), HasSubstr(message));
  EXPECT_EQ(account.spawner.started.size(), processes);
}

TEST(Lambda, AHandlersErrorIsHandedOnAsItIs) {
  Fixture account(fail_always);
  account.run(invoke_failing(account, "Error", "", 1));
}

TEST(Lambda, AProcessThatEndsInTheHandlerIsAnExitError) {
  Fixture account(exit_in_handler);
  account.run(invoke_failing(account, "Runtime.ExitError", "Error: Runtime exited with error: exit status 1", 1));
}

TEST(Lambda, AFailedInitialisationIsTriedOnceMore) {
  Fixture account(fail_to_start);
  account.run(invoke_failing(account, "Runtime.ImportModuleError", "no module", 2));
}

awaitable<void> send_event(Fixture& account) {
  auto output = co_await account.service.invoke(input("{}", InvocationType::event));
  EXPECT_EQ(output.value().status, 202);
  // Attempts come only as the clock is turned; each is one line that names the request.
  auto attempts = [&] { return std::count(account.logs.lines.begin(), account.logs.lines.end(), output->request_id); };
  while (attempts() < 1) co_await turns(1);
  co_await turns(200);
  EXPECT_EQ(attempts(), 1);
  for (int minute = 0; minute < 60 && attempts() < 3; ++minute) {
    account.clock.advance(std::chrono::minutes(1));
    co_await turns(50);
  }
  EXPECT_EQ(attempts(), 3);
  for (int hour = 0; hour < 8; ++hour) {
    account.clock.advance(std::chrono::hours(1));
    co_await turns(50);
  }
  EXPECT_EQ(attempts(), 3);
}

TEST(Lambda, FailedEventsAreRetriedTwiceUnderTheSameId) {
  Fixture account(fail_always);
  account.run(send_event(account));
}

awaitable<void> update_function(Fixture& account) {
  co_await account.service.invoke(input("{}"));
  co_await until_frozen(*account.spawner.started[0], 1);
  account.service.put_unpacked(std::make_shared<const FunctionVersion>(account.function("f")));
  co_await account.service.invoke(input("{}"));
  EXPECT_EQ(account.spawner.started.size(), 2U);
  while (!account.spawner.started[0]->status) co_await turns(1);
  EXPECT_EQ(account.spawner.started[0]->status->signal, SIGKILL);
}

TEST(Lambda, AnUpdateEndsTheEnvironmentsBefore) {
  Fixture account(echo);
  account.run(update_function(account));
}

awaitable<void> leave_idle(Fixture& account) {
  co_await account.service.invoke(input("{}"));
  co_await until_frozen(*account.spawner.started[0], 1);
  while (!account.spawner.started[0]->status) {
    account.clock.advance(std::chrono::minutes(2));
    co_await turns(20);
  }
}

TEST(Lambda, EnvironmentsThatIdleForLongEnd) {
  Fixture account(echo);
  account.run(leave_idle(account));
}

awaitable<void> reserve_one(Fixture& account) {
  EXPECT_TRUE(account.service.reserve_concurrency(*account.service.find("f")->function, 1));
  base::TaskGroup callers(account.cloud.executor);
  int answered = 0;
  callers.spawn(invoke_into(account, answered));
  while (account.spawner.started.empty()) co_await turns(1);
  auto second = co_await account.service.invoke(input("{}"));
  EXPECT_FALSE(second);
  if (!second) {
    EXPECT_EQ(second.error().code, "TooManyRequestsException");
    EXPECT_EQ(second.error().status, 429);
  }
  co_await callers.close();
}

TEST(Lambda, ReservedConcurrencyIsALimit) {
  Fixture account(never_answer);
  account.run(reserve_one(account));
  EXPECT_TRUE(account.spawner.started[0]->status);  // shut down with its invocation
}

awaitable<void> check_inputs(Fixture& account) {
  auto code = [](const base::Result<InvokeOutput>& output) { return output ? std::string() : output.error().code; };
  std::string fits = "\"" + std::string(6'291'454, 'x') + "\"";
  EXPECT_EQ(code(co_await account.service.invoke(input(fits))), "");
  EXPECT_EQ(code(co_await account.service.invoke(input(fits + " "))), "RequestTooLargeException");
  std::string event = "\"" + std::string(1'048'575, 'x') + "\"";
  EXPECT_EQ(code(co_await account.service.invoke(input(event, InvocationType::event))), "RequestTooLargeException");
  EXPECT_EQ(code(co_await account.service.invoke(input("{"))), "InvalidRequestContentException");
  InvokeInput unknown = input("{}");
  unknown.function = "g";
  EXPECT_EQ(code(co_await account.service.invoke(unknown)), "ResourceNotFoundException");
  unknown.function = "f:live";
  EXPECT_EQ(code(co_await account.service.invoke(unknown)), "ResourceNotFoundException");
  EXPECT_EQ((co_await account.service.invoke(input("{}", InvocationType::dry_run)))->status, 204);
}

TEST(Lambda, ChecksWhatItIsGiven) {
  Fixture account(echo);
  account.run(check_inputs(account));
}

awaitable<void> call_api(Fixture& account) {
  Call call;
  call.service = "lambda";
  call.request = {.method = "POST",
                  .target = "/2015-03-31/functions/f/invocations",
                  .headers = {{"X-Amz-Log-Type", "Tail"}},
                  .body = R"({"x":1})"};
  auto response = co_await account.service.handle(call);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"x":1})");
  EXPECT_EQ(response.headers.get("X-Amz-Executed-Version"), "$LATEST");
  auto tail = codec::base64_decode(response.headers.get_or("X-Amz-Log-Result", "")).value();
  EXPECT_THAT(tail, HasSubstr("handling\n"));
  EXPECT_THAT(tail, HasSubstr("REPORT RequestId: "));
  EXPECT_THAT(account.iam.asked, Contains("lambda:InvokeFunction "
                                          "arn:aws:lambda:us-east-1:123456789012:function:f"));

  call.request.method = "PUT";
  call.request.target = "/2015-03-31/functions/f/code";
  response = co_await account.service.handle(call);
  EXPECT_EQ(response.status, 501);
  EXPECT_THAT(response.body, HasSubstr("UpdateFunctionCode"));

  account.iam.allow = [](auto, auto) { return false; };
  call.request.method = "GET";
  call.request.target = "/2015-03-31/functions/f";
  EXPECT_EQ((co_await account.service.handle(call)).status, 403);
  account.iam.allow = [](auto, auto) { return true; };
  response = co_await account.service.handle(call);
  EXPECT_EQ(codec::find_string(codec::parse_json(response.body).value(), "Configuration", "FunctionName"), "f");
}

TEST(Lambda, AnswersItsHttpApi) {
  Fixture account(echo);
  account.run(call_api(account));
}

}  // namespace
}  // namespace localcloud
