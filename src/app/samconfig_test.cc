#include "app/samconfig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

using Parameters = std::map<std::string, std::string>;

TEST(SamConfig, TakesDeployBeforeGlobal) {
  auto config = read_samconfig(R"(version = 0.1
[default.global.parameters]
stack_name = "from-global"   # comment
region = "eu-west-1"
[default.build.parameters]
stack_name = "not-this"
template_file = "nor-this.yaml"
[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
confirm_changeset = true
stack_name='from-deploy'
template_file = "infra/template.yaml"
profile = "mine"
[prod.deploy.parameters]
stack_name = "prod"
)");
  EXPECT_EQ(config.stack_name, "from-deploy");
  EXPECT_EQ(config.template_file, "infra/template.yaml");
  EXPECT_EQ(config.region, "eu-west-1");
  EXPECT_EQ(config.profile, "mine");
}

TEST(SamConfig, ReadsOverridesInAllTheirForms) {
  struct {
    const char* value;
    Parameters parameters;
  } cases[] = {
      {R"("Stage=dev Table=my-table")", {{"Stage", "dev"}, {"Table", "my-table"}}},
      {R"("Stage=\"dev\" Words=\"two words\"")", {{"Stage", "dev"}, {"Words", "two words"}}},
      {R"('Words="two words" Url=https://x/?a=b')", {{"Words", "two words"}, {"Url", "https://x/?a=b"}}},
      {R"("ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=2")", {{"A", "1"}, {"B", "2"}}},
      {"[\"A=1\", 'B=two words']", {{"A", "1"}, {"B", "two words"}}},
      {"[\n  \"A=1\",  # one\n  \"B=\\\"2\\\"\",\n]", {{"A", "1"}, {"B", "2"}}},
      {"[\"A=one value\"]", {{"A", "one value"}}},
      {"\"\"\"\nA=1\nB=2\n\"\"\"", {{"A", "1"}, {"B", "2"}}},
      {"\"Empty= A=1\"", {{"Empty", ""}, {"A", "1"}}},
      {"7", {}},
  };
  for (const auto& test : cases) {
    std::string text =
        fmt::format("[default.deploy.parameters]\nparameter_overrides = {}\nregion = \"r\"\n", test.value);
    auto config = read_samconfig(text);
    EXPECT_EQ(config.parameters, test.parameters) << text;
    EXPECT_EQ(config.region, "r") << text;
  }
}

TEST(SamConfig, PassesOverWhatItCannotRead) {
  EXPECT_EQ(read_samconfig("[ default.global.parameters ]\r\n\"stack_name\" = \"g\"\r\n").stack_name, "g");
  for (const char* text : {"stack_name = \"top\"\n", "[default.deploy.parameters]\nstack_name = \n", "[", "=", "a = [",
                           "[default.deploy.parameters]\nstack_name = \"open\n", "[default.deploy.parameters]\n\"=\\",
                           "[default.deploy.parameters]\nstack_name = \"a\\"}) {
    EXPECT_EQ(read_samconfig(text).stack_name, std::nullopt) << text;
  }
}

}  // namespace
}  // namespace app
