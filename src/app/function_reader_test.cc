#include "app/function_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cdk_metadata.h"

namespace app {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

Function read(std::string_view text, const ReadOptions& options = {.name = "app"}) {
  auto stack = read_template(text, options);
  if (!stack || stack->function("F") == nullptr) {
    ADD_FAILURE() << (stack ? "no function F" : stack.error().message);
    return {};
  }
  return *stack->function("F");
}

std::string sam(std::string_view properties, std::string_view more = "") {
  return fmt::format(
      "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {{Runtime: nodejs22.x, Handler: "
      "src/a.b{}}}\n"
      "{}",
      properties, more);
}

TEST(FunctionReader, LeavesOutWhatIsNotInTheStage) {
  constexpr const char* kText = R"(
Parameters: {Stage: {Type: String, Default: dev}}
Conditions: {IsProd: !Equals [!Ref Stage, prod]}
Resources:
  F: {Type: AWS::Serverless::Function, Condition: IsProd, Properties: {Runtime: nodejs22.x, Handler: a.b}}
)";
  auto function = read(kText);
  EXPECT_EQ(function.why_not.reason, StayReason::condition_false);
  EXPECT_EQ(to_string(function.why_not), "is not in this stage: its condition IsProd is false");
  EXPECT_TRUE(read(kText, {.name = "app", .parameters = {{"Stage", "prod"}}}).live);
}

TEST(FunctionReader, ChoosesAsConditionsDo) {
  constexpr const char* kText = R"(
Parameters: {Arm: {Type: String, Default: 'true'}, RoleArn: {Type: String, Default: ''}, Open: {Type: String}}
Conditions:
  IsArm: !Equals [!Ref Arm, 'true']
  HasRole: !Not [!Equals [!Ref RoleArn, '']]
  Unsure: !Equals [!Ref Open, x]
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: a.b
      CodeUri: !If [IsArm, arm/, intel/]
      Architectures: !If [IsArm, [arm64], [x86_64]]
      Role: !If [HasRole, !Ref RoleArn, !Ref 'AWS::NoValue']
      InlineCode: !If [HasRole, text, !Ref 'AWS::NoValue']
)";
  auto function = read(kText);
  EXPECT_TRUE(function.live) << to_string(function.why_not);
  EXPECT_EQ(function.source, "arm");
  EXPECT_EQ(function.architecture, Architecture::arm64);
  EXPECT_EQ(function.outside_role, "");
  auto other = read(kText, {.name = "app", .parameters = {{"Arm", "false"}, {"Open", "x"}}});
  EXPECT_EQ(other.source, "intel");
  EXPECT_EQ(other.architecture, Architecture::x86_64);
}

TEST(FunctionReader, TakesCodeOutOfTheTemplate) {
  constexpr const char* kText = R"(
Parameters: {Name: {Type: String, Default: tom}}
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/x
      Code:
        ZipFile: !Join ['', ["a = '", !Ref Name, "';", !Sub " b = '${AWS::StackName} ${!kept}';"]]
)";
  auto function = read(kText, {.name = "dev-app", .file = "/app/infra/template.yaml", .folder = "/app"});
  EXPECT_TRUE(function.live) << to_string(function.why_not);
  EXPECT_EQ(function.inline_code, "a = 'tom'; b = 'dev-app ${kept}';");
  EXPECT_EQ(function.source, "../.livelambda/inline/dev-app/F");
  EXPECT_EQ(function.code_path, "");
  auto elsewhere = read(kText, {.name = "dev-app",
                                .file = "/app/infra/template.yaml",
                                .folder = "/app",
                                .functions = {{.name = "F", .source = "src"}}});
  EXPECT_FALSE(elsewhere.inline_code.has_value());
  EXPECT_EQ(elsewhere.source, "../src");
}

TEST(FunctionReader, NamesWhatIsNotKnownOfCodeInTheTemplate) {
  constexpr const char* kText = R"(
Parameters: {Name: {Type: String, Default: tom}}
Resources:
  Table: {Type: AWS::DynamoDB::Table}
  F:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: index.handler, InlineCode: !Sub "a = '${Name} ${Table.Arn}'"}
)";
  EXPECT_EQ(to_string(read(kText).why_not),
            "keeps its code in AWS: its code stands in the template, and Table.Arn in it is known only after "
            "deployment");
}

TEST(FunctionReader, TakesRolesFromOutsideThatAreKnownBeforeDeployment) {
  struct {
    const char* role;
    const char* outside_role;
  } cases[] = {
      {"arn:aws:iam::123456789012:role/x", "arn:aws:iam::123456789012:role/x"},
      {"!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/path/x'",
       "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/path/x"},
      {"!Join ['', ['arn:aws:iam::', !Ref 'AWS::AccountId', ':role/x']]", "arn:aws:iam::${AWS::AccountId}:role/x"},
      {"!Sub 'arn:aws:iam::1:role/${AWS::StackName}-x'", "arn:aws:iam::1:role/app-x"},
      {"!Ref Given", "arn:aws:iam::1:role/given"},
      {"!Sub 'arn:aws:iam::1:role/${AWS::StackId}'", ""},
      {"!Ref Late", ""},
      {"!ImportValue Role", ""},
      {"'{{resolve:ssm:/role}}'", ""},
      {"!If [Unknown, 'arn:aws:iam::1:role/a', 'arn:aws:iam::1:role/b']", ""},
  };
  for (const auto& test : cases) {
    auto function =
        read("Parameters: {Given: {Type: String}, Late: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /r}}\n" +
                 sam(fmt::format(", Role: {}", test.role)),
             {.name = "app", .parameters = {{"Given", "arn:aws:iam::1:role/given"}}});
    EXPECT_EQ(function.outside_role, test.outside_role) << test.role;
    EXPECT_EQ(function.live, *test.outside_role != '\0') << test.role;
    if (!function.live) EXPECT_EQ(function.why_not.reason, StayReason::role_unknown) << test.role;
  }
}

TEST(FunctionReader, FindsTheEntryOfAnEsbuildFunction) {
  auto entry = [](std::string_view points) {
    return read(
        sam(", CodeUri: code",
            fmt::format("    Metadata: {{BuildMethod: esbuild, BuildProperties: {{Minify: true, EntryPoints: {}}}}}",
                        points)));
  };
  EXPECT_EQ(entry("[app.ts]").entry, "code/app.ts");
  EXPECT_EQ(entry("[other.ts, src/a.ts]").entry, "code/src/a.ts");
  EXPECT_EQ(entry("[]").entry, "");
  EXPECT_EQ(entry("app.ts").entry, "");
  auto function = entry("[app.ts]");
  EXPECT_EQ(function.build_method, "esbuild");
  EXPECT_EQ(codec::find_string(function.build_properties, "EntryPoints").size(), 0U);
  EXPECT_TRUE(function.build_properties.at("Minify").as_bool());
}

TEST(FunctionReader, TakesASingleFileForTheEntry) {
  auto function = read(sam(", CodeUri: src/a.mjs"));
  EXPECT_EQ(function.source, "src");
  EXPECT_EQ(function.entry, "src/a.mjs");
  EXPECT_EQ(function.code_path, "src/a.mjs");
  EXPECT_EQ(read(sam(", CodeUri: src/v1.2")).source, "src/v1.2");
}

TEST(FunctionReader, KnowsItsLayersAndWhetherItStreams) {
  auto function = read(sam(", Layers: [!Ref L, 'arn:aws:lambda:x', !If [C, !Ref M, !Ref 'AWS::NoValue']]",
                           "  L: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: l}}\n"
                           "  M: {Type: AWS::Lambda::LayerVersion, Properties: {Content: m}}\n"
                           "  U: {Type: AWS::Lambda::Url, Properties: {InvokeMode: RESPONSE_STREAM, TargetFunctionArn: "
                           "!GetAtt F.Arn}}\n"));
  EXPECT_THAT(function.layers, ElementsAre(Field(&Layer::source, "l"), Field(&Layer::arn, "arn:aws:lambda:x"),
                                           Field(&Layer::source, "m")));
  EXPECT_TRUE(function.response_stream);
  EXPECT_TRUE(read(sam(", FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}")).response_stream);
  EXPECT_FALSE(read(sam(", FunctionUrlConfig: {AuthType: NONE}")).response_stream);
}

TEST(FunctionReader, FollowsItsSettings) {
  ReadOptions options{.name = "app", .file = "/app/infra/template.yaml", .folder = "/app"};
  options.functions = {{.name = "F", .source = "src/api", .build = "make"}};
  auto function = read(sam(", CodeUri: s3://b/k"), options);
  EXPECT_TRUE(function.live) << to_string(function.why_not);
  EXPECT_EQ(function.source, "../src/api");
  EXPECT_EQ(function.code_path, "");
  EXPECT_EQ(function.build_command, "make");
  options.functions = {{.name = "F", .source = "src/api.ts"}};
  function = read(sam(", CodeUri: target/app.jar"), options);
  EXPECT_EQ(function.source, "../src");
  EXPECT_EQ(function.entry, "../src/api.ts");
  EXPECT_EQ(function.code_path, "target/app.jar");
  options.functions = {{.name = "F"}, {.name = "*", .live = false}};
  EXPECT_TRUE(read(sam(""), options).live) << "the name counts more than the pattern";
  options.functions = {{.name = "*", .live = false}};
  EXPECT_EQ(read(sam(""), options).why_not.reason, StayReason::left_alone);
}

TEST(FunctionReader, ReadsFunctionsOfCdk) {
  constexpr const char* kText = R"({{"Resources": {{"F": {{"Type": "AWS::Lambda::Function",
    "Properties": {{"Runtime": "nodejs22.x", "Handler": "{}", "Role": {{"Fn::GetAtt": ["R", "Arn"]}},
      "Code": {{"S3Bucket": "b", "S3Key": "k"}}}},
    "Metadata": {{"aws:cdk:path": "{}", "aws:asset:path": "asset.1", "aws:asset:property": "Code"}}}},
   "R": {{"Type": "AWS::IAM::Role"}}}}}})";
  auto function = read(fmt::format(kText, "index.handler", "App/Api/Resource"));
  EXPECT_TRUE(function.live) << to_string(function.why_not);
  EXPECT_EQ(function.construct_path, "App/Api");
  EXPECT_EQ(function.source, "asset.1");
  EXPECT_EQ(function.code_path, "");
  auto reason = [&](const char* handler, const char* path) {
    return read(fmt::format(kText, handler, path)).why_not.reason;
  };
  EXPECT_EQ(reason("framework.isComplete", "App/Provider/framework-isComplete/Resource"), StayReason::cdk_helper);
  EXPECT_EQ(reason("index.onEvent", "App/@aws-cdk--aws-eks.ClusterResourceProvider/OnEventHandler/Resource"),
            StayReason::cdk_helper);
}

TEST(FunctionReader, KnowsCdksOwnFunctionsByTheirIds) {
  for (const char* id : {"CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F",
                         "LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8aFD4BFC8A",
                         "CustomCDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C81C01536",
                         "BucketNotificationsHandler050a0587b7544547bf325f094a3db8347ECC3691",
                         "AWS679f53fac002430cb0da5b7982bd22872D164C4C",
                         "AWSCDKTriggerCustomResourceProviderCustomResourceProviderHandler97BECD91"}) {
    EXPECT_TRUE(is_cdk_helper(id, "", "index.handler")) << id;
  }
  EXPECT_FALSE(is_cdk_helper("AwsFunction", "App/Aws", "index.handler"));
}

TEST(FunctionReader, FollowsCustomResourcesThroughTopicsAndExports) {
  EXPECT_EQ(read(sam("",
                     "  T: {Type: AWS::SNS::Topic}\n"
                     "  S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref T, Endpoint: !GetAtt F.Arn}}\n"
                     "  C: {Type: 'Custom::X', Properties: {ServiceToken: !Ref T}}\n"))
                .why_not.reason,
            StayReason::custom_resource);
  EXPECT_EQ(read(sam(", Events: {T: {Type: SNS, Properties: {Topic: !Ref T}}}",
                     "  T: {Type: AWS::SNS::Topic}\n  C: {Type: 'Custom::X', Properties: {ServiceToken: !Ref T}}\n"))
                .why_not.reason,
            StayReason::custom_resource);
  auto other = codec::parse_yaml("Resources: {C: {Properties: {ServiceToken: {'Fn::ImportValue': 'A:Fn'}}}}");
  std::string exporting = sam("", "Outputs: {O: {Value: !GetAtt F.Arn, Export: {Name: 'A:Fn'}}}\n");
  EXPECT_TRUE(read(exporting).live);
  EXPECT_EQ(read(exporting, {.name = "app", .called_exports = called_exports(other->value)}).why_not.reason,
            StayReason::custom_resource);
}

TEST(FunctionReader, LetsAuthorizersWebSocketRoutesAndTargetsBeLive) {
  EXPECT_TRUE(read(sam("", R"(
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: x, Auth: {Authorizers: {A: {FunctionArn: !GetAtt F.Arn}}}}}
  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {IntegrationUri: !Sub '${F.Arn}/invocations', IntegrationType: AWS}}
)"))
                  .live);
}

}  // namespace
}  // namespace app
