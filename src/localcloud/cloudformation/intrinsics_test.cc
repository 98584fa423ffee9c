#include "localcloud/cloudformation/intrinsics.h"

#include <gtest/gtest.h>

#include "codec/yaml.h"

namespace localcloud {
namespace {

struct World {
  json::object mappings = json::parse(R"({"Map":{"us-east-1":{"size":"big","list":["a","b"]}}})").get_object();
  std::map<std::string, json::value> parameters = {{"Stage", json::value("dev")},
                                                   {"List", json::parse(R"(["x","y","z"])")}};
  std::map<std::string, bool> conditions = {{"Yes", true}, {"No", false}};
  Scope scope;

  World() {
    scope.mappings = &mappings;
    scope.parameters = &parameters;
    scope.conditions = &conditions;
    scope.pseudo = {.account_id = "123456789012",
                    .region = "us-east-1",
                    .stack_name = "app",
                    .stack_id = "arn:aws:cloudformation:us-east-1:123456789012:stack/app/1"};
    scope.ref = [](const std::string& id) -> base::Result<json::value> {
      if (id == "Topic") return json::value("arn:topic");
      return validation_error("no " + id);
    };
    scope.attribute = [](const std::string& id, const std::string& name) -> base::Result<json::value> {
      return json::value(json::string("<" + id + "/" + name + ">"));
    };
    scope.import_value = [](const std::string& name) -> base::Result<json::value> {
      if (name == "shared") return json::value("imported");
      return validation_error("No export named " + name + " found");
    };
  }
};

struct Case {
  std::string_view yaml;
  std::string_view json;
};

class IntrinsicFunctions : public ::testing::TestWithParam<Case> {};

TEST_P(IntrinsicFunctions, ComeTo) {
  const World world;
  const auto input = codec::parse_yaml(GetParam().yaml);
  ASSERT_TRUE(input) << input.error().message;
  const auto result = evaluate(input->value, world.scope);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(*result, json::parse(std::string(GetParam().json))) << json::serialize(*result);
}

INSTANTIATE_TEST_SUITE_P(
    Table, IntrinsicFunctions,
    ::testing::Values(Case{"{a: {Ref: Stage}}", R"({"a":"dev"})"}, Case{"{a: {Ref: Topic}}", R"({"a":"arn:topic"})"},
                      Case{"{a: {Ref: List}}", R"({"a":["x","y","z"]})"},
                      Case{"{a: {Ref: 'AWS::AccountId'}}", R"({"a":"123456789012"})"},
                      Case{"{a: {Ref: 'AWS::Partition'}, b: {Ref: 'AWS::URLSuffix'}}",
                           R"({"a":"aws","b":"amazonaws.com"})"},
                      Case{"{a: {Ref: 'AWS::NoValue'}, b: [{Ref: 'AWS::NoValue'}, 1]}", R"({"b":[1]})"},
                      Case{"{a: {'Fn::GetAtt': [F, Arn]}}", R"({"a":"<F/Arn>"})"},
                      Case{"{a: {'Fn::GetAtt': F.Sub.Arn}}", R"({"a":"<F/Sub.Arn>"})"},
                      Case{"{a: {'Fn::Sub': '${Stage}-${F.Arn}-${AWS::Region}-${!Stage}-$x'}}",
                           R"({"a":"dev-<F/Arn>-us-east-1-${Stage}-$x"})"},
                      Case{"{a: {'Fn::Sub': ['${v}/${Stage}', {v: {Ref: Topic}}]}}", R"({"a":"arn:topic/dev"})"},
                      Case{"{a: {'Fn::Join': ['-', [a, {Ref: Stage}, 1, true]]}}", R"({"a":"a-dev-1-true"})"},
                      Case{"{a: {'Fn::Join': ['', {Ref: List}]}}", R"({"a":"xyz"})"},
                      Case{"{a: {'Fn::Select': ['1', {Ref: List}]}}", R"({"a":"y"})"},
                      Case{"{a: {'Fn::Select': [2, {'Fn::Split': [':', 'a:b:c']}]}}", R"({"a":"c"})"},
                      Case{"{a: {'Fn::Split': [',', 'a,,b']}}", R"({"a":["a","","b"]})"},
                      Case{"{a: {'Fn::If': [Yes, 1, 2]}, b: {'Fn::If': [No, 1, {Ref: 'AWS::NoValue'}]}}", R"({"a":1})"},
                      Case{"{a: {'Fn::FindInMap': [Map, {Ref: 'AWS::Region'}, size]}}", R"({"a":"big"})"},
                      Case{"{a: {'Fn::FindInMap': [Map, x, y, {DefaultValue: d}]}}", R"({"a":"d"})"},
                      Case{"{a: {'Fn::Base64': {'Fn::Sub': 'hello ${Stage}'}}}", R"({"a":"aGVsbG8gZGV2"})"},
                      Case{"{a: {'Fn::ImportValue': shared}}", R"({"a":"imported"})"},
                      Case{"{a: {'Fn::GetAZs': ''}}", R"({"a":["us-east-1a","us-east-1b","us-east-1c"]})"},
                      Case{"{a: {'Fn::Cidr': [10.0.0.0/16, 2, 8]}}", R"({"a":["10.0.0.0/24","10.0.1.0/24"]})"},
                      Case{"{a: {'Fn::Length': {Ref: List}}}", R"({"a":3})"},
                      Case{"{a: {'Fn::ToJsonString': {b: {Ref: Stage}}}}", R"({"a":"{\"b\":\"dev\"}"})"},
                      Case{"{Ref: x, other: y}", R"({"Ref":"x","other":"y"})"}));

struct Failure {
  std::string_view yaml;
  std::string_view message;
};

class BrokenIntrinsicFunctions : public ::testing::TestWithParam<Failure> {};

TEST_P(BrokenIntrinsicFunctions, SayWhy) {
  const World world;
  const auto input = codec::parse_yaml(GetParam().yaml);
  ASSERT_TRUE(input) << input.error().message;
  const auto result = evaluate(input->value, world.scope);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "ValidationError");
  EXPECT_EQ(result.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenIntrinsicFunctions,
    ::testing::Values(Failure{"{a: {'Fn::Select': [5, [x]]}}",
                              "Template error: Fn::Select cannot select nonexistent value at index 5"},
                      Failure{"{a: {'Fn::FindInMap': [Map, x, y]}}",
                              "Template error: Unable to get mapping for Map::x::y"},
                      Failure{"{a: {'Fn::ImportValue': gone}}", "No export named gone found"},
                      Failure{"{a: {'Fn::Transform': {Name: x}}}",
                              "The intrinsic function Fn::Transform is not implemented by the local cloud"},
                      Failure{"{a: {'Fn::If': [Unknown, 1, 2]}}", "Template error: unresolved condition Unknown"}));

TEST(TemplateConditions, MayNameEachOther) {
  const World world;
  const auto declared = codec::parse_yaml(R"(
Both: {'Fn::And': [{Condition: IsDev}, {'Fn::Not': [{Condition: IsProd}]}]}
IsDev: {'Fn::Equals': [{Ref: Stage}, dev]}
IsProd: {'Fn::Equals': [{Ref: Stage}, prod]}
Either: {'Fn::Or': [{Condition: IsProd}, {Condition: Both}]}
)");
  ASSERT_TRUE(declared);
  const auto truths = evaluate_conditions(declared->value.get_object(), world.scope);
  ASSERT_TRUE(truths) << truths.error().message;
  EXPECT_EQ(*truths,
            (std::map<std::string, bool>{{"Both", true}, {"Either", true}, {"IsDev", true}, {"IsProd", false}}));
}

TEST(TemplateConditions, MayNotGoInCircles) {
  const World world;
  const auto declared = codec::parse_yaml("{A: {Condition: B}, B: {'Fn::Not': [{Condition: A}]}}");
  ASSERT_TRUE(declared);
  const auto truths = evaluate_conditions(declared->value.get_object(), world.scope);
  ASSERT_FALSE(truths);
  EXPECT_EQ(truths.error().message, "Template error: Found circular condition dependency on condition: A");
}

}  // namespace
}  // namespace localcloud
