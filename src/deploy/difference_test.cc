#include "deploy/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace deploy {
namespace {

namespace json = codec::json;
using ::testing::ElementsAre;

std::vector<std::string> lines(const std::vector<Difference>& differences) {
  std::vector<std::string> all;
  for (const Difference& difference : differences) {
    for (std::string& line : difference_lines(difference)) all.push_back(std::move(line));
  }
  return all;
}

std::vector<Difference> compared(std::string_view before, std::string_view after) {
  return template_difference(codec::parse_json(before).value(), codec::parse_json(after).value());
}

TEST(Difference, NamesWhatIsAddedRemovedAndChangedWithItsValues) {
  auto found = compared(
      R"({"Description":"a","Resources":{"Fn":{"Type":"F","Properties":{"Timeout":3,"Layers":["a"],"Old":1}},
          "Gone":{"Type":"Q"}},"Outputs":{"Url":{"Value":"x"}}})",
      R"({"Description":"b","Resources":{"Fn":{"Type":"F","Properties":{"Timeout":10,"Layers":["a","b"]}},
          "New":{"Type":"T"}},"Outputs":{"Url":{"Value":{"Ref":"New"}}},"Conditions":{"C":{"Fn::Not":[true]}}})");
  EXPECT_THAT(lines(found),
              ElementsAre("~ Fn (F)", "    Properties.Timeout: 3 → 10", "    Properties.Layers[1]: + \"b\"",
                          "    Properties.Old: - 1", "- Gone (Q)", "+ New (T)", "~ Description", "    \"a\" → \"b\"",
                          "~ Outputs.Url", "    Value: \"x\" → {\"Ref\":\"New\"}", "+ Conditions.C"));
}

TEST(Difference, ASectionOfOneValueComesAndGoes) {
  EXPECT_THAT(lines(compared(R"({"Description":"a"})", R"({"Transform":"AWS::Serverless-2016-10-31"})")),
              ElementsAre("- Description", "+ Transform"));
}

TEST(Difference, WhatLivelambdaBringsInIsNoDifference) {
  auto found = compared(
      R"({"Parameters":{"LiveLambdaBucket":{"Type":"String"}},"Outputs":{"LiveLambdaTemplate":{"Value":"live:1"}},
          "Resources":{"Fn":{"Type":"F","DependsOn":["Table","LiveLambdaRole"]},"LiveLambdaRole":{"Type":"P"}}})",
      R"({"Resources":{"Fn":{"Type":"F","DependsOn":"Table"},"LiveLambdaOther":{"Type":"P"}}})");
  EXPECT_THAT(lines(found), ElementsAre());
}

TEST(Difference, LongValuesAreCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 80; ++i) text += "é";
  auto found = compared(R"({"Description":"short"})", codec::to_text(json::object{{"Description", text}}));
  EXPECT_THAT(lines(found).at(1), ::testing::EndsWith("é…"));
}

TEST(Difference, AChangeSetSaysWhatIsReplacedAndTheTemplatesLendTheirValues) {
  std::vector<aws::ResourceChange> changes = {
      {.action = "Modify",
       .logical_id = "Table",
       .type = "AWS::DynamoDB::Table",
       .replacement = "True",
       .details = {{"Properties", "KeySchema", "Always"},
                   {"Properties", "KeySchema", "Always"},
                   {"Tags", "", "Never"}}},
      {.action = "Modify", .logical_id = "Fn", .type = "F", .replacement = "Conditional", .details = {}},
      {.action = "Add", .logical_id = "Nested/FnRole", .type = "AWS::IAM::Role"},
      {.action = "Remove", .logical_id = "Nested/LiveLambdaRole", .type = "AWS::IAM::Policy"}};
  auto of_change_set = change_set_difference(changes);
  EXPECT_THAT(lines(of_change_set),
              ElementsAre("~ Table (AWS::DynamoDB::Table), replaced", "    Properties.KeySchema", "    Tags",
                          "~ Fn (F), perhaps replaced", "+ Nested/FnRole (AWS::IAM::Role)"));
  auto of_templates = compared(R"({"Resources":{"Fn":{"Type":"S","Properties":{"Role":"a"}},"Only":{"Type":"M"}}})",
                               R"({"Resources":{"Fn":{"Type":"S","Properties":{"Role":"b"}}},"Outputs":{"O":{}}})");
  EXPECT_THAT(lines(join_differences(of_change_set, of_templates)),
              ElementsAre("~ Table (AWS::DynamoDB::Table), replaced", "    Properties.KeySchema", "    Tags",
                          "~ Fn (F), perhaps replaced", "    Properties.Role: \"a\" → \"b\"",
                          "+ Nested/FnRole (AWS::IAM::Role)", "+ Outputs.O"));
}

}  // namespace
}  // namespace deploy
