#include "project/cdk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "base/task_group.h"
#include "codec/json.h"
#include "os/files.h"
#include "project/cdk_tool.h"
#include "project/testing/fake_tools.h"

namespace project {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeRun;
using testing::FakeTools;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

std::string function(const std::string& key, const std::string& metadata) {
  return R"({"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs22.x", "Handler": "index.handler",
             "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "b", "S3Key": ")" +
         key + R"(.zip"}}, "Metadata": {"aws:asset:property": "Code", )" + metadata + "}}";
}

std::string asset(const std::string& hash, const std::string& path, const std::string& extension = "zip") {
  return "\"" + hash + R"(": {"source": {"path": ")" + path + R"(", "packaging": "file"},
          "destinations": {"here": {"bucketName": "b", "objectKey": ")" +
         hash + "." + extension + "\"}}}";
}

template <typename T>
awaitable<void> await_into(awaitable<T> what, T& result) {
  result = co_await std::move(what);
}

template <typename T>
T run(awaitable<T> what) {
  T result;
  boost::asio::io_context loop(1);
  base::run_until_done(loop, await_into(std::move(what), result));
  return result;
}

// An app whose `cdk synth` writes an assembly of two stacks, the second with a custom resource's handler.
struct App {
  App() : temporary("livelambda-cdk-test"), tools([this](const os::ProcessOptions& options) { return cdk(options); }) {
    path = fs::canonical(temporary.path()).string() + "/app";
    write("cdk.json", R"({"app": "npx ts-node --prefer-ts-exts bin/app.ts"})");
    write("bin/app.ts", "");
    write("lib/stack.ts", "");
    write("src/index.ts", "");
    write("node_modules/.bin/cdk", "");
    write("node_modules/x/index.ts", "");
  }

  void write(const std::string& name, const std::string& content) const {
    std::string file = path + "/" + name;
    EXPECT_TRUE(os::make_directories(fs::path(file).parent_path().string()));
    EXPECT_TRUE(os::write_file(file, content));
  }
  codec::json::value json(const std::string& name) const {
    auto text = os::read_file(path + "/.livelambda/cdk.out/" + name);
    auto value = text ? codec::parse_json(*text) : base::fail(text.error());
    if (value) return *value;
    ADD_FAILURE() << name << ": " << value.error().message;
    return {};
  }

  FakeRun cdk(const os::ProcessOptions& options) {
    if (options.command.at(1) == "synth" && !synth_fails.empty()) {
      return {.error_output = synth_fails, .status = {.code = 1}};
    }
    if (options.command.at(1) == "synth") synth(options.command.at(4), options.environment);
    if (options.command.at(1) == "deploy" && !deploy_fails.empty()) {
      return {.output = std::exchange(deploy_fails, {}), .status = {.code = 1}};
    }
    return {};
  }

  void synth(const std::string& out, const std::map<std::string, std::string>& environment) const {
    auto put = [&out](const std::string& name, const std::string& text) {
      EXPECT_TRUE(os::make_directories(out));
      EXPECT_TRUE(os::write_file(out + "/" + name, text));
    };
    auto source = [this](const std::string& entry) {
      return R"("aws:asset:path": ")" + path + R"(", "livelambda:source": ")" + path + R"(", "livelambda:entry": ")" +
             path + entry + R"(", "livelambda:build": "esbuild")";
    };
    put("manifest.json", R"({"artifacts": {
      "Main": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
               "properties": {"templateFile": "Main.template.json", "stackName": "dev-main", "tags": {"team": "x"},
                              "stackTemplateAssetObjectUrl": "s3://b/0ld.json"},
               "dependencies": ["Main.assets"]},
      "Main.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Main.assets.json"}},
      "Other": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
                "properties": {"templateFile": "Other.template.json"}, "dependencies": ["Main"]}}})");
    put("Main.template.json", R"({"Resources": {"Role": {"Type": "AWS::IAM::Role"}, "Api": )" +
                                  function("a11", source("/src/index.ts")) + R"(, "Handler": )" +
                                  function("c22", source("/src/custom.ts")) +
                                  R"(, "Custom": {"Type": "Custom::Thing", "Properties": {"ServiceToken":
                                  {"Fn::GetAtt": ["Handler", "Arn"]}}}}})");
    put("Main.assets.json", R"({"files": {)" + asset("a11", path) + "," + asset("c22", "asset.c22") + "," +
                                asset("f33", "asset.f33") + "," + asset("0ld", "Main.template.json", "json") + "}}");
    put("Other.template.json", R"({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})");
    auto report = environment.find("LIVELAMBDA_CDK_REPORT");
    if (loaded.empty() || report == environment.end()) return;
    EXPECT_TRUE(os::write_file(report->second, R"({"files": [")" + path + "/" + loaded + "\"]}"));
  }

  std::unique_ptr<Toolchain> toolchain(bool bootstrap = false) {
    auto folder = open_app_folder(path, "dev", "tom");
    EXPECT_TRUE(folder) << folder.error().message;
    std::map<std::string, std::string> environment = {{"PATH", search_path}, {"NODE_OPTIONS", "--trace-warnings"}};
    if (!endpoint.empty()) environment.insert({{"AWS_ENDPOINT_URL", endpoint}, {"AWS_REGION", "us-east-1"}});
    return make_cdk_app({.folder = *folder,
                         .environment = std::move(environment),
                         .spawner = &tools,
                         .on_output = [this](const std::string& line) { said.push_back(line); },
                         .account = account,
                         .bootstrap = bootstrap});
  }

  os::TemporaryDirectory temporary;
  FakeTools tools;
  std::string path;
  std::string loaded = "bin/app.ts";  // by the synthesis; "" = it has no hook
  std::string search_path = "/nowhere";
  std::string account;
  std::string endpoint;
  std::string synth_fails;   // what `cdk synth` says, if it is to fail
  std::string deploy_fails;  // what the next `cdk deploy` says, if it is to fail
  std::vector<std::string> said;
};

TEST(CdkApp, IsSynthesisedForItsStageWithTheHook) {
  App app;
  auto application = run(app.toolchain()->read(Purpose::live));
  ASSERT_TRUE(application) << application.error().message;
  EXPECT_EQ(application->name, "app");
  EXPECT_EQ(application->framework, app::Framework::cdk);
  ASSERT_EQ(application->stacks.size(), 2U);
  EXPECT_EQ(application->stacks[0].name, "dev-main");
  EXPECT_EQ(application->stacks[0].functions[0].entry, app.path + "/src/index.ts");
  const os::ProcessOptions& synth = app.tools.spawned.at(0);
  EXPECT_EQ(synth.directory, app.path);
  EXPECT_THAT(synth.command, ElementsAre(app.path + "/node_modules/.bin/cdk", "synth", "--quiet", "--output",
                                         app.path + "/.livelambda/cdk.out/dev", "--context", "stage=dev",
                                         "--path-metadata", "--asset-metadata", "--no-notices", "--no-color"));
  EXPECT_THAT(synth.environment, Contains(Pair("LIVELAMBDA_STAGE", "dev")));
  EXPECT_THAT(synth.environment.at("NODE_OPTIONS"), HasSubstr("--trace-warnings --require \"" + app.path));
  EXPECT_THAT(os::read_file(app.path + "/.livelambda/cdk.out/dev-hook/hook.cjs").value(), HasSubstr("AssetStaging"));
}

TEST(CdkApp, HasWhatIsDeployedBuiltByASecondSynthesisAndRemembersIt) {
  App app;
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_EQ(app.tools.spawned.size(), 2U);
  EXPECT_EQ(app.json("dev-hook/built.json"), (codec::json::array{app.path + "/src/custom.ts"}));
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_EQ(app.tools.spawned.size(), 3U);
}

TEST(CdkApp, HasANodeInItsPathThatLoadsTheHookWhateverItsCommandSets) {
  App app;
  app.write("bin/node", "");
  fs::permissions(app.path + "/bin/node", fs::perms::owner_all);
  app.search_path = app.path + "/bin";
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  const auto& environment = app.tools.spawned.at(0).environment;
  const std::string hook = app.path + "/.livelambda/cdk.out/dev-hook";
  EXPECT_EQ(environment.at("PATH"), hook + "/bin:" + app.path + "/bin");
  EXPECT_EQ(environment.at("LIVELAMBDA_NODE"), app.path + "/bin/node");
  EXPECT_EQ(os::find_program("node", hook + "/bin"), hook + "/bin/node");
}

TEST(CdkApp, IsRecalledWithoutItsToolUntilSomethingChanges) {
  App app;
  EXPECT_FALSE(app.toolchain()->recall());
  auto read = run(app.toolchain()->read(Purpose::live));
  ASSERT_TRUE(read);
  std::size_t before = app.tools.spawned.size();
  auto recalled = app.toolchain()->recall();
  ASSERT_TRUE(recalled);
  EXPECT_EQ(recalled->name, read->name);
  ASSERT_EQ(recalled->stacks.size(), 2U);
  EXPECT_EQ(recalled->stacks[0].document.value, read->stacks[0].document.value);
  app.write("lib/stack.ts", "// edited");
  EXPECT_FALSE(app.toolchain()->recall());
  EXPECT_EQ(app.tools.spawned.size(), before);
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_TRUE(app.toolchain()->recall());
}

TEST(CdkApp, IsDeployedAsItWasRecalled) {
  App app;
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  auto toolchain = app.toolchain();
  ASSERT_TRUE(toolchain->recall());
  ASSERT_TRUE(run(toolchain->deploy_live({{.id = "Main", .template_text = "{}"}})));
  EXPECT_THAT(app.tools.spawned.back().command, Contains("Main"));
}

TEST(CdkApp, IsNotRecalledAfterASynthesisThatFailed) {
  App app;
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  app.synth_fails = "SyntaxError: Unexpected token";
  ASSERT_FALSE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_FALSE(app.toolchain()->recall());
}

TEST(CdkApp, IsDeployedFromACopyWithTheNewTemplatesAndTags) {
  App app;
  auto toolchain = app.toolchain();
  ASSERT_TRUE(run(toolchain->read(Purpose::live)));
  auto deployed = run(toolchain->deploy_live({{.id = "Main",
                                               .template_text = R"({"Resources": {}, "new": "c22.zip"})",
                                               .parameters = {{"LiveLambdaBucket", "bucket"}},
                                               .tags = {{"livelambda:stage", "dev"}}}}));
  ASSERT_TRUE(deployed) << deployed.error().message;
  const std::string copy = app.path + "/.livelambda/cdk.out/dev-deploy";
  EXPECT_THAT(app.tools.spawned.back().command,
              ElementsAre(app.path + "/node_modules/.bin/cdk", "deploy", "Main", "--app", copy, "--exclusively",
                          "--require-approval", "never", "--progress", "events", "--ci", "--concurrency", "4",
                          "--parameters", "dev-main:LiveLambdaBucket=bucket", "--no-notices", "--no-color"));
  EXPECT_THAT(os::read_file(copy + "/Main.template.json").value(), HasSubstr("\"new\""));
  EXPECT_EQ(app.json("dev-deploy/Other.template.json"), app.json("dev/Other.template.json"));
  auto manifest = app.json("dev-deploy/manifest.json");
  const auto* properties = codec::find(manifest, "artifacts", "Main", "properties");
  ASSERT_NE(properties, nullptr);
  EXPECT_EQ(*codec::find(*properties, "tags"), (codec::json::object{{"team", "x"}, {"livelambda:stage", "dev"}}));
  auto assets = app.json("dev-deploy/Main.assets.json");
  const auto& files = codec::find(assets, "files")->get_object();
  EXPECT_FALSE(files.contains("a11")) << "only a live function used it";
  EXPECT_FALSE(files.contains("0ld"));
  EXPECT_EQ(codec::find_string(files.at("c22"), "source", "path"), app.path + "/.livelambda/cdk.out/dev/asset.c22");
  EXPECT_TRUE(files.contains("f33")) << "whose use is not known";
  std::string renewed;
  for (const auto& [key, value] : files) {
    if (codec::find_string(value, "source", "path") == "Main.template.json") renewed = key;
  }
  EXPECT_EQ(renewed.size(), 64U);
  EXPECT_EQ(codec::find_string(files.at(renewed), "destinations", "here", "objectKey"), renewed + ".json");
  EXPECT_EQ(codec::find_string(*properties, "stackTemplateAssetObjectUrl"), "s3://b/" + renewed + ".json");
}

TEST(CdkApp, DeploysItsRealCodeWithoutTheHook) {
  App app;
  auto toolchain = app.toolchain();
  auto application = run(toolchain->read(Purpose::real));
  ASSERT_TRUE(application) << application.error().message;
  EXPECT_FALSE(application->stacks[0].functions[0].live);
  ASSERT_TRUE(run(toolchain->deploy_real({{"livelambda:stage", "dev"}})));
  ASSERT_EQ(app.tools.spawned.size(), 2U);
  EXPECT_EQ(app.tools.spawned[0].environment.at("NODE_OPTIONS"), "--trace-warnings");
  EXPECT_THAT(app.tools.spawned[1].command, Contains("Main"));
  EXPECT_THAT(app.tools.spawned[1].command, Contains("Other"));
  auto assets = app.json("dev-deploy/Main.assets.json");
  EXPECT_TRUE(codec::find(assets, "files")->get_object().contains("a11"));
  auto manifest = app.json("dev-deploy/manifest.json");
  EXPECT_EQ(codec::find_string(manifest, "artifacts", "Other", "properties", "tags", "livelambda:stage"), "dev");
}

constexpr const char* kNotBootstrapped =
    "A: SSM parameter /cdk-bootstrap/hnb659fds/version not found in aws://123456789012/us-east-1. Has the environment "
    "been bootstrapped? Please run 'cdk bootstrap' (see https://docs.aws.amazon.com/cdk/latest/guide)\n";

TEST(CdkApp, SaysHowAnAccountIsBootstrapped) {
  App app;
  auto toolchain = app.toolchain();
  ASSERT_TRUE(run(toolchain->read(Purpose::live)));
  app.deploy_fails = kNotBootstrapped;
  auto deployed = run(toolchain->deploy_live({{.id = "Main", .template_text = "{}"}}));
  ASSERT_FALSE(deployed);
  EXPECT_EQ(deployed.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(deployed.error().hint, HasSubstr("npx cdk bootstrap aws://123456789012/us-east-1"));
}

TEST(CdkApp, BootstrapsWhereItIsTold) {
  App app;
  auto toolchain = app.toolchain(true);
  ASSERT_TRUE(run(toolchain->read(Purpose::live)));
  app.deploy_fails = kNotBootstrapped;
  std::size_t before = app.tools.spawned.size();
  auto deployed = run(toolchain->deploy_live({{.id = "Main", .template_text = "{}"}}));
  ASSERT_TRUE(deployed) << deployed.error().message;
  ASSERT_EQ(app.tools.spawned.size(), before + 3);
  EXPECT_THAT(app.tools.spawned[before + 1].command, Contains("bootstrap"));
  EXPECT_THAT(app.tools.spawned[before + 1].command, Contains("aws://123456789012/us-east-1"));
}

TEST(CdkApp, BootstrapsANewCloudOfItsOwnFirst) {
  App app;
  app.account = "123456789012";
  app.endpoint = "http://127.0.0.1:1111";
  auto deploy = [&app] {
    auto toolchain = app.toolchain(true);
    EXPECT_TRUE(run(toolchain->read(Purpose::live)));
    std::size_t before = app.tools.spawned.size();
    EXPECT_TRUE(run(toolchain->deploy_live({{.id = "Main", .template_text = "{}"}})));
    std::vector<std::string> verbs;
    for (std::size_t i = before; i < app.tools.spawned.size(); ++i) verbs.push_back(app.tools.spawned[i].command.at(1));
    return verbs;
  };
  EXPECT_THAT(deploy(), ElementsAre("bootstrap", "deploy"));
  EXPECT_THAT(deploy(), ElementsAre("deploy"));
  app.endpoint = "http://127.0.0.1:2222";
  EXPECT_THAT(deploy(), ElementsAre("bootstrap", "deploy"));
}

TEST(CdkApp, SaysWhyADeploymentFailed) {
  App app;
  auto toolchain = app.toolchain();
  ASSERT_TRUE(run(toolchain->read(Purpose::live)));
  app.deploy_fails =
      "B | 0/4 | 3:27:41 PM | CREATE_FAILED | AWS::SNS::Topic | Later Resource creation cancelled\n"
      "B | 0/4 | 3:27:41 PM | CREATE_FAILED | AWS::SQS::Queue | Second is wrong\n\n"
      "Failed resources:\n"
      "B | 3:27:41 PM | CREATE_FAILED           | AWS::SNS::Subscription     | Bad Topic does not exist\n"
      "B | 3:27:41 PM | CREATE_FAILED           | AWS::SQS::Queue            | Second is wrong\n";
  auto deployed = run(toolchain->deploy_live({{.id = "Main", .template_text = "{}"}}));
  ASSERT_FALSE(deployed);
  EXPECT_EQ(deployed.error().kind, base::ErrorKind::deployment);
  EXPECT_EQ(deployed.error().message, "B: Bad Topic does not exist (AWS::SNS::Subscription)");
}

TEST(CdkApp, SaysHowItsToolIsInstalled) {
  App app;
  os::remove_all(app.path + "/node_modules");
  auto application = run(app.toolchain()->read(Purpose::live));
  ASSERT_FALSE(application);
  EXPECT_EQ(application.error().kind, base::ErrorKind::not_found);
  EXPECT_THAT(application.error().hint, HasSubstr("npm install -D aws-cdk"));
}

TEST(CdkApp, SaysThatItsAppDoesNotLoadTheHook) {
  App app;
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_THAT(app.said, IsEmpty());
  app.loaded.clear();
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_THAT(app.said, ElementsAre(HasSubstr("NODE_OPTIONS")));
}

TEST(CdkApp, NamesWhatHandlersOfCustomResourcesMissOnALocalCloudOfItsOwn) {
  App app;
  app.write("src/custom.ts", "const s3 = require('@aws-sdk/client-s3'); const name = `@aws-sdk/client-${x}`;");
  ASSERT_TRUE(run(app.toolchain()->read(Purpose::live)));
  EXPECT_THAT(app.said, IsEmpty()) << "Lambda has it";
  ASSERT_TRUE(run(app.toolchain(true)->read(Purpose::live)));
  EXPECT_THAT(app.said, ElementsAre(HasSubstr("npm install --save-dev @aws-sdk/client-s3")));
  app.said.clear();
  app.write("node_modules/@aws-sdk/client-s3/package.json", "{}");
  ASSERT_TRUE(run(app.toolchain(true)->read(Purpose::live)));
  EXPECT_THAT(app.said, IsEmpty());
}

TEST(CdkApp, IsMadeOfTheFilesThatItsSynthesisLoaded) {
  App app;
  auto toolchain = app.toolchain();
  ASSERT_TRUE(run(toolchain->read(Purpose::live)));
  EXPECT_THAT(toolchain->infrastructure(),
              ElementsAre(app.path + "/bin/app.ts", app.path + "/cdk.context.json", app.path + "/cdk.json"));
}

TEST(CdkApp, IsMadeOfEveryFileOfItsLanguageIfTheLoadedOnesAreNotKnown) {
  App app;
  app.loaded = "elsewhere.ts";
  app.write("src/custom.ts", "");
  auto toolchain = app.toolchain();
  ASSERT_TRUE(run(toolchain->read(Purpose::live)));
  EXPECT_THAT(toolchain->infrastructure(), ElementsAre(app.path + "/bin/app.ts", app.path + "/cdk.context.json",
                                                       app.path + "/cdk.json", app.path + "/lib/stack.ts"))
      << "entries of functions are code, and not infrastructure";
}

TEST(CdkApp, IsMendedInItsOwnLanguage) {
  App app;
  auto folder = open_app_folder(app.path, "dev", "tom");
  ASSERT_TRUE(folder);
  EXPECT_THAT(cdk_stage_lines(*folder), HasSubstr("app.node.tryGetContext('stage') ?? 'dev'"));
  app.write("cdk.json", R"({"app": "python3 app.py"})");
  app.write("app.py", "");
  EXPECT_THAT(cdk_stage_lines(*folder), HasSubstr("app.node.try_get_context(\"stage\") or \"dev\""));
}

}  // namespace
}  // namespace project
