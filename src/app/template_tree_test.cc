#include "app/template_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Files = std::map<std::string, std::string>;

base::Result<Stack> read(const Files& files, ReadOptions options = {.name = "app", .file = "app/template.yaml"}) {
  options.read_file = [&files](const std::string& path) -> std::optional<std::string> {
    auto found = files.find(path);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  return read_template(files.at(options.file), options);
}

StayReason reason_of(const Stack& stack, std::string_view id) {
  const Function* function = stack.function(id);
  return function == nullptr ? StayReason::none : function->why_not.reason;
}

constexpr const char* kFunction = "Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b";

std::string nest(std::string_view id, std::string_view path, std::string_view more = "") {
  return fmt::format("  {}: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {}}}{}}}\n", id, path, more);
}

TEST(NestedTemplates, AreReadWithTheirParametersAndPaths) {
  auto stack = read({{"app/template.yaml", R"(
Parameters: {Stage: {Type: String, Default: dev}, Names: {Type: CommaDelimitedList, Default: 'a,b'}}
Resources:
  Api:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./api/template.yaml
      Parameters: {Dir: !Sub 'src-${Stage}', Names: !Ref Names, Late: !GetAtt Role.Arn, None: !Ref AWS::NoValue}
  There: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3.amazonaws.com/b/t.yaml}}
  Shared: {Type: AWS::Serverless::Application, Properties: {Location: {ApplicationId: x, SemanticVersion: 1.0.0}}}
  Role: {Type: AWS::IAM::Role}
)"},
                     {"app/api/template.yaml", R"(
Parameters: {Dir: {Type: String}, Names: {Type: CommaDelimitedList}, Late: {Type: String, Default: x}, None: {Type: String, Default: n}}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: !Sub ['${Last}.${None}', {Last: !Select [1, !Ref Names]}], CodeUri: !Ref Dir}
  Late: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: !Ref Late}}
  Deeper: {Type: AWS::Serverless::Application, Properties: {Location: ../deeper.yaml}}
)"},
                     {"app/deeper.yaml", fmt::format("Resources: {{Fn: {{{}}}}}}}\n", kFunction)}});
  ASSERT_TRUE(stack) << stack.error().message;
  ASSERT_EQ(stack->nested.size(), 1U);
  const Stack& api = stack->nested[0];
  EXPECT_EQ(api.id, "Api");
  EXPECT_EQ(api.template_file, "app/api/template.yaml");
  EXPECT_EQ(api.function("Fn")->source, "src-dev");
  EXPECT_EQ(api.function("Fn")->handler, "b.n");
  EXPECT_TRUE(api.function("Fn")->live);
  EXPECT_EQ(api.path_of(*api.function("Fn")), "Api/Fn");
  EXPECT_EQ(reason_of(api, "Late"), StayReason::handler_unknown);
  ASSERT_EQ(api.nested.size(), 1U);
  EXPECT_EQ(api.nested[0].id, "Api/Deeper");
  EXPECT_EQ(api.nested[0].template_file, "app/deeper.yaml");
  EXPECT_TRUE(api.nested[0].document.value.is_object());
}

TEST(NestedTemplates, ErrorsNameTheTemplateAndLine) {
  std::string plain = "Resources:\n  T: {Type: AWS::SNS::Topic}\n";
  Files deep;
  for (int i = 0; i < 20; ++i) {
    deep[i == 0 ? "app/template.yaml" : fmt::format("app/{}.yaml", i)] =
        "Resources:\n" + nest("N", fmt::format("{}.yaml", i + 1));
  }
  struct {
    Files files;
    const char* message;
    const char* file;
  } cases[] = {
      {{{"app/template.yaml", "Resources:\n" + nest("N", "gone.yaml")}},
       "gone.yaml, is not there",
       "app/template.yaml"},
      {{{"app/template.yaml", "Resources:\n" + nest("N", "template.yaml")}}, "part of itself", "app/template.yaml"},
      {{{"app/template.yaml", "Resources:\n" + nest("N", "sub/n.yaml")},
        {"app/sub/n.yaml", "Resources:\n" + nest("Up", "../template.yaml")}},
       "Up nests ../template.yaml, which it is part of itself",
       "app/sub/n.yaml"},
      {{{"app/template.yaml", "Resources:\n" + nest("N", "n.yaml")}, {"app/n.yaml", "Resources:\n  A: text\n"}},
       "A has no Type",
       "app/n.yaml"},
      {deep, "more than 16 templates deep", "app/15.yaml"},
  };
  for (const auto& test : cases) {
    auto stack = read(test.files);
    ASSERT_FALSE(stack) << test.message;
    EXPECT_EQ(stack.error().kind, base::ErrorKind::invalid_input);
    EXPECT_THAT(stack.error().message, HasSubstr(test.message));
    EXPECT_EQ(stack.error().file, test.file);
    EXPECT_EQ(stack.error().line, 2);
  }
}

TEST(NestedTemplates, AreNotInTheStageIfTheirStackIsNot) {
  auto stack = read({{"app/template.yaml",
                      "Conditions: {Prod: !Equals [a, b]}\nResources:\n" + nest("N", "n.yaml", ", Condition: Prod")},
                     {"app/n.yaml", fmt::format("Resources: {{Fn: {{{}}}}}}}\n", kFunction)}});
  ASSERT_TRUE(stack);
  const Function& function = stack->nested.at(0).functions.at(0);
  EXPECT_FALSE(function.live);
  EXPECT_EQ(to_string(function.why_not), "is not in this stage: its condition Prod is false");
}

TEST(NestedTemplates, AreSearchedForWhatADeploymentWaitsFor) {
  auto stack = read({{"app/template.yaml", fmt::format(R"(
Resources:
  Mine: {{{0}}}}}
  Other: {{{0}}}}}
  N: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: n.yaml, Parameters: {{Arn: !GetAtt Mine.Arn}}}}}}
  Custom: {{Type: 'Custom::X', Properties: {{ServiceToken: !GetAtt N.Outputs.Arn}}}}
)",
                                                       kFunction)},
                     {"app/n.yaml", fmt::format(R"(
Parameters: {{Arn: {{Type: String}}}}
Resources:
  Inner: {{{0}}}}}
  Free: {{{0}}}}}
  Custom: {{Type: 'Custom::Y', Properties: {{ServiceToken: !Ref Arn}}}}
Outputs:
  Arn: {{Value: !GetAtt Inner.Arn}}
  Free: {{Value: !GetAtt Free.Arn}}
)",
                                                kFunction)}});
  ASSERT_TRUE(stack) << stack.error().message;
  EXPECT_EQ(reason_of(*stack, "Mine"), StayReason::custom_resource);
  EXPECT_EQ(reason_of(*stack, "Other"), StayReason::none);
  EXPECT_EQ(reason_of(stack->nested.at(0), "Inner"), StayReason::custom_resource);
  EXPECT_EQ(reason_of(stack->nested.at(0), "Free"), StayReason::none);
}

TEST(NestedTemplates, SayThatARoleIsTheParents) {
  auto stack = read({{"app/template.yaml", R"(
Resources:
  Shared: {Type: AWS::IAM::Role}
  N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: n.yaml, Parameters: {RoleArn: !GetAtt Shared.Arn}}}
)"},
                     {"app/n.yaml", R"(
Parameters: {RoleArn: {Type: String}}
Resources:
  Fn: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Role: !Ref RoleArn}}
)"}});
  ASSERT_TRUE(stack);
  const Function& function = stack->nested.at(0).functions.at(0);
  EXPECT_EQ(function.why_not.reason, StayReason::role_unknown);
  EXPECT_THAT(to_string(function.why_not),
              HasSubstr("parameter RoleArn is Shared, a role of the stack that this one is nested in"));
}

TEST(NestedTemplates, OfCdkAreFoundByTheirAssets) {
  auto stack = read({{"cdk.out/a.template.json", R"({"Resources": {"N": {
      "Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {"Fn::Sub": "https://s3/${AWS::Region}"}},
      "Metadata": {"aws:cdk:path": "A/N.NestedStack/N.NestedStackResource", "aws:asset:property": "TemplateURL",
                   "aws:asset:path": "n.nested.template.json"}}}})"},
                     {"cdk.out/n.nested.template.json", fmt::format("Resources: {{Fn: {{{}}}}}}}\n", kFunction)}},
                    {.name = "a", .id = "A", .file = "cdk.out/a.template.json"});
  ASSERT_TRUE(stack) << stack.error().message;
  EXPECT_EQ(stack->nested.at(0).id, "A/N");
  EXPECT_TRUE(stack->artifacts.empty());
}

TEST(NestedTemplates, AreLeftWhereTheyAreWithoutFiles) {
  auto stack = read_template("Resources:\n" + nest("N", "n.yaml"), {.name = "app"});
  ASSERT_TRUE(stack);
  EXPECT_TRUE(stack->nested.empty());
  EXPECT_EQ(stack->artifacts.size(), 1U);
}

}  // namespace
}  // namespace app
