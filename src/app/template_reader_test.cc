#include "app/template_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Stack read(std::string_view text, const ReadOptions& options = {.name = "app"}) {
  auto stack = read_template(text, options);
  if (!stack) {
    ADD_FAILURE() << stack.error().message << " at line " << stack.error().line;
    return {};
  }
  return std::move(*stack);
}

base::Error error_of(std::string_view text) {
  auto stack = read_template(text, {.name = "app", .file = "some/template.yaml"});
  if (stack) {
    ADD_FAILURE() << "no error for: " << text;
    return {};
  }
  return stack.error();
}

TEST(TemplateReader, ReadsAServerlessFunction) {
  auto stack = read(R"(
Transform: AWS::Serverless-2016-10-31
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Api:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: esbuild}
    Properties:
      Runtime: nodejs22.x
      Handler: api.handler
      CodeUri: ./src/
      Architectures: [arm64]
      Timeout: 20
      MemorySize: 512
)");
  ASSERT_EQ(stack.functions.size(), 1U);
  const Function& function = stack.functions[0];
  EXPECT_EQ(function.logical_id, "Api");
  EXPECT_TRUE(function.serverless);
  EXPECT_EQ(function.runtime, "nodejs22.x");
  EXPECT_EQ(function.handler, "api.handler");
  EXPECT_EQ(function.source, "src");
  EXPECT_EQ(function.build_method, "esbuild");
  EXPECT_EQ(function.architecture, Architecture::arm64);
  EXPECT_EQ(function.timeout_seconds, 20);
  EXPECT_EQ(function.memory_mb, 512);
  EXPECT_TRUE(function.live) << to_string(function.why_not);
  EXPECT_EQ(function.line, 6);
  EXPECT_TRUE(stack.artifacts.empty());
  EXPECT_EQ(stack.function("Api"), &function);
  EXPECT_EQ(stack.function("Topic"), nullptr);
}

TEST(TemplateReader, ReadsJsonAndPlainLambdaFunctions) {
  auto stack = read(R"({"Resources": {
    "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
    "F": {"Type": "AWS::Lambda::Function", "Properties": {
      "Code": "lambda", "Handler": "index.handler", "Runtime": "nodejs20.x", "Role": {"Fn::GetAtt": ["Role", "Arn"]}}}}})");
  const Function& function = stack.functions.at(0);
  EXPECT_TRUE(function.live) << to_string(function.why_not);
  EXPECT_FALSE(function.serverless);
  EXPECT_EQ(function.source, "lambda");
  EXPECT_EQ(function.architecture, Architecture::x86_64);
  EXPECT_EQ(function.timeout_seconds, 3);
  EXPECT_EQ(function.memory_mb, 128);
  EXPECT_THAT(function.roles, ElementsAre("Role"));
}

TEST(TemplateReader, MergesGlobalsAsSamDoes) {
  auto stack = read(R"(
Globals:
  Function: {Runtime: nodejs22.x, Handler: all.handler, CodeUri: src/, Timeout: 9, Architectures: [x86_64]}
Resources:
  Takes: {Type: AWS::Serverless::Function}
  Overrides:
    Type: AWS::Serverless::Function
    Properties: {Handler: own.handler, Timeout: 1, Architectures: [arm64]}
  Ignores:
    Type: AWS::Serverless::Function
    IgnoreGlobals: [Timeout]
  Plain:
    Type: AWS::Lambda::Function
    Properties: {Handler: h.h, Runtime: nodejs20.x, Code: x, Role: arn:x}
)");
  ASSERT_EQ(stack.functions.size(), 4U);
  EXPECT_EQ(stack.functions[0].handler, "all.handler");
  EXPECT_EQ(stack.functions[0].source, "src");
  EXPECT_EQ(stack.functions[0].timeout_seconds, 9);
  EXPECT_EQ(stack.functions[1].handler, "own.handler");
  EXPECT_EQ(stack.functions[1].timeout_seconds, 1);
  EXPECT_EQ(stack.functions[1].architecture, Architecture::arm64);
  EXPECT_EQ(stack.functions[2].timeout_seconds, 3);
  EXPECT_EQ(stack.functions[3].timeout_seconds, 3);
}

TEST(TemplateReader, ResolvesParametersMapsAndSubstitutions) {
  constexpr const char* kText = R"(
Parameters:
  Runtime: {Type: String, Default: nodejs22.x}
  Dir: {Type: String, Default: lib}
  Seconds: {Type: Number, Default: 12}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /name}
Mappings: {Files: {api: {file: main}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: !Ref Runtime
      CodeUri: !Sub 'code/${Dir}'
      Handler: !FindInMap [Files, api, file]
      Timeout: !Ref Seconds
  G:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, CodeUri: ., Handler: !Ref Secret}
)";
  auto stack = read(kText);
  EXPECT_EQ(stack.functions.at(0).runtime, "nodejs22.x");
  EXPECT_EQ(stack.functions.at(0).source, "code/lib");
  EXPECT_EQ(stack.functions.at(0).handler, "main");
  EXPECT_EQ(stack.functions.at(0).timeout_seconds, 12);
  EXPECT_FALSE(stack.functions.at(1).live);
  EXPECT_EQ(stack.functions.at(1).why_not.reason, StayReason::handler_unknown);
  auto given = read(kText, {.name = "app", .parameters = {{"Dir", "other"}, {"Runtime", "fortran77"}}});
  EXPECT_EQ(given.functions.at(0).source, "code/other");
  EXPECT_FALSE(given.functions.at(0).live);
}

struct StayCase {
  const char* name;
  std::string resources;
  const char* reason;
};

std::string sam_function(std::string_view more) {
  return fmt::format(
      "  F: {{Type: AWS::Serverless::Function, Properties: {{Runtime: nodejs22.x, Handler: a.b, CodeUri: src{}}}}}\n",
      more);
}

class FunctionsThatStay : public testing::TestWithParam<StayCase> {};

TEST_P(FunctionsThatStay, SayWhy) {
  auto stack = read(std::string("Resources:\n") + GetParam().resources);
  const Function* function = stack.function("F");
  ASSERT_NE(function, nullptr);
  EXPECT_FALSE(function->live);
  EXPECT_EQ(to_string(function->why_not.reason), GetParam().reason) << to_string(function->why_not);
  EXPECT_THAT(to_string(function->why_not), testing::StartsWith("keeps its code in AWS: "));
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, FunctionsThatStay,
    testing::Values(
        StayCase{"Dotnet", "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: dotnet8, Handler: a::b::c}}\n",
                 "runtime_not_here"},
        StayCase{"Inline",
                 "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: index.b, "
                 "InlineCode: !Sub 'x = \"${Table}\"'}}\n",
                 "inline_code"},
        StayCase{"ZipFile",
                 "  F: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13, Handler: index.b, Role: "
                 "'arn:aws:iam::1:role/x', Code: {ZipFile: !ImportValue x}}}\n",
                 "inline_code"},
        StayCase{
            "InlineRuby",
            "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: ruby3.3, Handler: index.b, InlineCode: x}}\n",
            "inline_code"},
        StayCase{"InlineOfAnUnknownRuntime",
                 "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: !Ref R, Handler: index.b, InlineCode: "
                 "x}}\n",
                 "runtime_unknown"},
        StayCase{"Image", "  F: {Type: AWS::Serverless::Function, Properties: {PackageType: Image, ImageUri: x}}\n",
                 "image"},
        StayCase{"ImageCode", "  F: {Type: AWS::Lambda::Function, Properties: {Code: {ImageUri: x}}}\n", "image"},
        StayCase{"S3",
                 "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, CodeUri: "
                 "s3://b/k}}\n",
                 "code_in_s3"},
        StayCase{"S3Object",
                 "  F: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Code: {S3Bucket: "
                 "b, S3Key: k}}}\n",
                 "code_in_s3"},
        StayCase{"UnknownCode",
                 "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, CodeUri: !Ref "
                 "X}}\n",
                 "code_unknown"},
        StayCase{"Archive",
                 "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, CodeUri: "
                 "out/a.zip}}\n",
                 "archive"},
        StayCase{"Transform", "  F: {Type: AWS::Serverless::Function, Properties: {'Fn::Transform': {Name: Mine}}}\n",
                 "transform"},
        StayCase{"Durable", sam_function(", DurableConfig: {ExecutionTimeout: 5}"), "durable"},
        StayCase{"ManagedInstances", sam_function(", CapacityProviderConfig: {}"), "managed_instances"},
        StayCase{"RoleThatIsNoArn", sam_function(", Role: 'arn:x'"), "role_unknown"},
        StayCase{"ImportedRole", sam_function(", Role: !ImportValue X"), "role_unknown"},
        StayCase{"ParameterRole", sam_function(", Role: !Ref RoleArn"), "role_unknown"},
        StayCase{"NestedRole",
                 "  N: {Type: AWS::CloudFormation::Stack}\n" + sam_function(", Role: !GetAtt N.Outputs.Arn"),
                 "role_unknown"},
        StayCase{"NoRole",
                 "  F: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Code: src}}\n",
                 "no_role"},
        StayCase{"UnknownArchitecture", sam_function(", Architectures: [!Ref A]"), "architecture_unknown"},
        StayCase{"CustomResource",
                 "  C: {Type: 'Custom::X', Properties: {ServiceToken: !GetAtt F.Arn}}\n" + sam_function(""),
                 "custom_resource"},
        StayCase{"ProviderFramework",
                 "  C: {Type: AWS::CloudFormation::CustomResource, Properties: {ServiceToken: !GetAtt P.Arn}}\n"
                 "  P: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Code: {S3Bucket: "
                 "b, S3Key: k},\n"
                 "      Environment: {Variables: {USER_ON_EVENT_FUNCTION_ARN: !GetAtt F.Arn}}}}\n" +
                     sam_function(""),
                 "custom_resource"},
        StayCase{
            "Macro",
            "  M: {Type: AWS::CloudFormation::Macro, Properties: {Name: m, FunctionName: !Ref F}}\n" + sam_function(""),
            "cloudformation_hook"},
        StayCase{
            "Edge",
            "  D: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {DefaultCacheBehavior: {\n"
            "      LambdaFunctionAssociations: [{LambdaFunctionARN: !Ref V}]}}}}\n"
            "  V: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref F}}\n" +
                sam_function(""),
            "edge"},
        StayCase{"SamEdge",
                 "  D: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {CacheBehaviors: [{\n"
                 "      LambdaFunctionAssociations: [{LambdaFunctionARN: !Ref F.Version}]}]}}}\n" +
                     sam_function(""),
                 "edge"},
        StayCase{"EdgeRole",
                 "  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Principal:\n"
                 "      {Service: [lambda.amazonaws.com, edgelambda.amazonaws.com]}}]}}}\n" +
                     sam_function(", Role: !GetAtt R.Arn"),
                 "edge"},
        StayCase{"Hook",
                 "  G: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b,\n"
                 "      DeploymentPreference: {Type: AllAtOnce, Hooks: {PreTraffic: !Ref F}}}}\n" +
                     sam_function(""),
                 "codedeploy_hook"},
        StayCase{"NamedHook", sam_function(", FunctionName: CodeDeployHook_pre"), "codedeploy_hook"}),
    [](const auto& info) { return info.param.name; });

TEST(TemplateReader, TakesRolesOfTheTemplateInAllTheirForms) {
  auto stack = read(R"(
Resources:
  A: {Type: AWS::IAM::Role}
  B: {Type: AWS::IAM::Role}
  One: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Role: !Sub '${A.Arn}'}}
  Two: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Role: !If [C, !GetAtt A.Arn, !GetAtt B.Arn]}}
  Not: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Role: !If [C, !GetAtt A.Arn, !Ref P]}}
  Nor: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Role: !Sub 'arn:x:${A}'}}
)");
  EXPECT_THAT(stack.functions.at(0).roles, ElementsAre("A"));
  EXPECT_THAT(stack.functions.at(1).roles, ElementsAre("A", "B"));
  EXPECT_FALSE(stack.functions.at(2).live);
  EXPECT_FALSE(stack.functions.at(3).live);
}

TEST(TemplateReader, ListsWhatHasToBeUploaded) {
  auto stack = read(R"(
Resources:
  Live: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, CodeUri: live}}
  Net: {Type: AWS::Serverless::Function, Properties: {Runtime: dotnet8, Handler: a.b, CodeUri: ./rb/}}
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  There: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: s3://b/k}}
  Machine: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: machine.asl.json}}
  Graph: {Type: AWS::Serverless::GraphQLApi, Properties: {SchemaUri: s.graphql, Resolvers: {Query: {get: {CodeUri: get.js}}}}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      DefinitionBody:
        Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}
  Nested: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested.yaml}}
)");
  std::vector<std::string> found;
  for (const auto& artifact : stack.artifacts) {
    found.push_back(fmt::format("{} {} {}", static_cast<int>(artifact.kind), artifact.path, artifact.pointer));
    EXPECT_GT(artifact.line, 2) << artifact.pointer;
  }
  EXPECT_THAT(found,
              ElementsAre("0 rb /Resources/Net/Properties/CodeUri", "0 layer/ /Resources/Layer/Properties/ContentUri",
                          "1 machine.asl.json /Resources/Machine/Properties/DefinitionUri",
                          "1 s.graphql /Resources/Graph/Properties/SchemaUri",
                          "1 get.js /Resources/Graph/Properties/Resolvers/Query/get/CodeUri",
                          "2 nested.yaml /Resources/Nested/Properties/TemplateURL",
                          "1 api.yaml /Resources/Api/Properties/DefinitionBody/Fn::Transform/Parameters/Location"));
}

TEST(TemplateReader, PassesOverLoopsThatItCannotExpand) {
  auto stack = read(R"(
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Functions: [Name, !Ref Names, {'${Name}F': {Type: AWS::Serverless::Function}}]
  Topic: {Type: AWS::SNS::Topic}
)");
  EXPECT_TRUE(stack.functions.empty());
}

TEST(TemplateReader, ErrorsNameFileAndLine) {
  struct {
    const char* text;
    const char* message;
    int line;
  } cases[] = {
      {"Resources:\n  A: [\n", "", 0},  // libyaml decides what it says, and on which line
      {"- a\n", "not a mapping", 1},
      {"", "the template is empty", 1},
      {"Description: x\n", "no Resources", 1},
      {"Description: x\nResources: {}\n", "no Resources", 2},
      {"Resources:\n  A: text\n", "A has no Type", 2},
      {"Resources:\n  A:\n    Properties: {}\n", "A has no Type", 2},
      {"Resources:\n\n  A:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: nodejs22.x}\n",
       "A has no Handler", 3},
      {"Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties: {Handler: a.b}\n", "A has no Runtime", 2},
  };
  for (const auto& test : cases) {
    auto error = error_of(test.text);
    EXPECT_EQ(error.kind, base::ErrorKind::invalid_input) << test.text;
    EXPECT_THAT(error.message, HasSubstr(test.message)) << test.text;
    EXPECT_EQ(error.file, "some/template.yaml");
    if (test.line != 0) {
      EXPECT_EQ(error.line, test.line) << test.text;
    } else {
      EXPECT_GT(error.line, 0) << test.text;
    }
  }
}

TEST(Runtimes, HaveALanguage) {
  EXPECT_EQ(language_of("nodejs22.x"), "nodejs");
  EXPECT_EQ(language_of("python3.13"), "python");
  EXPECT_EQ(language_of("provided.al2023"), "provided");
  EXPECT_EQ(language_of("java8.al2"), "java");
  EXPECT_EQ(language_of("fortran"), "fortran");
}

}  // namespace
}  // namespace app
