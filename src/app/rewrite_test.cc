#include "app/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/template_reader.h"
#include "app/testing/rewriting.h"

namespace app {
namespace {

namespace json = codec::json;
using app::testing::expect_tree;
using app::testing::options;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPolicy = R"(
      - Version: '2012-10-17'
        Statement:
        - {Sid: LiveLambdaTable, Effect: Allow, Action: 'dynamodb:GetItem', Resource: !Ref LiveLambdaTableArn}
        - {Sid: LiveLambdaInvoke, Effect: Allow, Action: 'execute-api:Invoke', Resource: !Sub '${LiveLambdaApiArn}/*'}
        - Sid: LiveLambdaPost
          Effect: Allow
          Action: execute-api:ManageConnections
          Resource: !Sub '${LiveLambdaApiArn}/POST/@connections/*'
)";

TEST(Rewrite, TellsTheStubOfAUrlThatStreams) {
  auto streamed = [](const char* properties) {
    auto rewritten = app::testing::rewritten(fmt::format(R"(
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      Handler: api.handler
      CodeUri: src/
      Runtime: nodejs22.x
      FunctionUrlConfig: {{AuthType: NONE, InvokeMode: RESPONSE_STREAM}}
{})",
                                                         properties));
    const auto* environment = codec::find(rewritten.document, "Resources", "Api", "Properties", "Environment");
    return environment == nullptr ? std::string() : codec::to_text(*environment);
  };
  EXPECT_EQ(streamed(""), R"({"Variables":{"LIVELAMBDA_STREAMED_URL":"1"}})");
  EXPECT_EQ(streamed("      Environment: {Variables: {A: b}}"),
            R"({"Variables":{"A":"b","LIVELAMBDA_STREAMED_URL":"1"}})");
  EXPECT_EQ(streamed("      Environment: !If [A, {Variables: {A: b}}, {}]"),
            R"({"Fn::If":["A",{"Variables":{"A":"b"}},{}]})");
}

TEST(Rewrite, MakesAnImageThatRunsHereAPackage) {
  auto stack = read_template(
      R"(
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {PackageType: Image}}
Resources:
  Resize: {Type: AWS::Serverless::Function, Properties: {PackageType: Image, ImageUri: x, ImageConfig: {Command: [a]}}}
  Named: {Type: AWS::Serverless::Function, Properties: {ImageUri: x, FunctionName: n}}
  Other: {Type: AWS::Serverless::Function, Properties: {ImageUri: x}}
)",
      {.functions = {{.name = "Resize", .source = "resize", .run = "./run"}, {.name = "Named", .run = "./run"}}});
  ASSERT_TRUE(stack) << stack.error().message;
  auto rewritten = rewrite_to_live(*stack, options());
  ASSERT_TRUE(rewritten) << rewritten.error().message;
  auto resources = rewritten->document.at("Resources");
  resources.at("Resize").at("Properties").as_object().stable_erase("Policies");
  EXPECT_EQ(codec::to_text(resources.at("Resize")),
            R"({"Type":"AWS::Serverless::Function","Properties":{"CodeUri":{"Bucket":{"Ref":"LiveLambdaBucket"},)"
            R"("Key":{"Ref":"LiveLambdaStubX8664"}},"Runtime":"provided.al2023","Handler":"bootstrap"},)"
            R"("IgnoreGlobals":["PackageType"]})");
  for (const char* stays : {"Named", "Other"}) {
    EXPECT_EQ(codec::find_string(resources, stays, "Properties", "ImageUri"), "x") << stays;
  }
}

TEST(Rewrite, PutsTheStubInPlaceOfAServerlessFunction) {
  auto rewritten = app::testing::rewritten(R"(
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: esbuild, BuildProperties: {Minify: true}, Kept: 1}
    Properties:
      Handler: api.handler
      CodeUri: src/
      Runtime: nodejs22.x
      Layers: [!Ref L]
      SnapStart: {ApplyOn: None}
      Environment: {Variables: {TOPIC: !Ref Topic}}
      Events: {Get: {Type: HttpApi}}
      RuntimeManagementConfig: {UpdateRuntimeOn: Auto}
      CodeSigningConfigArn: !Ref Signing
  Topic: {Type: AWS::SNS::Topic}
)");
  expect_tree(rewritten.document, std::string(R"(
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::Function
    Metadata: {Kept: 1}
    Properties:
      Handler: api.handler
      CodeUri: {Bucket: !Ref LiveLambdaBucket, Key: !Ref LiveLambdaStubX8664}
      Runtime: provided.al2023
      Environment: {Variables: {TOPIC: !Ref Topic}}
      Events: {Get: {Type: HttpApi}}
      Policies:)") + kPolicy + R"(
  Topic: {Type: AWS::SNS::Topic}
Parameters:
  LiveLambdaBucket: {Type: String}
  LiveLambdaStubX8664: {Type: String}
  LiveLambdaApiArn: {Type: String}
  LiveLambdaTableArn: {Type: String}
)");
  EXPECT_EQ(rewritten.text, codec::to_text(rewritten.document));
  EXPECT_THAT(rewritten.parameters,
              ElementsAre("LiveLambdaBucket", "LiveLambdaStubX8664", "LiveLambdaApiArn", "LiveLambdaTableArn"));
  std::vector<std::string> words;
  for (const auto& diagnostic : rewritten.diagnostics) words.push_back(diagnostic.message);
  EXPECT_THAT(words, ::testing::UnorderedElementsAre(
                         HasSubstr("no SnapStart"), HasSubstr("no RuntimeManagementConfig"),
                         AllOf(HasSubstr("no CodeSigningConfigArn"), HasSubstr("`live: false` in livelambda.yaml"))));
}

TEST(Rewrite, GivesTemplateRolesOnePolicyEachAndMakesFunctionsWaitForIt) {
  auto rewritten = app::testing::rewritten(R"(
Parameters: {Mine: {Type: String}}
Resources:
  One:
    Type: AWS::Lambda::Function
    DependsOn: Topic
    Properties: {Code: a, Handler: a.b, Runtime: nodejs22.x, Role: !GetAtt Role.Arn, Architectures: [arm64]}
  Two:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: b, Handler: a.b, Runtime: nodejs22.x, Role: !GetAtt Role.Arn}
  Role: {Type: AWS::IAM::Role, Condition: C, Properties: {PermissionsBoundary: arn:x}}
  Topic: {Type: AWS::SNS::Topic}
)");
  const auto& resources = rewritten.document.at("Resources");
  expect_tree(resources.at("One").at("DependsOn"), "[Topic, LiveLambdaRole]");
  expect_tree(resources.at("One").at("Properties").at("Code"),
              "{S3Bucket: !Ref LiveLambdaBucket, S3Key: !Ref LiveLambdaStubArm64}");
  expect_tree(resources.at("Two").at("DependsOn"), "[LiveLambdaRole]");
  EXPECT_FALSE(resources.at("Two").at("Properties").as_object().contains("Policies"));
  EXPECT_EQ(resources.as_object().size(), 5U);
  EXPECT_EQ(codec::find_string(resources, "LiveLambdaRole", "Type"), "AWS::IAM::RolePolicy");
  EXPECT_EQ(codec::find_string(resources, "LiveLambdaRole", "Condition"), "C");
  expect_tree(resources.at("LiveLambdaRole").at("Properties").at("RoleName"), "{Ref: Role}");
  EXPECT_EQ(rewritten.document.at("Parameters").as_object().size(), 6U);
  ASSERT_FALSE(rewritten.diagnostics.empty());
  EXPECT_THAT(rewritten.diagnostics[0].message, HasSubstr("permissions boundary"));
}

TEST(Rewrite, AppendsToPoliciesOfEveryForm) {
  struct {
    const char* before;
    const char* kept;
  } cases[] = {
      {"AWSLambdaExecute", "[AWSLambdaExecute]"},
      {"[AWSLambdaExecute, {S3ReadPolicy: {BucketName: b}}]", "[AWSLambdaExecute, {S3ReadPolicy: {BucketName: b}}]"},
      {"{Statement: [{Effect: Allow, Action: a, Resource: r}]}",
       "[{Statement: [{Effect: Allow, Action: a, Resource: r}]}]"},
      {"!Ref P", "[{Ref: P}]"},
      {"!Ref AWS::NoValue", "[]"},
      {"null", "[]"},
  };
  for (const auto& test : cases) {
    auto rewritten = app::testing::rewritten(
        fmt::format("Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{Handler: a.b, "
                    "Runtime: nodejs22.x, Policies: {}}}}}}}\n",
                    test.before));
    auto policies = rewritten.document.at("Resources").at("F").at("Properties").at("Policies").as_array();
    auto added = policies.back();
    policies.pop_back();
    expect_tree(policies, test.kept);
    expect_tree(json::array({added}), kPolicy);
  }
}

TEST(Rewrite, LeavesGlobalsToOtherFunctions) {
  constexpr const char* kGlobals = R"(
  Function:
    Runtime: nodejs22.x
    Timeout: 9
    CodeUri: {Bucket: b, Key: k, Version: v}
    Layers: [all]
    SnapStart: {ApplyOn: PublishedVersions}
  Api: {TracingEnabled: true}
)";
  auto rewritten = app::testing::rewritten(std::string("Globals:") + kGlobals + R"(
Resources:
  Live: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, CodeUri: src}, IgnoreGlobals: [CodeUri]}
  Own: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: src}, IgnoreGlobals: '*'}
  Stays: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, CodeUri: s3://b/k, Layers: [own]}}
)");
  expect_tree(rewritten.document.at("Globals"), kGlobals);
  const auto& resources = rewritten.document.at("Resources");
  expect_tree(resources.at("Stays"),
              "{Type: AWS::Serverless::Function, Properties: {Handler: a.b, CodeUri: s3://b/k, Layers: [own]}}");
  expect_tree(resources.at("Live").at("IgnoreGlobals"), "[CodeUri, Layers, SnapStart]");
  EXPECT_EQ(resources.at("Own").at("IgnoreGlobals"), "*");
}

TEST(Rewrite, LeavesATemplateWithoutLiveFunctionsAlone) {
  constexpr const char* kText = R"(
Globals: {Function: {Runtime: python3.13, Layers: [a]}}
Resources:
  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, CodeUri: s3://b/k}}
)";
  auto rewritten = app::testing::rewritten(kText);
  expect_tree(rewritten.document, kText);
  EXPECT_THAT(rewritten.parameters, IsEmpty());
}

TEST(Rewrite, PutsArtifactsInPlaceInTheFormOfEachProperty) {
  auto rewritten = app::testing::rewritten(R"(
Globals: {Function: {CodeUri: shared/}}
Resources:
  A: {Type: AWS::Serverless::Function, Properties: {Runtime: dotnet8, Handler: a.b}}
  B: {Type: AWS::Lambda::Function, Properties: {Runtime: dotnet8, Handler: a.b, Code: lib, Role: r}}
  M: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: m.json}}
  G: {Type: AWS::AppSync::GraphQLSchema, Properties: {DefinitionS3Location: g.graphql}}
  R: {Type: AWS::ApiGateway::RestApi, Properties: {Body: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: api.yaml}}}}}
)");
  const auto& resources = rewritten.document.at("Resources");
  auto property = [&resources](const char* id, const char* name) { return resources.at(id).at("Properties").at(name); };
  expect_tree(property("A", "CodeUri"), "{Bucket: !Ref LiveLambdaBucket, Key: artifacts/shared}");
  expect_tree(property("B", "Code"), "{S3Bucket: !Ref LiveLambdaBucket, S3Key: artifacts/lib}");
  expect_tree(property("M", "DefinitionUri"), "{Bucket: !Ref LiveLambdaBucket, Key: artifacts/m.json}");
  expect_tree(property("G", "DefinitionS3Location"), "!Sub 's3://${LiveLambdaBucket}/artifacts/g.graphql'");
  expect_tree(property("R", "Body"),
              "{Fn::Transform: {Name: AWS::Include, Parameters: {Location: !Sub "
              "'s3://${LiveLambdaBucket}/artifacts/api.yaml'}}}");
  EXPECT_THAT(rewritten.parameters, ElementsAre("LiveLambdaBucket"));
}

TEST(Rewrite, WritesTheSchemaOfAGraphQLApiIntoTheTemplate) {
  auto with = options();
  with.text_of = [](const Stack&, const LocalArtifact& artifact) -> base::Result<std::string> {
    return "text of " + artifact.path;
  };
  auto outcome = app::testing::rewritten(R"(
Resources:
  G:
    Type: AWS::Serverless::GraphQLApi
    Properties: {SchemaUri: s.graphql, Functions: {F: {CodeUri: f.js, DataSource: NONE}}}
)",
                                         with);
  expect_tree(outcome.document.at("Resources").at("G").at("Properties"), R"(
  Functions: {F: {CodeUri: !Sub 's3://${LiveLambdaBucket}/artifacts/f.js', DataSource: NONE}}
  SchemaInline: text of s.graphql
)");
}

TEST(Rewrite, NestedTemplatesComeFirstAndGetTheirParametersFromTheirParents) {
  constexpr const char* kRoot = R"(
Resources:
  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: child.yaml, Parameters: {A: b}}}
  App: {Type: AWS::Serverless::Application, Properties: {Location: plain.yaml, Tags: {team: a}}}
)";
  const std::map<std::string, std::string> files = {{"child.yaml",
                                                     "Resources: {F: {Type: AWS::Serverless::Function, Properties: "
                                                     "{Handler: a.b, Runtime: nodejs22.x, CodeUri: s}}}"},
                                                    {"plain.yaml", "Resources: {T: {Type: AWS::SNS::Topic}}"}};
  auto stack = read_template(kRoot, {.name = "app",
                                     .file = "template.yaml",
                                     .read_file = [&files](const std::string& path) -> std::optional<std::string> {
                                       auto found = files.find(path);
                                       if (found == files.end()) return std::nullopt;
                                       return found->second;
                                     }});
  ASSERT_TRUE(stack) << stack.error().message;
  auto outcome = rewrite_to_live(*stack, options());
  ASSERT_TRUE(outcome) << outcome.error().message;
  ASSERT_EQ(outcome->nested.size(), 2U);
  const Rewritten& child = outcome->nested[0];
  EXPECT_EQ(child.stack_id, "Child");
  EXPECT_EQ(child.key, fmt::format("templates/{}", child.text.size()));
  EXPECT_EQ(codec::find_string(child.document, "Resources", "F", "Properties", "Runtime"), "provided.al2023");
  const auto& resources = outcome->document.at("Resources");
  expect_tree(resources.at("Child").at("Properties"), fmt::format(R"(
    TemplateURL: !Sub 'https://${{LiveLambdaBucket}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{}'
    Parameters:
      A: b
      LiveLambdaBucket: !Ref LiveLambdaBucket
      LiveLambdaStubX8664: !Ref LiveLambdaStubX8664
      LiveLambdaApiArn: !Ref LiveLambdaApiArn
      LiveLambdaTableArn: !Ref LiveLambdaTableArn
)",
                                                                  child.key));
  expect_tree(
      resources.at("App"),
      fmt::format(
          "{{Type: AWS::CloudFormation::Stack, Properties: {{Tags: [{{Key: team, Value: a}}], TemplateURL: !Sub "
          "'https://${{LiveLambdaBucket}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{}'}}}}",
          outcome->nested[1].key));
  EXPECT_THAT(outcome->parameters,
              ElementsAre("LiveLambdaBucket", "LiveLambdaStubX8664", "LiveLambdaApiArn", "LiveLambdaTableArn"));
}

TEST(Rewrite, PackagesWithoutMakingAnythingLive) {
  auto stack = read_template(
      "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: dotnet8, CodeUri: s}}}",
      {.name = "app"});
  ASSERT_TRUE(stack);
  stack->functions[0].live = true;
  auto outcome = package(*stack, options());
  ASSERT_TRUE(outcome);
  expect_tree(outcome->document.at("Resources").at("F").at("Properties"),
              "{Handler: a.b, Runtime: dotnet8, CodeUri: {Bucket: !Ref LiveLambdaBucket, Key: artifacts/s}}");
  EXPECT_THAT(outcome->parameters, ElementsAre("LiveLambdaBucket"));
}

TEST(Rewrite, PackagesNoLoopThatNamesPathsAndIsNotExpanded) {
  auto stack = read_template(R"(
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Fn::ForEach::Each:
    - A
    - !GetAZs us-east-1
    - Fn::ForEach::Inner: [B, [x], {'F&{A}${B}': {Type: AWS::Serverless::Function, Properties: {CodeUri: './${B}'}}}]
)",
                             {.name = "app"});
  ASSERT_TRUE(stack) << stack.error().message;
  auto outcome = package(*stack, options());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().line, 5);
  EXPECT_EQ(outcome.error().message,
            "Fn::ForEach::Each names ./${B} on this machine, and only CloudFormation can expand it");
  EXPECT_NE(outcome.error().hint, "");
}

TEST(Rewrite, SaysWhichFunctionsItDoesNotSee) {
  auto outcome = app::testing::rewritten(R"(
Transform: [AWS::LanguageExtensions, Mine, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Each: [A, !Ref Names, {'F${A}': {Type: AWS::Lambda::Function}}]
  Fn::ForEach::Topics: [A, !Ref Names, {'F${A}': {Type: AWS::SNS::Topic}}]
  Fn::Transform: {Name: More}
)");
  EXPECT_THAT(app::testing::words_on(outcome, "Fn::ForEach::Each"),
              ElementsAre(HasSubstr("expanded by CloudFormation alone")));
  EXPECT_TRUE(app::testing::words_on(outcome, "Fn::ForEach::Topics").empty());
  EXPECT_THAT(app::testing::words_on(outcome, "Fn::Transform"), ElementsAre(HasSubstr("keep their code in AWS")));
  EXPECT_THAT(app::testing::words_on(outcome, ""), ElementsAre(HasSubstr("the macro Mine")));
}

TEST(Rewrite, RefusesWhatItCannotDeploy) {
  struct {
    const char* text;
    const char* message;
    int line;
  } cases[] = {
      {"Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: n.yaml}\n",
       "nested template n.yaml was not read", 4},
      {"Parameters:\n  LiveLambdaBucket: {Type: String}\nResources:\n  T: {Type: AWS::SNS::Topic}\n",
       "LiveLambdaBucket", 2},
  };
  for (const auto& test : cases) {
    auto stack = read_template(test.text, {.name = "app", .file = "t.yaml"});
    ASSERT_TRUE(stack);
    auto rewritten = rewrite_to_live(*stack, options());
    ASSERT_FALSE(rewritten) << test.text;
    EXPECT_EQ(rewritten.error().kind, base::ErrorKind::invalid_input);
    EXPECT_THAT(rewritten.error().message, HasSubstr(test.message));
    EXPECT_EQ(rewritten.error().file, "t.yaml");
    EXPECT_EQ(rewritten.error().line, test.line);
  }
}

TEST(Rewrite, IsStable) {
  constexpr const char* kText =
      "Resources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: "
      "src}}}\n";
  EXPECT_EQ(app::testing::rewritten(kText).text, app::testing::rewritten(kText).text);
}

}  // namespace
}  // namespace app
