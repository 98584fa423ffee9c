#include "app/layers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

std::vector<Layer> layers_of(std::string_view text, std::string_view path, const ReadOptions& options) {
  auto stack = read_template(text, options);
  if (!stack) {
    ADD_FAILURE() << stack.error().message;
    return {};
  }
  const Stack* at = &*stack;
  if (path != "F") at = &stack->nested.front();
  return at->function("F")->layers;
}

constexpr std::string_view kFunction =
    "  F: {Type: AWS::Serverless::Function, Properties: {Runtime: nodejs22.x, Handler: a.b, Layers: [";

TEST(Layers, NameFoldersArchivesAndArns) {
  struct {
    const char* layer;
    const char* source;
    const char* arn;
  } cases[] = {
      {"!Ref Sam", "layers/sam", ""},
      {"!Ref Plain", "plain.zip", ""},
      {"!Ref Cdk", "/home/tom/asset", ""},
      {"!Ref Uploaded", "", ""},
      {"!Sub '${Sam}'", "layers/sam", ""},
      {"'arn:aws:lambda:eu-west-1:1:layer:tools:7'", "", "arn:aws:lambda:eu-west-1:1:layer:tools:7"},
      {"!Sub 'arn:aws:lambda:${AWS::Region}:1:layer:t:7'", "", "arn:aws:lambda:${AWS::Region}:1:layer:t:7"},
      {"!Ref Given", "", "arn:aws:lambda:eu-west-1:1:layer:given:1"},
      {"!ImportValue Other", "", ""},
      {"'{{resolve:ssm:/layer}}'", "", ""},
  };
  for (const auto& test : cases) {
    auto text = fmt::format(R"(
Parameters: {{Given: {{Type: String, Default: 'arn:aws:lambda:eu-west-1:1:layer:given:1'}}}}
Resources:
  Sam: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: ./layers/sam/}}}}
  Plain: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: plain.zip}}}}
  Uploaded: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: {{S3Bucket: b, S3Key: k}}}}}}
  Cdk:
    Type: AWS::Lambda::LayerVersion
    Properties: {{Content: {{S3Bucket: b, S3Key: k}}}}
    Metadata: {{'aws:asset:path': /home/tom/asset, 'aws:asset:property': Content}}
{}{}]}}}}
)",
                            kFunction, test.layer);
    auto layers = layers_of(text, "F", {.name = "app"});
    ASSERT_EQ(layers.size(), 1U) << test.layer;
    EXPECT_EQ(layers[0].source, test.source) << test.layer;
    EXPECT_EQ(layers[0].arn, test.arn) << test.layer;
    EXPECT_NE(layers[0].name, "") << test.layer;
  }
}

TEST(Layers, OfANestedTemplateMayBeItsParents) {
  auto child = fmt::format("Parameters: {{Shared: {{Type: String}}}}\nResources:\n{}!Ref Shared]}}}}\n", kFunction);
  constexpr std::string_view kParent = R"(
Resources:
  Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/shared}}
  Nested: {Type: AWS::Serverless::Application, Properties: {Location: sub/child.yaml, Parameters: {Shared: !Ref Layer}}}
)";
  auto read_file = [&](const std::string&) { return std::optional(child); };
  for (const char* file : {"template.yaml", "/app/template.yaml"}) {
    auto layers = layers_of(kParent, "Nested/F", {.name = "app", .file = file, .read_file = read_file});
    ASSERT_EQ(layers.size(), 1U);
    EXPECT_EQ(layers[0].name, "Layer");
    EXPECT_EQ(layers[0].source, "../layers/shared") << file;
  }
}

}  // namespace
}  // namespace app
