#include "project/serverless.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/task_group.h"
#include "os/files.h"
#include "project/testing/fake_tools.h"

namespace project {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FakeRun;
using testing::FakeTools;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTemplate =
    R"({"Resources": {"ApiLambdaFunction": {"Type": "AWS::Lambda::Function", "Properties": {
  "Code": {"S3Bucket": "b", "S3Key": "serverless/orders/dev/1-x/orders.zip"}, "Runtime": "nodejs22.x",
  "Handler": "api.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}, "Role": {"Type": "AWS::IAM::Role"}}})";
constexpr const char* kState = R"({"service": {"service": "orders", "provider": {"stage": "dev", "region": "eu-west-1"},
  "functions": {"api": {"handler": "api.handler"}}},
  "package": {"artifactDirectoryName": "serverless/orders/dev/1-x"}})";

awaitable<void> read_into(Toolchain& toolchain, base::Result<app::Application>& result) {
  result = co_await toolchain.read(Purpose::live);
}

awaitable<void> deploy_into(Toolchain& toolchain, base::Result<>& result) {
  result = co_await toolchain.deploy_real({{"livelambda:app", "orders"}});
}

// A service with a Serverless Framework that writes the two files above.
struct Service {
  Service() : temporary("livelambda-serverless-test"), path(temporary.path() + "/orders"), tools(answer()) {
    write("serverless.yml",
          "service: orders\nprovider: {name: aws}\ncustom: ${file(config/${opt:stage}.yml)}\n"
          "resources: ${file(resources.yml):Resources}\n");
    install("serverless", "3.40.0");
  }
  void write(const std::string& name, std::string_view content, mode_t mode = 0644) {
    std::string file = path + "/" + name;
    EXPECT_TRUE(os::make_directories(file.substr(0, file.rfind('/'))));
    EXPECT_TRUE(os::write_file(file, content, mode));
  }
  void install(const std::string& package, const std::string& version) {
    std::filesystem::remove_all(path + "/node_modules");
    write("node_modules/" + package + "/package.json",
          R"({"name": ")" + package + R"(", "version": ")" + version + R"("})");
    write("node_modules/" + package + "/run.js", "", 0755);
    EXPECT_TRUE(os::make_directories(path + "/node_modules/.bin"));
    std::filesystem::create_symlink("../" + package + "/run.js", path + "/node_modules/.bin/" + package);
  }
  std::function<FakeRun(const os::ProcessOptions&)> answer() {
    return [this](const os::ProcessOptions& options) {
      if (options.command.at(1) == "package") {
        write(".livelambda/serverless/dev/cloudformation-template-update-stack.json", kTemplate);
        write(".livelambda/serverless/dev/serverless-state.json", kState);
      }
      return run;
    };
  }
  std::unique_ptr<Toolchain> toolchain() {
    auto folder = open_app_folder(path, "dev", "tom");
    EXPECT_TRUE(folder) << folder.error().message;
    return make_serverless_app({.folder = *folder, .environment = environment, .spawner = &tools});
  }
  base::Result<app::Application> read() {
    auto app = toolchain();
    base::Result<app::Application> result;
    boost::asio::io_context loop(1);
    base::run_until_done(loop, read_into(*app, result));
    return result;
  }

  os::TemporaryDirectory temporary;
  std::string path;
  std::map<std::string, std::string> environment = {{"AWS_REGION", "eu-west-1"}, {"NODE_OPTIONS", "--no-warnings"}};
  FakeRun run;
  FakeTools tools;
};

TEST(ServerlessApp, PackagesTheServiceAndReadsIt) {
  Service service;
  auto application = service.read();
  ASSERT_TRUE(application) << application.error().message;
  EXPECT_EQ(application->name, "orders");
  EXPECT_EQ(application->framework, app::Framework::serverless);
  ASSERT_EQ(application->stacks.size(), 1U);
  EXPECT_EQ(application->stacks[0].name, "orders-dev");
  EXPECT_TRUE(application->stacks[0].functions.at(0).live);

  ASSERT_EQ(service.tools.spawned.size(), 1U);
  const os::ProcessOptions& run = service.tools.spawned[0];
  EXPECT_THAT(run.command, ElementsAre(service.path + "/node_modules/.bin/serverless", "package", "--package",
                                       ".livelambda/serverless/dev", "--stage", "dev", "--region", "eu-west-1"));
  EXPECT_EQ(run.directory, service.path);
  EXPECT_EQ(run.environment.at("SLS_TELEMETRY_DISABLED"), "1");
  EXPECT_EQ(run.environment.at("NODE_OPTIONS"),
            "--no-warnings --require \"" + service.path + "/.livelambda/serverless/hook.cjs\"");
}

TEST(ServerlessApp, IsRecalledWithoutTheFrameworkUntilSomethingChanges) {
  Service service;
  service.write("api.js", "");
  service.write("resources.yml", "Resources: {}\n");
  EXPECT_FALSE(service.toolchain()->recall());
  ASSERT_TRUE(service.read());
  auto recalled = service.toolchain()->recall();
  ASSERT_TRUE(recalled);
  EXPECT_EQ(recalled->stacks.at(0).name, "orders-dev");
  service.write("api.js", "// the code of a live function");
  EXPECT_TRUE(service.toolchain()->recall());
  service.write("resources.yml", "Resources: {More: {Type: AWS::SNS::Topic}}\n");
  EXPECT_FALSE(service.toolchain()->recall());
  EXPECT_EQ(service.tools.spawned.size(), 1U);
}

TEST(ServerlessApp, LeavesTheRegionToAServiceThatNamesIt) {
  Service service;
  service.write("serverless.yml", "service: orders\nprovider: {name: aws, region: eu-west-1}\n");
  ASSERT_TRUE(service.read());
  EXPECT_THAT(service.tools.spawned[0].command, Not(Contains("--region")));
  service.environment["AWS_REGION"] = "us-east-1";
  auto elsewhere = service.read();
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().kind, base::ErrorKind::usage);
  EXPECT_THAT(elsewhere.error().hint, HasSubstr("--region eu-west-1"));
}

TEST(ServerlessApp, TakesOsls) {
  Service service;
  service.install("osls", "4.3.1");
  ASSERT_TRUE(service.read());
  EXPECT_THAT(service.tools.spawned[0].command[0], EndsWith("/.bin/osls"));
}

TEST(ServerlessApp, RefusesTheVersionThatWantsALogin) {
  Service service;
  service.install("serverless", "4.43.0");
  auto application = service.read();
  ASSERT_FALSE(application);
  EXPECT_EQ(application.error().kind, base::ErrorKind::invalid_input);
  EXPECT_THAT(application.error().message, HasSubstr("4.43.0, which wants a login"));
  EXPECT_TRUE(service.tools.spawned.empty());
}

TEST(ServerlessApp, SaysHowToInstallTheFramework) {
  Service service;
  std::filesystem::remove_all(service.path + "/node_modules");
  EXPECT_THAT(service.read().error().hint, HasSubstr("npm install --save-dev serverless@3"));
  service.write("package.json", R"({"devDependencies": {"serverless": "3"}})");
  auto application = service.read();
  EXPECT_EQ(application.error().kind, base::ErrorKind::not_found);
  EXPECT_EQ(application.error().hint, "Run: npm install");
}

TEST(ServerlessApp, TellsWhatTheFrameworkSaysOfAFailure) {
  Service service;
  service.run = {.error_output = "Error:\nhandler not found\n", .status = {.code = 1}};
  auto application = service.read();
  ASSERT_FALSE(application);
  EXPECT_EQ(application.error().kind, base::ErrorKind::build);
  EXPECT_THAT(application.error().message, HasSubstr("handler not found"));
  EXPECT_THAT(application.error().file, EndsWith("serverless.yml"));
}

TEST(ServerlessApp, WatchesTheFilesOfItsConfiguration) {
  Service service;
  EXPECT_THAT(service.toolchain()->infrastructure(),
              ElementsAre(service.path + "/serverless.yml", service.path + "/resources.yml"));
}

TEST(ServerlessApp, DeploysWhatItPackagedWithTags) {
  Service service;
  auto app = service.toolchain();
  EXPECT_TRUE(app->deploys_real());
  EXPECT_FALSE(app->deploys_live());
  base::Result<> result;
  boost::asio::io_context loop(1);
  base::run_until_done(loop, deploy_into(*app, result));
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(service.tools.spawned.size(), 2U);
  EXPECT_THAT(service.tools.spawned[1].command, Contains("deploy"));
  EXPECT_THAT(service.tools.spawned[1].command, Contains("--force"));
  auto state = os::read_file(service.path + "/.livelambda/serverless/dev/serverless-state.json");
  EXPECT_THAT(*state, HasSubstr(R"("stackTags":{"livelambda:app":"orders"})"));
}

}  // namespace
}  // namespace project
