#include "project/template_app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"
#include "project/testing/fake_tools.h"

namespace project {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kTemplate = R"(
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: api.handler, CodeUri: .}
)";

awaitable<void> read_into(Toolchain& toolchain, Purpose purpose, base::Result<app::Application>& result) {
  result = co_await toolchain.read(purpose);
}

struct Folder {
  Folder() : temporary("livelambda-template-app-test") {
    path = temporary.path() + "/my-app";
    EXPECT_TRUE(os::make_directories(path));
  }
  void write(const std::string& name, std::string_view content, mode_t mode = 0644) {
    std::string file = path + "/" + name;
    EXPECT_TRUE(os::make_directories(file.substr(0, file.rfind('/'))));
    auto written = os::write_file(file, content, mode);
    EXPECT_TRUE(written) << written.error().message;
  }
  // A SAM CLI in PATH, whose build is what `built` writes into the folder it is run in.
  void install_sam(std::function<void(const std::string& place)> built) {
    EXPECT_TRUE(os::make_directories(path + "/bin"));
    write("bin/sam", "", 0755);
    environment["PATH"] = path + "/bin";
    build = std::move(built);
  }
  base::Result<app::Application> read(Purpose purpose = Purpose::live) {
    TRY(auto folder, open_app_folder(path, "dev", "tom"));
    auto toolchain = make_template_app({.folder = folder,
                                        .parameters = parameters,
                                        .environment = environment,
                                        .spawner = &tools,
                                        .on_output = [this](const std::string& line) { output.push_back(line); }});
    base::Result<app::Application> result;
    boost::asio::io_context loop(1);
    base::run_until_done(loop, read_into(*toolchain, purpose, result));
    infrastructure = toolchain->infrastructure();
    return result;
  }
  std::string name() {
    auto application = read();
    return application ? application->name : application.error().message;
  }
  base::Error error() {
    auto application = read();
    if (!application) return application.error();
    ADD_FAILURE() << "no error";
    return {};
  }

  os::TemporaryDirectory temporary;
  std::string path;
  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> environment;
  std::function<void(const std::string& place)> build;
  testing::FakeTools tools{[this](const os::ProcessOptions& options) {
    if (build) build(options.directory);
    return testing::FakeRun{};
  }};
  std::vector<std::string> output;
  std::vector<std::string> infrastructure;
};

TEST(TemplateApp, ReadsTheTemplateAndNamesTheApp) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  auto application = folder.read();
  ASSERT_TRUE(application) << application.error().message;
  EXPECT_EQ(application->name, "my-app");
  ASSERT_EQ(application->stacks.size(), 1U);
  EXPECT_EQ(application->stacks[0].name, "dev-my-app");
  EXPECT_EQ(application->stacks[0].functions.size(), 1U);
  EXPECT_THAT(application->stacks[0].template_file, ::testing::EndsWith("/my-app/template.yaml"));
}

TEST(TemplateApp, TakesTheNameFromTheSettingsThenFromSam) {
  Folder folder;
  folder.write("template.yml", kTemplate);
  folder.write("samconfig.toml", "[default.deploy.parameters]\nstack_name = \"from-sam\"\n");
  EXPECT_EQ(folder.name(), "from-sam");
  folder.write("livelambda.yaml", "name: from-settings\n");
  EXPECT_EQ(folder.name(), "from-settings");
}

TEST(TemplateApp, NamesTheLineOfABrokenTemplate) {
  Folder folder;
  folder.write("template.yaml", "Resources:\n  Api:\n    Type: AWS::Serverless::Function\n   Properties: {}\n");
  base::Error error = folder.error();
  EXPECT_EQ(error.kind, base::ErrorKind::invalid_input);
  EXPECT_THAT(error.file, ::testing::EndsWith("/my-app/template.yaml"));
  EXPECT_EQ(error.line, 4);
  folder.write("template.yaml", "Resources:\n  Api:\n    Type: AWS::Serverless::Function\n    Properties: {}\n");
  error = folder.error();
  EXPECT_EQ(error.line, 2);
  EXPECT_THAT(error.message, HasSubstr("Api"));
}

TEST(TemplateApp, SaysWhatIsWrongWithABadName) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  folder.write("livelambda.yaml", "name: my_app\n");
  base::Error error = folder.error();
  EXPECT_EQ(error.kind, base::ErrorKind::usage);
  EXPECT_THAT(error.message, HasSubstr("my_app"));
}

TEST(TemplateApp, TellsSamFromCloudFormation) {
  Folder folder;
  folder.write("template.yaml", std::string("Transform: AWS::Serverless-2016-10-31") + kTemplate);
  EXPECT_EQ(folder.read()->framework, app::Framework::sam);
  folder.write("template.yaml", kTemplate);
  EXPECT_EQ(folder.read()->framework, app::Framework::cloudformation);
}

TEST(TemplateApp, TakesParametersOfSamThenThoseGiven) {
  Folder folder;
  folder.write("template.yaml", std::string("Parameters: {Level: {Type: String}, Color: {Type: String}}") + kTemplate);
  folder.write("samconfig.toml", "[default.deploy.parameters]\nparameter_overrides = \"Level=info Color=red Old=1\"\n");
  folder.parameters = {{"Level", "debug"}};
  auto application = folder.read();
  ASSERT_TRUE(application) << application.error().message;
  std::map<std::string, std::string> expected = {{"Level", "debug"}, {"Color", "red"}};
  EXPECT_EQ(application->stacks[0].parameters, expected);
  folder.parameters = {{"Levle", "debug"}};
  EXPECT_THAT(folder.error().message, HasSubstr("no parameter Levle"));
}

TEST(TemplateApp, KnowsTheFilesThatShapeItsStack) {
  Folder folder;
  folder.write("template.yaml", R"(
Resources:
  Machine: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: machine.asl.json}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/inner.yaml}}
)");
  folder.write("nested/inner.yaml", R"(
Resources:
  Inner: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, CodeUri: fn}}
)");
  folder.write("nested/fn/a.js", "");
  auto application = folder.read();
  ASSERT_TRUE(application) << application.error().message;
  ASSERT_EQ(application->stacks[0].nested.size(), 1U);
  EXPECT_THAT(folder.infrastructure, Contains(EndsWith("my-app/machine.asl.json")));
  EXPECT_THAT(folder.infrastructure, Contains(EndsWith("my-app/nested/inner.yaml")));
  EXPECT_THAT(folder.infrastructure, Contains(EndsWith("my-app/samconfig.toml")));
}

TEST(TemplateApp, MakesNothingLiveWhereTheCodeIsReal) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  auto application = folder.read(Purpose::real);
  ASSERT_TRUE(application) << application.error().message;
  EXPECT_FALSE(application->stacks[0].functions.at(0).live);
  ASSERT_EQ(application->stacks[0].artifacts.size(), 1U);
  EXPECT_EQ(application->stacks[0].artifacts[0].path, ".");
  EXPECT_TRUE(folder.tools.spawned.empty());
}

constexpr const char* kCompiled = R"(
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: api.handler, CodeUri: api}
  Go:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: go1.x}
    Properties: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: go}
  Net:
    Type: AWS::Serverless::Function
    Properties: {Runtime: dotnet8, Handler: "a::b::c", CodeUri: net}
)";

void write_compiled(Folder& folder) {
  folder.write("template.yaml", kCompiled);
  folder.write("api/api.js", "");
  folder.write("go/main.go", "");
  folder.write("net/app.csproj", "");
}

TEST(TemplateApp, NamesEveryFunctionThatNothingHereCanBuild) {
  for (Purpose purpose : {Purpose::live, Purpose::real}) {
    Folder folder;
    write_compiled(folder);
    auto application = folder.read(purpose);
    ASSERT_FALSE(application);
    EXPECT_EQ(application.error().kind, base::ErrorKind::build);
    EXPECT_THAT(application.error().message, HasSubstr("Go: its Metadata says BuildMethod: go1.x; install"));
    EXPECT_THAT(application.error().message, HasSubstr("Net: its folder is a .NET project"));
    EXPECT_THAT(application.error().message, Not(HasSubstr("Api")));
    EXPECT_THAT(application.error().hint, HasSubstr("aws-sam-cli"));
  }
}

TEST(TemplateApp, HasSamBuildTheFunctionsThatAreLeftAlone) {
  Folder folder;
  write_compiled(folder);
  folder.install_sam([](const std::string&) {});
  auto application = folder.read();
  ASSERT_TRUE(application) << application.error().message;
  ASSERT_EQ(folder.tools.spawned.size(), 2U);
  EXPECT_EQ(folder.tools.spawned[0].command.at(2), "Go");
  EXPECT_EQ(folder.tools.spawned[1].command.at(2), "Net");
  std::vector<std::string> paths;
  for (const auto& artifact : application->stacks[0].artifacts) paths.push_back(artifact.path);
  std::string place = folder.path + "/.livelambda/build/dev/one/";
  EXPECT_THAT(paths, ElementsAre(place + "Go/.aws-sam/build/Go", place + "Net/.aws-sam/build/Net"));
}

TEST(TemplateApp, ReadsWhatSamBuiltOfAllWhereTheCodeIsReal) {
  Folder folder;
  write_compiled(folder);
  folder.install_sam([](const std::string& place) {
    EXPECT_TRUE(os::make_directories(place + "/.aws-sam/build"));
    std::string built = kCompiled;
    built.replace(built.find("CodeUri: go"), 11, "CodeUri: Go");
    EXPECT_TRUE(os::write_file(place + "/.aws-sam/build/template.yaml", built));
  });
  folder.write("samconfig.toml", "[default.deploy.parameters]\nstack_name = \"shop\"\n");
  auto application = folder.read(Purpose::real);
  ASSERT_TRUE(application) << application.error().message;
  ASSERT_EQ(folder.tools.spawned.size(), 1U);
  EXPECT_THAT(folder.tools.spawned[0].command,
              ElementsAre(folder.path + "/bin/sam", "build", "--template-file", folder.path + "/template.yaml",
                          "--build-dir", ".aws-sam/build", "--cached", "--cache-dir", ".aws-sam/cache"));
  EXPECT_EQ(folder.tools.spawned[0].directory, folder.path + "/.livelambda/build/dev/app");
  const app::Stack& stack = application->stacks[0];
  EXPECT_EQ(stack.name, "dev-shop");
  EXPECT_THAT(stack.template_file, EndsWith("/app/.aws-sam/build/template.yaml"));
  ASSERT_EQ(stack.artifacts.size(), 3U);
  EXPECT_EQ(stack.artifacts[1].path, "Go");
}

TEST(TemplateApp, WarnsOfPackagesThatAreMissing) {
  Folder folder;
  folder.write("template.yaml", kTemplate);
  folder.write("package.json", R"({"dependencies": {"is-odd": "3"}})");
  ASSERT_TRUE(folder.read(Purpose::live));
  EXPECT_TRUE(folder.output.empty());
  ASSERT_TRUE(folder.read(Purpose::real));
  EXPECT_THAT(folder.output, ElementsAre(HasSubstr("Warning: Api goes to AWS without the packages it needs")));
}

}  // namespace
}  // namespace project
