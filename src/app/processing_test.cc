#include "app/processing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/template_reader.h"

namespace app {
namespace {

using ::testing::HasSubstr;

constexpr const char* kApp = R"(
Transform: [Mine, AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Globals: {Function: {CodeUri: ./all}}
Resources:
  Plain:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: plain}
  Fn::ForEach::Loop: [Name, [x], {'F${Name}': {Type: AWS::Lambda::Function, Properties: {Code: './${Name}'}}}]
  Api: {Type: AWS::Serverless::Api, Properties: {DefinitionUri: api.yaml}}
  Inner: {Type: AWS::Serverless::Application, Properties: {Location: ./inner.yaml}}
  Included: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}, Type: AWS::SNS::Topic}
)";

Stack stack_of(std::string_view text) {
  auto stack = read_template(text, {.name = "dev-app", .file = "app/template.yaml"});
  EXPECT_TRUE(stack) << stack.error().message;
  return stack ? std::move(*stack) : Stack{};
}

RewriteOptions options() {
  return {.key_of = [](const Stack&, const LocalArtifact& artifact) { return "key-of-" + artifact.path; }};
}

TEST(Processing, IsNeededWhereFunctionsMayComeOfWhatOnlyCloudFormationExpands) {
  const std::string function =
      "  F: {Type: AWS::Serverless::Function, Properties: {Handler: a.b, Runtime: nodejs22.x, CodeUri: .}}\n";
  EXPECT_FALSE(needs_processing(stack_of("Transform: AWS::Serverless-2016-10-31\nResources:\n" + function)));
  EXPECT_TRUE(needs_processing(stack_of("Transform: [Mine, AWS::Serverless-2016-10-31]\nResources:\n" + function)));
  EXPECT_TRUE(needs_processing(stack_of("Resources:\n  Fn::Transform: {Name: AWS::Include}\n" + function)));
  EXPECT_TRUE(
      needs_processing(stack_of("Resources:\n  F: {Type: AWS::Lambda::Function, Properties: "
                                "{Fn::Transform: {Name: Mine}}}\n")));
  const std::string loop = "  Fn::ForEach::L: [N, !Ref Unknown, {'T${N}': {Type: TYPE}}]\n";
  const auto with_loop = [&](const std::string& type) {
    std::string text = "Transform: AWS::LanguageExtensions\nResources:\n" + function + loop;
    return text.replace(text.find("TYPE"), 4, type);
  };
  EXPECT_TRUE(needs_processing(stack_of(with_loop("AWS::Serverless::Function"))));
  EXPECT_FALSE(needs_processing(stack_of(with_loop("AWS::SNS::Topic"))));
}

TEST(Processing, MarksEveryPathAndUploadsOnlyWhatIsIncluded) {
  auto document = to_process(stack_of(kApp), options());
  ASSERT_TRUE(document) << document.error().message;
  auto at = [&](auto... keys) { return codec::to_text(*codec::find(*document, keys...)); };
  EXPECT_EQ(at("Globals", "Function", "CodeUri"),
            R"({"Bucket":{"Ref":"LiveLambdaBucket"},"Key":"livelambda-path:./all"})");
  EXPECT_EQ(at("Resources", "Plain", "Properties", "CodeUri"),
            R"({"Bucket":{"Ref":"LiveLambdaBucket"},"Key":"livelambda-path:plain"})");
  EXPECT_THAT(at("Resources", "Fn::ForEach::Loop"), HasSubstr(R"("S3Key":"livelambda-path:./${Name}")"));
  EXPECT_THAT(at("Resources", "Api"), HasSubstr("livelambda-path:api.yaml"));
  EXPECT_THAT(at("Resources", "Inner"), HasSubstr("livelambda-path:./inner.yaml"));
  EXPECT_THAT(at("Resources", "Inner", "Type"), HasSubstr("AWS::CloudFormation::Stack"));
  EXPECT_THAT(at("Resources", "Included"), HasSubstr("s3://${LiveLambdaBucket}/key-of-more.yaml"));
  EXPECT_EQ(at("Parameters", "LiveLambdaBucket", "Type"), R"("String")");
}

TEST(Processing, PathsStandAgainWhereCloudFormationHasLeftTheirMarks) {
  const char* made = R"({"Transform": "Mine", "Parameters": {"LiveLambdaBucket": {"Type": "String"}}, "Resources": {
    "F": {"Type": "AWS::Lambda::Function", "Properties": {"Handler": "a.b", "Runtime": "nodejs22.x", "Role": "r",
      "Code": {"S3Bucket": "bucket", "S3Key": "livelambda-path:./x"},
      "Environment": {"Variables": {"Key": "untouched", "Other": {"Ref": "X"}}}}},
    "Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {
      "Fn::Sub": "https://${LiveLambdaBucket}.s3.${AWS::Region}.${AWS::URLSuffix}/livelambda-path:./inner.yaml"}}}}})";
  auto text = from_processed(made, stack_of(kApp));
  ASSERT_TRUE(text) << text.error().message;
  auto stack = stack_of(*text);
  EXPECT_FALSE(needs_processing(stack));
  ASSERT_EQ(stack.functions.size(), 1U);
  EXPECT_EQ(stack.functions[0].source, "x");
  ASSERT_FALSE(stack.artifacts.empty());
  EXPECT_EQ(stack.artifacts.back().path, "./inner.yaml");
  EXPECT_EQ(codec::find(stack.document.value, "Parameters", "LiveLambdaBucket"), nullptr);
  EXPECT_THAT(*text, HasSubstr(R"("Variables":{"Key":"untouched","Other":{"Ref":"X"}})"));
}

TEST(Processing, WhatIsNoTemplateIsRefused) {
  EXPECT_EQ(from_processed("[]", stack_of(kApp)).error().kind, base::ErrorKind::invalid_input);
}

}  // namespace
}  // namespace app
