#include "project/template_app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "os/files.h"

namespace project {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTemplate = R"(
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: api.handler, CodeUri: .}
)";

awaitable<void> read_into(Toolchain& toolchain, base::Result<app::Application>& result) {
  result = co_await toolchain.read(Purpose::live);
}

struct Folder {
  Folder() : temporary("livelambda-template-app-test") {
    path = temporary.path() + "/my-app";
    EXPECT_TRUE(os::make_directories(path));
  }
  void write(const std::string& name, std::string_view content) {
    auto written = os::write_file(path + "/" + name, content);
    EXPECT_TRUE(written) << written.error().message;
  }
  base::Result<app::Application> read() {
    TRY(auto folder, open_app_folder(path, "dev", "tom"));
    auto toolchain = make_template_app({.folder = folder});
    base::Result<app::Application> result;
    boost::asio::io_context loop(1);
    base::run_until_done(loop, read_into(*toolchain, result));
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

}  // namespace
}  // namespace project
