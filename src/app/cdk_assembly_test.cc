#include "app/cdk_assembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kManifest = R"({"version": "55.0.0", "artifacts": {
  "Front": {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region",
            "properties": {"templateFile": "Front.template.json", "stackName": "dev-front", "tags": {"team": "blue"}},
            "dependencies": ["Back", "Front.assets"]},
  "Front.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Front.assets.json"}},
  "Back": {"type": "aws:cloudformation:stack", "environment": "aws://123456789012/eu-west-1",
           "properties": {"templateFile": "Back.template.json"}},
  "assembly-Beta": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Beta"}},
  "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}}}})";

constexpr const char* kBetaManifest = R"({"version": "55.0.0", "artifacts": {
  "BetaFront1234": {"type": "aws:cloudformation:stack", "displayName": "Beta/Front",
                    "environment": "aws://unknown-account/unknown-region",
                    "properties": {"templateFile": "BetaFront.template.json", "stackName": "Beta-Front"}}}})";

std::string function(const std::string& metadata, const std::string& handler = "index.handler") {
  return R"({"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "nodejs22.x", "Handler": ")" + handler +
         R"(", "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"S3Bucket": "b", "S3Key": "k.zip"}}, "Metadata": {)" +
         R"("aws:asset:property": "Code", )" + metadata + "}}";
}

std::string stack(const std::string& resources, const std::string& outputs = "{}") {
  return R"({"Resources": {"Role": {"Type": "AWS::IAM::Role"}, )" + resources + R"(}, "Outputs": )" + outputs + "}";
}

const std::string kBundled = R"("aws:asset:path": "/app", "livelambda:source": "/app",
                                "livelambda:entry": "/app/src/api.ts", "livelambda:build": "esbuild",
                                "livelambda:options": {"Format": "esm"})";
const std::string kCopied = R"("aws:asset:path": "/app/lib", "livelambda:source": "/app/lib")";

struct Assembly {
  std::map<std::string, std::string> files;

  ReadFile reader() const {
    return [this](const std::string& path) -> std::optional<std::string> {
      auto found = files.find(path);
      return found == files.end() ? std::nullopt : std::optional(found->second);
    };
  }
  base::Result<CdkAssembly> read(ReadOptions options = {}) const {
    TRY(auto artifacts, read_cdk_manifest("/out", reader()));
    options.read_file = reader();
    return read_cdk_assembly(artifacts, options);
  }
};

// One stack with these resources.
Assembly single(const std::string& resources, const std::string& outputs = "{}") {
  return {{{"/out/manifest.json", R"({"artifacts": {"Main": {"type": "aws:cloudformation:stack",
              "environment": "aws://unknown-account/unknown-region",
              "properties": {"templateFile": "Main.template.json"}}}})"},
           {"/out/Main.template.json", stack(resources, outputs)}}};
}

Assembly several(const std::string& back, const std::string& front, const std::string& back_outputs = "{}") {
  return {{{"/out/manifest.json", kManifest},
           {"/out/assembly-Beta/manifest.json", kBetaManifest},
           {"/out/Front.template.json", stack(front)},
           {"/out/Back.template.json", stack(back, back_outputs)},
           {"/out/assembly-Beta/BetaFront.template.json", stack("\"Fn\": " + function(kCopied))}}};
}

TEST(CdkAssembly, HasTheStacksOfEveryNestedAssemblyInTheOrderOfTheirDependencies) {
  Assembly assembly = several("\"Fn\": " + function(kCopied), "\"Fn\": " + function(kCopied));
  auto artifacts = read_cdk_manifest("/out", assembly.reader());
  ASSERT_TRUE(artifacts) << artifacts.error().message;
  ASSERT_EQ(artifacts->size(), 3U);
  EXPECT_EQ((*artifacts)[0].id, "Back");
  EXPECT_EQ((*artifacts)[0].name, "Back");
  EXPECT_EQ((*artifacts)[0].account, "123456789012");
  EXPECT_EQ((*artifacts)[0].region, "eu-west-1");
  EXPECT_EQ((*artifacts)[1].name, "dev-front");
  EXPECT_EQ((*artifacts)[1].selector, "Front");
  EXPECT_EQ((*artifacts)[1].assets_file, "Front.assets.json");
  EXPECT_EQ((*artifacts)[1].account, "");
  EXPECT_THAT((*artifacts)[1].depends_on, ElementsAre("Back"));
  EXPECT_EQ((*artifacts)[2].selector, "Beta/Front");
  EXPECT_EQ((*artifacts)[2].folder, "/out/assembly-Beta");
  auto app = assembly.read();
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->stacks[1].id, "Front");
  EXPECT_EQ(app->stacks[1].tags, (std::map<std::string, std::string>{{"team", "blue"}}));
  EXPECT_THAT(app->stacks[1].depends_on, ElementsAre("Back"));
  EXPECT_EQ(app->stacks[2].template_file, "/out/assembly-Beta/BetaFront.template.json");
}

TEST(CdkAssembly, TellsWhereCodeComesFromAndTakesThatOutOfTheTemplate) {
  auto app = single("\"Api\": " + function(kBundled) + ", \"Plain\": " + function(kCopied)).read();
  ASSERT_TRUE(app) << app.error().message;
  const Stack& stack = app->stacks.at(0);
  EXPECT_EQ(stack.id, "");
  const Function& api = stack.functions.at(0);
  EXPECT_TRUE(api.live) << to_string(api.why_not);
  EXPECT_EQ(api.source, "/app");
  EXPECT_EQ(api.entry, "/app/src/api.ts");
  EXPECT_EQ(api.build_method, "esbuild");
  EXPECT_EQ(api.build_properties, (codec::json::object{{"Format", "esm"}}));
  EXPECT_EQ(stack.functions.at(1).source, "/app/lib");
  EXPECT_EQ(stack.functions.at(1).entry, "");
  EXPECT_EQ(codec::to_text(stack.document.value).find("livelambda:"), std::string::npos);
  EXPECT_EQ(codec::to_text(stack.document.value).find("/app"), std::string::npos);
  EXPECT_THAT(app->deployed_code, IsEmpty());
}

TEST(CdkAssembly, NamesTheCodeThatIsDeployed) {
  auto app = single("\"Handler\": " + function(kBundled) + R"(, "Custom": {"Type": "Custom::Thing", "Properties":
                    {"ServiceToken": {"Fn::GetAtt": ["Handler", "Arn"]}}}, "Plain": )" +
                    function(kCopied) + ", \"Inline\": " + function(R"("other": "")"))
                 .read();
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->stacks[0].functions[0].why_not.reason, StayReason::custom_resource);
  EXPECT_THAT(app->deployed_code, UnorderedElementsAre("/app/src/api.ts"));
}

TEST(CdkAssembly, TellsWhereCodeComesFromThatWasBuiltForAnother) {
  for (const char* copy : {"asset.12ab", "../asset.12ab"}) {
    const std::string metadata = R"("aws:asset:path": ")" + std::string(copy) + R"(", "livelambda:source": "/app",
                                    "livelambda:entry": "/app/api.ts", "livelambda:build": "esbuild")";
    auto app = single("\"Fn\": " + function(metadata)).read();
    ASSERT_TRUE(app) << app.error().message;
    const Function& function = app->stacks[0].functions[0];
    EXPECT_TRUE(function.live) << to_string(function.why_not);
    EXPECT_EQ(function.source, "/app");
    EXPECT_EQ(function.entry, "/app/api.ts");
  }
}

TEST(CdkAssembly, KnowsHandlersOfCustomResourcesOfOtherStacks) {
  const std::string outputs =
      R"({"Out": {"Value": {"Fn::GetAtt": ["Handler", "Arn"]}, "Export": {"Name": "Back:Arn"}}})";
  const std::string custom = R"("Custom": {"Type": "Custom::Thing", "Properties":
                             {"ServiceToken": {"Fn::ImportValue": "Back:Arn"}}})";
  auto app = several("\"Handler\": " + function(kCopied), custom, outputs).read();
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->stacks[0].functions[0].why_not.reason, StayReason::custom_resource);
}

TEST(CdkAssembly, LeavesFunctionsOfOtherPlacesAlone) {
  Assembly assembly = several("\"Fn\": " + function(kCopied), "\"Fn\": " + function(kCopied));
  auto app = assembly.read({.pseudo = {{"AWS::Region", "us-east-1"}}});
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->stacks[0].functions[0].why_not.reason, StayReason::other_place);
  EXPECT_EQ(app->stacks[0].functions[0].why_not.detail, "eu-west-1");
  EXPECT_EQ(app->stacks[0].region, "eu-west-1");
  EXPECT_TRUE(app->stacks[1].functions[0].live);
  EXPECT_EQ(app->stacks[1].region, "");
  app = assembly.read({.pseudo = {{"AWS::Region", "eu-west-1"}, {"AWS::AccountId", "210987654321"}}});
  ASSERT_TRUE(app);
  EXPECT_EQ(app->stacks[0].functions[0].why_not.detail, "123456789012");
  app = assembly.read({.pseudo = {{"AWS::Region", "eu-west-1"}, {"AWS::AccountId", "123456789012"}}});
  ASSERT_TRUE(app);
  EXPECT_TRUE(app->stacks[0].functions[0].live);
}

TEST(CdkAssembly, TakesNoCopyInTheAssemblyForAnOrigin) {
  const std::string copy = R"("aws:asset:path": "asset.12ab")";
  auto app = single("\"Fn\": " + function(copy)).read({.folder = "/app"});
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_EQ(app->stacks[0].functions[0].why_not.reason, StayReason::origin_unknown);
  app = single("\"Fn\": " + function(copy))
            .read({.folder = "/app", .functions = {{.name = "Fn", .source = "src/api.ts"}}});
  ASSERT_TRUE(app) << app.error().message;
  EXPECT_TRUE(app->stacks[0].functions[0].live);
  EXPECT_THAT(app->stacks[0].functions[0].entry, Not(IsEmpty()));
}

TEST(CdkAssembly, GivesNestedStacksToTheRewrite) {
  Assembly assembly = single(R"("Nested": {"Type": "AWS::CloudFormation::Stack",
      "Properties": {"TemplateURL": {"Fn::Join": ["", ["https://s3/", "12ab.json"]]}},
      "Metadata": {"aws:asset:path": "Nested.nested.template.json", "aws:asset:property": "TemplateURL"}})");
  assembly.files["/out/Nested.nested.template.json"] = stack("\"Fn\": " + function(kBundled));
  auto app = assembly.read();
  ASSERT_TRUE(app) << app.error().message;
  const Stack& stack = app->stacks[0];
  ASSERT_EQ(stack.artifacts.size(), 1U);
  EXPECT_EQ(stack.artifacts[0].kind, LocalArtifact::Kind::template_);
  EXPECT_EQ(stack.artifacts[0].pointer, "/Resources/Nested/Properties/TemplateURL");
  EXPECT_EQ(stack.nested.at(0).id, "Nested");
  EXPECT_EQ(stack.nested.at(0).functions.at(0).entry, "/app/src/api.ts");
}

TEST(CdkAssembly, NamesTheFileThatIsNoManifest) {
  for (const char* text : {"", "[]", R"({"artifacts": []})", "{"}) {
    Assembly assembly{{{"/out/manifest.json", text}}};
    auto artifacts = read_cdk_manifest("/out", assembly.reader());
    ASSERT_FALSE(artifacts) << text;
    EXPECT_EQ(artifacts.error().kind, base::ErrorKind::invalid_input);
    EXPECT_EQ(artifacts.error().file, "/out/manifest.json");
  }
  EXPECT_FALSE(read_cdk_manifest("/nowhere", Assembly{}.reader()));
}

}  // namespace
}  // namespace app
