#include "localcloud/events/target_input.h"

#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

const json::value kEvent = parse(
    R"({"version":"0","detail-type":"Moved","source":"my.app","detail":{"instance":"i-1","say":"a \"b\"","n":3,
        "list":["x","y"],"nothing":null,"deep":{"k":true}}})");

std::string made(std::string_view target) {
  auto value = parse(target);
  auto checked = check_target_input(value.get_object());
  if (!checked) return checked.error().message;
  return target_input(value.get_object(), kEvent, {.name = "rule", .arn = "arn:rule"}, "2026-01-02T03:04:05Z")
      .value_or("nothing");
}

std::string filled(std::string_view input_template) {
  json::object transformer{
      {"InputPathsMap", parse(R"({"instance":"$.detail.instance","say":"$.detail.say","n":"$.detail.n",
                                  "list":"$.detail.list","deep":"$.detail.deep","none":"$.detail.none",
                                  "second":"$.detail.list[1]","nothing":"$.detail.nothing"})")},
      {"InputTemplate", input_template}};
  return made(codec::to_text(json::object{{"Id", "t"}, {"InputTransformer", std::move(transformer)}}));
}

TEST(TargetInput, IsTheWholeEventAConstantOrAPart) {
  EXPECT_EQ(made("{}"), codec::to_text(kEvent));
  EXPECT_EQ(made(R"({"Input":"{\"a\": 1}"})"), R"({"a": 1})");
  EXPECT_EQ(made(R"({"InputPath":"$.detail.deep"})"), R"({"k":true})");
  EXPECT_EQ(made(R"({"InputPath":"$.detail['instance']"})"), R"("i-1")");
  EXPECT_EQ(made(R"({"InputPath":"$"})"), codec::to_text(kEvent));
}

TEST(TargetInput, FillsATextAndKeepsItsQuotationMarks) {
  EXPECT_EQ(filled(R"("<instance> is in state <n>")"), R"("i-1 is in state 3")");
  EXPECT_EQ(filled("\"<instance>\"\n\"<second>\""), "\"i-1\"\n\"y\"");
  EXPECT_EQ(filled(R"("none: <none>.")"), R"("none: .")");
}

TEST(TargetInput, FillsAnObjectWithValuesOfTheirKind) {
  EXPECT_EQ(filled(R"({"i": <instance>, "n": <n>, "l": <list>, "d": <deep>, "say": <say>, "text": "<say> < 3 <n>"})"),
            R"({"i":"i-1","n":3,"l":["x","y"],"d":{"k":true},"say":"a \"b\"","text":"a \"b\" < 3 3"})");
  EXPECT_EQ(filled(R"({"none": <none>, "null": <nothing>})"), R"({"none":"","null":null})");
  EXPECT_EQ(filled(R"({"broken": <n>, })"), "nothing");
}

TEST(TargetInput, KnowsThePredefinedVariables) {
  EXPECT_EQ(
      filled(R"({"r": <aws.events.rule-arn>, "n": "<aws.events.rule-name>", "t": <aws.events.event.ingestion-time>})"),
      R"({"r":"arn:rule","n":"rule","t":"2026-01-02T03:04:05Z"})");
  EXPECT_EQ(filled(R"({"e": <aws.events.event>})"), R"({"e":{"version":"0","detailType":"Moved","source":"my.app"}})");
  EXPECT_EQ(filled(R"({"e": <aws.events.event.json>})"), "{\"e\":" + codec::to_text(kEvent) + "}");
}

TEST(TargetInput, RefusesWhatAwsRefuses) {
  EXPECT_EQ(filled(R"("<unknown>")"), "InputTemplate for target t contains invalid placeholder unknown.");
  EXPECT_EQ(made(R"({"Id":"t","Input":"{}","InputPath":"$"})"),
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.");
  EXPECT_EQ(made(R"({"Id":"t","Input":"{"})"), "JSON text for target t is not valid.");
  EXPECT_EQ(made(R"({"Id":"t","InputPath":"detail"})"), "Invalid InputPath for target t.");
  EXPECT_EQ(made(R"({"Id":"t","InputPath":"$.a[*]"})"), "Invalid InputPath for target t.");
}

}  // namespace
}  // namespace localcloud
