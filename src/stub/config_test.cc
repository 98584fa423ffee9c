#include "stub/config.h"

#include <gtest/gtest.h>

namespace stub {
namespace {

constexpr const char* kJson =
    R"({"version":1,"stage":"dev-tom","app":"api-sns","region":"eu-west-1","endpoint":"wss://x/live","table":"t","caFile":"ca.pem"})";

Environment environment() {
  return {{"AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"},
          {"AWS_ACCESS_KEY_ID", "ASIA"},
          {"AWS_SECRET_ACCESS_KEY", "secret"},
          {"AWS_SESSION_TOKEN", "token"},
          {"AWS_LAMBDA_FUNCTION_NAME", "Api"},
          {"_HANDLER", "api.handler"},
          {"TOPIC_ARN", "arn"},
          {"PATH", "/bin"},
          {"LAMBDA_TASK_ROOT", "/var/task"},
          {"_", "/var/task/bootstrap"}};
}

TEST(Config, AnnouncesTheFunctionsEnvironmentAndNotTheProcesss) {
  auto config = read_config(kJson, "/var/task", environment());
  ASSERT_TRUE(config);
  std::map<std::string, std::string> announced(config->announce.environment.begin(),
                                               config->announce.environment.end());
  EXPECT_EQ(announced["TOPIC_ARN"], "arn");
  EXPECT_EQ(announced["_HANDLER"], "api.handler");
  for (const char* own : {"PATH", "_", "LAMBDA_TASK_ROOT", "AWS_LAMBDA_RUNTIME_API"}) {
    EXPECT_FALSE(announced.contains(own)) << own;
  }
  EXPECT_EQ(config->announce.function, "Api");
  EXPECT_EQ(config->announce.handler, "api.handler");
  EXPECT_EQ(config->announce.credentials.session_token, "token");
  EXPECT_EQ(config->ca_file, "/var/task/ca.pem");
}

TEST(Config, TakesTheEnvironmentsCaFileBeforeThePackages) {
  auto with = environment();
  with["LIVELAMBDA_CA_FILE"] = "/etc/ca.pem";
  EXPECT_EQ(read_config(kJson, "/var/task", with)->ca_file, "/etc/ca.pem");
}

TEST(Config, KnowsWhetherItsUrlStreamsAndHidesThat) {
  auto with = environment();
  with["LIVELAMBDA_STREAMED_URL"] = "1";
  auto config = read_config(kJson, "/var/task", with);
  EXPECT_TRUE(config->streamed_url);
  for (const auto& [name, value] : config->announce.environment) EXPECT_NE(name, "LIVELAMBDA_STREAMED_URL");
  EXPECT_FALSE(read_config(kJson, "/var/task", environment())->streamed_url);
}

TEST(Config, RefusesWhatItCannotWorkWith) {
  EXPECT_FALSE(read_config("{", "/p", environment()));
  EXPECT_FALSE(read_config(R"({"version":2})", "/p", environment()));
  EXPECT_FALSE(read_config(R"({"version":1,"stage":"s"})", "/p", environment()));
  EXPECT_FALSE(read_config(kJson, "/p", {}));
}

}  // namespace
}  // namespace stub
