#include "worker/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace worker {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

WorkerSpec spec() {
  return {.code = {.function = "Api", .runtime = "nodejs20.x", .handler = "api.handler", .source = "/app"},
          .environment = {{"TOPIC_ARN", "arn:t"},
                          {"AWS_ACCESS_KEY_ID", "AKIA"},
                          {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"},
                          {"AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"},
                          {"LAMBDA_TASK_ROOT", "/var/task"},
                          {"LAMBDA_RUNTIME_DIR", "/var/runtime"},
                          {"LD_LIBRARY_PATH", "/var/runtime/lib"},
                          {"_X_AMZN_TRACE_ID", "old"},
                          {"_LAMBDA_LOG_FD", "3"},
                          {"AWS_LAMBDA_METADATA_API", "169.254.100.1:9001"},
                          {"PATH", "/var/lang/bin"},
                          {"TZ", ":UTC"}}};
}

Program program() {
  return {
      .command = {}, .task_root = "/app", .runtime_folder = "/run/loaders/nodejs", .environment = {{"OF", "language"}}};
}

LauncherOptions options() {
  return {.loaders = "/run/loaders",
          .ca_file = "",
          .own_environment = {{"PATH", "/usr/bin"}, {"HOME", "/home/tom"}, {"SECRET_OF_THE_DEVELOPER", "s"}}};
}

TEST(WorkerEnvironment, IsTheStubsButForTheMachine) {
  const auto made = make_environment(spec(), options(), "127.0.0.1:4000", program(), "");
  const std::map<std::string, std::string> expected = {{"TOPIC_ARN", "arn:t"},
                                                       {"AWS_ACCESS_KEY_ID", "AKIA"},
                                                       {"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:4000"},
                                                       {"AWS_EXECUTION_ENV", "AWS_Lambda_nodejs20.x"},
                                                       {"LAMBDA_TASK_ROOT", "/app"},
                                                       {"LAMBDA_RUNTIME_DIR", "/run/loaders/nodejs"},
                                                       {"PATH", "/usr/bin"},
                                                       {"HOME", "/home/tom"},
                                                       {"_HANDLER", "api.handler"},
                                                       {"OF", "language"},
                                                       {"LANG", "en_US.UTF-8"},
                                                       {"LD_LIBRARY_PATH", "/app:/app/lib"},
                                                       {"TZ", ":UTC"}};
  EXPECT_EQ(made, expected);
}

TEST(WorkerEnvironment, NamesTheOwnAuthorityUnlessTheFunctionDoes) {
  auto with_ca = options();
  with_ca.ca_file = "/tmp/ca.pem";
  auto own = spec();
  own.environment["AWS_CA_BUNDLE"] = "/app/bundle.pem";
  const auto made = make_environment(own, with_ca, "127.0.0.1:4000", program(), "");
  EXPECT_THAT(made, Contains(Pair("NODE_EXTRA_CA_CERTS", "/tmp/ca.pem")));
  EXPECT_THAT(made, Contains(Pair("AWS_CA_BUNDLE", "/app/bundle.pem")));
  EXPECT_THAT(make_environment(spec(), options(), "a", program(), ""), Not(Contains(Key("NODE_EXTRA_CA_CERTS"))));
}

TEST(WorkerEnvironment, HasTheDevelopersOptionsOfNodeBeforeTheFunctions) {
  auto of_developer = options();
  of_developer.own_environment["NODE_OPTIONS"] = "--inspect";
  auto function = spec();
  EXPECT_THAT(make_environment(function, of_developer, "", program(), ""), Contains(Pair("NODE_OPTIONS", "--inspect")));
  function.environment["NODE_OPTIONS"] = "--stack-trace-limit=5";
  EXPECT_THAT(make_environment(function, of_developer, "", program(), ""),
              Contains(Pair("NODE_OPTIONS", "--inspect --stack-trace-limit=5")));
  function.code.runtime = "python3.12";
  EXPECT_THAT(make_environment(function, of_developer, "", program(), ""),
              Contains(Pair("NODE_OPTIONS", "--stack-trace-limit=5")));
}

TEST(WorkerEnvironment, FindsLayersBehindWhatTheFunctionSets) {
  struct {
    const char* runtime;
    const char* variable;
    const char* value;
  } cases[] = {
      {"nodejs22.x", "NODE_PATH",
       "own:/opt-here/nodejs/node22/node_modules:/opt-here/nodejs/node_modules:of the language"},
      {"python3.12", "PYTHONPATH", "/opt-here/python/lib/python3.12/site-packages:/opt-here/python"},
      {"ruby3.3", "GEM_PATH", "/opt-here/ruby/gems/3.3.0"},
      {"ruby3.3", "RUBYLIB", "/opt-here/ruby/lib"},
      {"provided.al2023", "PATH", "/usr/bin:/opt-here/bin"},
      {"nodejs22.x", "LD_LIBRARY_PATH", "/app:/app/lib:/opt-here/lib"},
  };
  for (const auto& test : cases) {
    auto of = spec();
    of.code.runtime = test.runtime;
    of.environment["NODE_PATH"] = "own";
    auto by_language = program();
    by_language.environment["NODE_PATH"] = "of the language";
    const auto made = make_environment(of, options(), "a", by_language, "/opt-here");
    EXPECT_THAT(made, Contains(Pair(test.variable, test.value))) << test.runtime;
  }
}

TEST(WorkerEnvironment, OfExtensionsLacksWhatIsTheRuntimes) {
  const auto made = extension_environment(make_environment(spec(), options(), "a", program(), ""));
  for (const char* name : {"TOPIC_ARN", "AWS_ACCESS_KEY_ID", "AWS_LAMBDA_RUNTIME_API", "PATH", "TZ"}) {
    EXPECT_THAT(made, Contains(Key(name)));
  }
  for (const char* name : {"_HANDLER", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "AWS_EXECUTION_ENV"}) {
    EXPECT_THAT(made, Not(Contains(Key(name))));
  }
}

}  // namespace
}  // namespace worker
