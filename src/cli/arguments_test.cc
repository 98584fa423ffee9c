#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

AppCommand start(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "start");
  auto command = parse_arguments(arguments);
  if (!command) {
    ADD_FAILURE() << command.error().message;
    return {};
  }
  return std::get<AppCommand>(*command);
}

LocalCommand local(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "local");
  auto command = parse_arguments(arguments);
  if (!command) {
    ADD_FAILURE() << command.error().message;
    return {};
  }
  return std::get<LocalCommand>(*command);
}

base::Error error(const std::vector<std::string>& arguments) {
  auto command = parse_arguments(arguments);
  if (!command) return command.error();
  ADD_FAILURE() << "no error";
  return {};
}

std::string text(const std::vector<std::string>& arguments) {
  auto command = parse_arguments(arguments);
  if (command && std::holds_alternative<PrintCommand>(*command)) return std::get<PrintCommand>(*command).text;
  ADD_FAILURE() << "nothing to print";
  return {};
}

TEST(Arguments, OfStartHaveDefaults) {
  AppCommand command = start({});
  EXPECT_FALSE(command.app.stage.has_value());
  EXPECT_EQ(command.app.app_dir, ".");
  EXPECT_FALSE(command.local);
  EXPECT_FALSE(command.json);
  EXPECT_FALSE(command.verbose);
}

TEST(Arguments, NameWhatWasProbablyMeant) {
  EXPECT_EQ(error({"start", "--stge", "x"}).message, "there is no option '--stge'");
  EXPECT_THAT(error({"start", "--stge=x"}).hint, HasSubstr("Did you mean --stage?"));
  EXPECT_THAT(error({"strat"}).hint, HasSubstr("Did you mean start?"));
  EXPECT_EQ(error({"start", "--nonsense"}).hint, "`livelambda start --help` lists what there is.");
  EXPECT_EQ(error({"functions", "extra", "more"}).message, "'extra' was not expected");
  EXPECT_EQ(error({"--nonsense"}).message, "there is no option '--nonsense'");
}

TEST(Arguments, BoundWorkersAsLambdaDoesUnlessToldOtherwise) {
  EXPECT_TRUE(start({}).workers.limit_memory);
  EXPECT_EQ(start({}).workers.idle_per_function, 8U);
  AppCommand command = start({"--no-memory-limit", "--idle-workers", "2", "--idle-memory=500"});
  EXPECT_FALSE(command.workers.limit_memory);
  EXPECT_EQ(command.workers.idle_per_function, 2U);
  EXPECT_EQ(command.workers.idle_memory_mb, 500);
  EXPECT_EQ(error({"start", "--idle-workers", "-1"}).kind, base::ErrorKind::usage);
  EXPECT_EQ(error({"start", "--idle-memory", "-1"}).kind, base::ErrorKind::usage);
}

TEST(Arguments, InspectNamesFunctionsOrMeansAll) {
  EXPECT_FALSE(start({}).inspect);
  EXPECT_EQ(start({"--inspect"}).inspect, (std::vector<std::string>{}));
  EXPECT_EQ(start({"--inspect", "--local"}).inspect, (std::vector<std::string>{}));
  EXPECT_EQ(start({"--inspect", "Api", "--local"}).inspect, (std::vector<std::string>{"Api"}));
  EXPECT_EQ(start({"--inspect=Api", "--inspect", "Nested/Fn"}).inspect, (std::vector<std::string>{"Api", "Nested/Fn"}));
  error({"start", "--inspect", "Api", "Other"});
}

TEST(Arguments, OfStartAreAllRead) {
  AppCommand command = start({"--stage", "dev-tom", "--app-dir=../shop", "--local", "--json", "--verbose"});
  EXPECT_EQ(command.app.stage, "dev-tom");
  EXPECT_EQ(command.app.app_dir, "../shop");
  EXPECT_TRUE(command.local);
  EXPECT_TRUE(command.json);
  EXPECT_TRUE(command.verbose);
  EXPECT_TRUE(start({"-v"}).verbose);
  EXPECT_EQ(start({"--stage=x"}).app.stage, "x");
}

TEST(Arguments, EveryCommandOnAnAppKnowsItself) {
  using enum AppCommand::Verb;
  const std::pair<const char*, AppCommand::Verb> verbs[] = {
      {"start", start}, {"deploy", deploy}, {"diff", diff}, {"remove", remove}, {"outputs", outputs}};
  for (const auto& [name, verb] : verbs) {
    auto command = parse_arguments({name, "--profile", "work", "--region=eu-west-1", "--parameter", "A=1",
                                    "--parameter", "B=x=y", "--template", "t.yaml", "--local"});
    ASSERT_TRUE(command) << command.error().message;
    const auto& read = std::get<AppCommand>(*command);
    EXPECT_EQ(read.verb, verb);
    EXPECT_EQ(read.profile, "work");
    EXPECT_EQ(read.region, "eu-west-1");
    EXPECT_EQ(read.app.parameters, (std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}}));
    EXPECT_EQ(read.app.template_file, "t.yaml");
    EXPECT_TRUE(read.local);
  }
}

TEST(Arguments, ThatOneCommandHasAnotherRefuses) {
  EXPECT_EQ(error({"outputs", "--take-over"}).kind, base::ErrorKind::usage);
  EXPECT_EQ(error({"deploy", "--increase-timeout"}).kind, base::ErrorKind::usage);
  EXPECT_EQ(error({"deploy", "--yes"}).kind, base::ErrorKind::usage);
  EXPECT_EQ(error({"start", "--app", "shop"}).kind, base::ErrorKind::usage);
  EXPECT_THAT(error({"start", "--parameter", "A"}).message, HasSubstr("KEY=VALUE"));
}

TEST(Arguments, OfRewriteAreAllRead) {
  auto command = parse_arguments({"rewrite", "--stage", "s", "--template", "t.yaml", "--parameter", "A=1",
                                  "--increase-timeout", "--stack", "Api", "--output", "out"});
  ASSERT_TRUE(command) << command.error().message;
  const auto& read = std::get<RewriteCommand>(*command);
  EXPECT_EQ(read.app.stage, "s");
  EXPECT_EQ(read.app.template_file, "t.yaml");
  EXPECT_EQ(read.app.parameters, (std::map<std::string, std::string>{{"A", "1"}}));
  EXPECT_TRUE(read.increase_timeout);
  EXPECT_EQ(read.stack, "Api");
  EXPECT_EQ(read.output, "out");
  EXPECT_EQ(error({"rewrite", "--profile", "p"}).kind, base::ErrorKind::usage);
}

TEST(Arguments, OfLocalHaveDefaults) {
  LocalCommand command = local({});
  EXPECT_EQ(command.port, 0);
  EXPECT_EQ(command.host_name, "");
  EXPECT_FALSE(command.json);
  EXPECT_FALSE(command.tls);
  EXPECT_FALSE(command.test_clock);
  EXPECT_FALSE(command.end_when_unused);
  EXPECT_EQ(command.record_websockets, "");
  EXPECT_EQ(command.large_messages, localcloud::LargeMessages::continued);
}

TEST(Arguments, OfLocalAreAllRead) {
  LocalCommand command =
      local({"--port", "4571", "--json", "--tls", "--tls-certificate", "a.pem", "--tls-key", "k.pem", "--test-clock",
             "--record-websockets", "out.jsonl", "--end-when-unused", "--verbose", "--node-modules", "a/node_modules",
             "--node-modules", "b/node_modules", "--host-name", "cloud.localhost"});
  EXPECT_EQ(command.port, 4571);
  EXPECT_EQ(command.host_name, "cloud.localhost");
  EXPECT_TRUE(command.json);
  EXPECT_TRUE(command.tls);
  EXPECT_THAT(command.node_modules, ElementsAre("a/node_modules", "b/node_modules"));
  EXPECT_EQ(command.certificate_file, "a.pem");
  EXPECT_EQ(command.key_file, "k.pem");
  EXPECT_TRUE(command.test_clock);
  EXPECT_EQ(command.record_websockets, "out.jsonl");
  EXPECT_EQ(local({"--large-messages", "refused"}).large_messages, localcloud::LargeMessages::refused);
  EXPECT_EQ(error({"local", "--large-messages", "perhaps"}).kind, base::ErrorKind::usage);
  EXPECT_TRUE(command.end_when_unused);
  EXPECT_TRUE(command.verbose);
}

TEST(Arguments, AnAccessKeyHasTwoParts) {
  EXPECT_EQ(local({"--access-key", "test:secret"}).access_key, "test:secret");
  for (const char* key : {"test", "test:", ":secret"}) {
    EXPECT_THAT(error({"local", "--access-key", key}).message, HasSubstr("ID:SECRET")) << key;
  }
}

TEST(Arguments, ThatAreUnknownAreAUsageErrorWithAHint) {
  base::Error unknown = error({"start", "--stag", "x"});
  EXPECT_EQ(unknown.kind, base::ErrorKind::usage);
  EXPECT_THAT(unknown.message, HasSubstr("--stag"));
  EXPECT_THAT(unknown.message, ::testing::Not(HasSubstr("\n"))) << "one line";
  EXPECT_THAT(unknown.hint, HasSubstr("livelambda start --help"));
  EXPECT_THAT(error({"local", "--what"}).hint, HasSubstr("livelambda local --help"));
  EXPECT_EQ(error({"start", "stray"}).kind, base::ErrorKind::usage);
  EXPECT_EQ(error({"destroy"}).kind, base::ErrorKind::usage);
  EXPECT_EQ(error({"--json"}).kind, base::ErrorKind::usage);
}

TEST(Arguments, ThatMissOrBreakTheirValueAreUsageErrors) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"start", "--stage"},
                                             {"local", "--port", "many"},
                                             {"local", "--port", "65536"},
                                             {"local", "--port", "-1"},
                                             {"local", "--tls-certificate", "a.pem"},
                                             {"local", "--tls-key", "k.pem"},
                                             {"start", "local"}}) {
    EXPECT_EQ(error(arguments).kind, base::ErrorKind::usage) << ::testing::PrintToString(arguments);
  }
}

TEST(Arguments, NoneIsAUsageErrorThatLeadsToHelp) {
  base::Error none = error({});
  EXPECT_EQ(none.kind, base::ErrorKind::usage);
  EXPECT_THAT(none.hint, HasSubstr("livelambda --help"));
}

TEST(Arguments, HelpTellsEveryOption) {
  std::string general = text({"--help"});
  for (const char* word : {"start", "local", "Exit status", "AWS_ENDPOINT_URL", "LIVELAMBDA_CA_FILE"}) {
    EXPECT_THAT(general, HasSubstr(word));
  }
  std::string of_start = text({"start", "--help"});
  for (const char* option : {"--stage", "--app-dir", "--local", "--json", "--verbose"}) {
    EXPECT_THAT(of_start, HasSubstr(option));
  }
  std::string of_local = text({"local", "--help"});
  for (const char* option : {"--port", "--json", "--tls", "--test-clock", "--record-websockets", "--end-when-unused"}) {
    EXPECT_THAT(of_local, HasSubstr(option));
  }
}

TEST(Arguments, VersionIsOneLine) {
  EXPECT_EQ(text({"--version"}), "livelambda " LIVELAMBDA_VERSION "\n");
}

}  // namespace
}  // namespace cli
