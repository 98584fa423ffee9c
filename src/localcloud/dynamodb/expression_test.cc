#include "localcloud/dynamodb/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using ::testing::HasSubstr;

const json::object& item() {
  static const json::value kItem = parse(R"({
    "pk": {"S": "a"}, "n": {"N": "5"}, "str": {"S": "hello"}, "flag": {"BOOL": true}, "nothing": {"NULL": true},
    "arr": {"L": [{"S": "x"}, {"N": "2"}, {"M": {"deep": {"S": "y"}}}]},
    "obj": {"M": {"a": {"N": "1"}, "b.c": {"S": "dotted"}}},
    "tags": {"SS": ["one", "two"]}, "numbers": {"NS": ["1", "2"]}, "bytes": {"B": "AQID"}})");
  return kItem.get_object();
}

Placeholders placeholders() {
  return *Placeholders::from(parse(R"({"ConditionExpression": "",
    "ExpressionAttributeNames": {"#dotted": "b.c", "#name": "name"},
    "ExpressionAttributeValues": {":5": {"N": "5.0"}, ":4": {"N": "4"}, ":6": {"N": "6"}, ":hello": {"S": "hello"},
      ":he": {"S": "he"}, ":two": {"S": "two"}, ":S": {"S": "S"}, ":y": {"S": "y"}, ":set": {"SS": ["two", "one"]},
      ":bytes": {"B": "AQ=="}, ":true": {"BOOL": true}, ":l": {"L": [{"S": "z"}]}, ":ss": {"SS": ["two", "three"]},
      ":gone": {"SS": ["one", "two"]}}})")
                                 .get_object(),
                             {"ConditionExpression"});
}

struct Case {
  const char* expression;
  bool holds;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.expression;
}

class Conditions : public ::testing::TestWithParam<Case> {};

TEST_P(Conditions, Hold) {
  auto known = placeholders();
  auto condition = parse_condition(GetParam().expression, "ConditionExpression", known);
  ASSERT_TRUE(condition.has_value()) << condition.error().message;
  EXPECT_EQ(holds(*condition, item()), GetParam().holds);
}

INSTANTIATE_TEST_SUITE_P(
    Grammar, Conditions,
    ::testing::Values(
        Case{"n = :5", true}, Case{"n <> :5", false}, Case{"n < :6", true}, Case{"n <= :5", true},
        Case{"n > :5", false}, Case{"n >= :6", false}, Case{":5 = n", true}, Case{"n = :hello", false},
        Case{"n < :hello", false}, Case{"lost = :5", false}, Case{"lost <> :5", true},
        Case{"n BETWEEN :4 AND :6", true}, Case{"n between :6 and :6", false}, Case{"n IN (:4, :5)", true},
        Case{"n in (:4)", false}, Case{"attribute_exists(n)", true}, Case{"attribute_exists(lost)", false},
        Case{"attribute_not_exists(lost)", true}, Case{"attribute_type(str, :S)", true},
        Case{"attribute_type(n, :S)", false}, Case{"begins_with(str, :he)", true}, Case{"begins_with(n, :he)", false},
        Case{"begins_with(bytes, :bytes)", true}, Case{"contains(str, :he)", true}, Case{"contains(tags, :two)", true},
        Case{"contains(numbers, :5)", false}, Case{"contains(arr, :two)", false}, Case{"size(str) = :5", true},
        Case{"size(arr) < :4", true}, Case{"size(n) = :5", false}, Case{"arr[2].deep = :y", true},
        Case{"arr[9] = :y", false}, Case{"obj.#dotted <> :y", true}, Case{"tags = :set", true},
        Case{"flag = :true", true}, Case{"NOT n = :4", true}, Case{"NOT (n = :5)", false},
        Case{"n = :4 OR n = :5 AND str = :hello", true}, Case{"(n = :4 OR n = :5) AND str = :y", false},
        Case{"NOT n = :4 AND str = :y", false}, Case{"attribute_not_exists(pk) OR pk = :y OR n = :5", true}));

std::string refusal(std::string_view text) {
  auto known = placeholders();
  auto condition = parse_condition(text, "ConditionExpression", known);
  return condition ? "accepted" : condition.error().message;
}

TEST(Expression, RefusesInTheWordsOfDynamoDb) {
  EXPECT_EQ(refusal("session = :5"),
            "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: session");
  EXPECT_EQ(
      refusal("n = :nope"),
      "Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: "
      ":nope");
  EXPECT_EQ(
      refusal("#nope = :5"),
      "Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute "
      "name: #nope");
  EXPECT_EQ(refusal("n = "), "Invalid ConditionExpression: Syntax error; token: \"<EOF>\", near: \"=\"");
  EXPECT_EQ(refusal("n == :5"), "Invalid ConditionExpression: Syntax error; token: \"=\", near: \"== :5\"");
  EXPECT_EQ(refusal(""), "Invalid ConditionExpression: The expression can not be empty;");
  EXPECT_EQ(refusal("exists(n)"), "Invalid ConditionExpression: Invalid function name; function: exists");
  EXPECT_THAT(refusal("attribute_exists(n, str)"), HasSubstr("Incorrect number of operands"));
  EXPECT_THAT(refusal("attribute_exists(:5)"), HasSubstr("requires a document path"));
  EXPECT_THAT(refusal("n = :5 extra"), HasSubstr("Syntax error; token: \"extra\""));
  EXPECT_EQ(
      refusal(std::string(4097, '(')),
      "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4097");
  EXPECT_THAT(refusal(std::string(4000, '(')), HasSubstr("too many operators"));
  std::string calls;
  for (int i = 0; i < 800; ++i) calls += "size(";
  EXPECT_THAT(refusal(calls), HasSubstr("too many operators"));
  std::string many = "n=:5";
  for (int i = 0; i < 200; ++i) many += " AND n=:5";
  EXPECT_THAT(refusal(many), HasSubstr("too many operators; maximum number of operators: 300"));
}

TEST(Expression, NamesPlaceholdersThatNothingUses) {
  auto known = *Placeholders::from(parse(R"({"ConditionExpression":"","ExpressionAttributeNames":{"#a":"a"},
                "ExpressionAttributeValues":{":v":{"S":"v"}}})")
                                       .get_object(),
                                   {"ConditionExpression"});
  ASSERT_TRUE(parse_condition("attribute_exists(#a)", "ConditionExpression", known).has_value());
  auto unused = known.check_all_used();
  ASSERT_FALSE(unused.has_value());
  EXPECT_EQ(unused.error().message, "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}");
}

std::string updated(std::string_view text, std::string_view attribute) {
  auto known = placeholders();
  auto update = parse_update(text, known);
  if (!update) return update.error().message;
  auto after = apply(*update, item());
  if (!after) return after.error().message;
  const auto* value = after->if_contains(attribute);
  return value == nullptr ? "absent" : json::serialize(*value);
}

TEST(Update, SetsRemovesAddsAndDeletes) {
  EXPECT_EQ(updated("SET n = :4", "n"), R"({"N":"4"})");
  EXPECT_EQ(updated("SET n = n + :4", "n"), R"({"N":"9"})");
  EXPECT_EQ(updated("set #name = n - :6", "name"), R"({"N":"-1"})");
  EXPECT_EQ(updated("SET fresh = if_not_exists(lost, :4), n = if_not_exists(n, :4)", "n"), R"({"N":"5"})");
  EXPECT_EQ(updated("SET fresh = if_not_exists(lost, :4)", "fresh"), R"({"N":"4"})");
  EXPECT_EQ(updated("SET #name = list_append(:l, :l)", "name"), R"({"L":[{"S":"z"},{"S":"z"}]})");
  EXPECT_EQ(updated("SET arr[9] = :5 REMOVE arr[0], arr[1]", "arr"), R"({"L":[{"M":{"deep":{"S":"y"}}},{"N":"5"}]})");
  EXPECT_EQ(parse(updated("SET obj.fresh = :4 REMOVE obj.a", "obj")),
            parse(R"({"M":{"b.c":{"S":"dotted"},"fresh":{"N":"4"}}})"));
  EXPECT_EQ(updated("REMOVE str", "str"), "absent");
  EXPECT_EQ(updated("ADD n :4", "n"), R"({"N":"9"})");
  EXPECT_EQ(updated("ADD counter :4", "counter"),
            "Invalid UpdateExpression: Attribute name is a reserved keyword; "
            "reserved keyword: counter");
  EXPECT_EQ(updated("ADD fresh :4", "fresh"), R"({"N":"4"})");
  EXPECT_EQ(updated("ADD tags :ss", "tags"), R"({"SS":["one","two","three"]})");
  EXPECT_EQ(updated("DELETE tags :ss", "tags"), R"({"SS":["one"]})");
  EXPECT_EQ(updated("DELETE tags :gone", "tags"), "absent");
  // Every right-hand side reads the item as it was.
  EXPECT_EQ(updated("SET n = :4, fresh = n", "fresh"), R"({"N":"5"})");
}

TEST(Update, RefusesWhatDynamoDbRefuses) {
  EXPECT_EQ(updated("SET n = lost", "n"),
            "The provided expression refers to an attribute that does not exist in the item");
  EXPECT_EQ(updated("SET lost.a = :4", "n"),
            "The document path provided in the update expression is invalid for update");
  EXPECT_EQ(updated("SET n = str + :4", "n"), "An operand in the update expression has an incorrect data type");
  EXPECT_THAT(updated("SET n = :4, n = :5", "n"), HasSubstr("Two document paths overlap with each other"));
  EXPECT_THAT(updated("SET obj = :4 REMOVE obj.a", "n"), HasSubstr("path one: [obj], path two: [obj, a]"));
  EXPECT_THAT(updated("SET n = :4 SET str = :5", "n"), HasSubstr("\"SET\" section can only be used once"));
  EXPECT_THAT(updated("ADD n :hello", "n"),
              HasSubstr("Incorrect operand type for operator or function; operator: ADD"));
  EXPECT_THAT(updated("n = :4", "n"), HasSubstr("Syntax error; token: \"n\""));
}

TEST(Projection, KeepsTheNamedParts) {
  auto known = placeholders();
  auto paths = parse_projection("pk, arr[2].deep, obj.#dotted, lost", known);
  ASSERT_TRUE(paths.has_value());
  EXPECT_EQ(json::value(project(*paths, item())),
            parse(R"({"arr":{"L":[{"M":{"deep":{"S":"y"}}}]},"obj":{"M":{"b.c":{"S":"dotted"}}},"pk":{"S":"a"}})"));
}

TEST(Projection, JoinsPartsOfOneListElement) {
  auto thing = parse(R"({"l":{"L":[{"S":"x"},{"M":{"a":{"N":"1"},"b":{"N":"2"},"c":{"N":"3"}}}]}})").get_object();
  auto known = placeholders();
  auto paths = parse_projection("l[1].c, l[0], l[1].a, l[7].a", known);
  ASSERT_TRUE(paths.has_value());
  EXPECT_EQ(json::value(project(*paths, thing)),
            parse(R"({"l":{"L":[{"S":"x"},{"M":{"a":{"N":"1"},"c":{"N":"3"}}}]}})"));
}

}  // namespace
}  // namespace localcloud
