#include "localcloud/sns/filter_policy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using ::testing::HasSubstr;

bool by_attributes(std::string_view policy, const MessageAttributes& attributes) {
  auto parsed = parse(policy);
  auto checked = check_filter_policy(parsed, FilterScope::attributes);
  EXPECT_TRUE(checked.has_value()) << checked.error().message;
  return accepts_attributes(parsed, attributes);
}

bool by_body(std::string_view policy, std::string_view body) {
  auto parsed = parse(policy);
  auto checked = check_filter_policy(parsed, FilterScope::body);
  EXPECT_TRUE(checked.has_value()) << checked.error().message;
  return accepts_body(parsed, body);
}

std::string refusal(std::string_view policy, FilterScope scope = FilterScope::body) {
  auto checked = check_filter_policy(parse(policy), scope);
  return checked ? "accepted" : checked.error().message;
}

TEST(FilterPolicy, KnowsItsOperators) {
  MessageAttributes attributes{{"n", {"Number", "5"}},
                               {"s", {"String", "Abc"}},
                               {"l", {"String.Array", R"(["x","y"])"}},
                               {"a", {"String", "10.1.2.3"}},
                               {"b", {"Binary", "AAA="}}};
  EXPECT_TRUE(by_attributes(R"({"n":[{"numeric":[">",1,"<=",5]}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"n":[{"numeric":["<",5]}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"n":[5.0]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"n":["5"]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"s":["x","Abc"]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"s":["abc"]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"s":[{"prefix":"Ab"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"s":[{"suffix":"bc"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"s":[{"equals-ignore-case":"aBC"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"a":[{"cidr":"10.1.0.0/16"}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"a":[{"cidr":"10.2.0.0/16"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"a":[{"cidr":"10.1.2.3/32"}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"s":[{"cidr":"::/0"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"gone":[{"exists":false}],"s":[{"exists":true}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"b":[{"exists":true}]})", attributes));
}

TEST(FilterPolicy, AnythingButIsNoneOfTheValues) {
  MessageAttributes attributes{
      {"n", {"Number", "5"}}, {"s", {"String", "Abc"}}, {"l", {"String.Array", R"(["x","y"])"}}};
  EXPECT_TRUE(by_attributes(R"({"s":[{"anything-but":["x","y"]}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"s":[{"anything-but":"Abc"}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"s":[{"anything-but":{"prefix":"A"}}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"n":[{"anything-but":[4,6]}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"n":[{"anything-but":[5]}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"l":["y"]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"l":[{"anything-but":"x"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"l":[{"anything-but":"z"}]})", attributes));
  EXPECT_FALSE(by_attributes(R"({"gone":[{"anything-but":"x"}]})", attributes));
  EXPECT_TRUE(by_attributes(R"({"gone":[{"anything-but":"x"},{"exists":false}]})", attributes));
}

TEST(FilterPolicy, LooksIntoTheBody) {
  auto body = R"({"store":{"name":"north","open":true},"items":[{"kind":"a","price":1},{"kind":"b","price":9}],
                  "none":null,"tags":["x","y"]})";
  EXPECT_TRUE(by_body(R"({"store":{"name":["north"],"open":[true]}})", body));
  EXPECT_FALSE(by_body(R"({"store":{"name":["south"]}})", body));
  EXPECT_TRUE(by_body(R"({"tags":["y"],"none":[null]})", body));
  EXPECT_TRUE(by_body(R"({"items":{"kind":["b"],"price":[{"numeric":[">",5]}]}})", body));
  EXPECT_FALSE(by_body(R"({"items":{"kind":["a"],"price":[{"numeric":[">",5]}]}})", body));
  EXPECT_TRUE(by_body(R"({"store":{"closed":[{"exists":false}]}})", body));
  EXPECT_TRUE(by_body(R"({"gone":{"deep":[{"exists":false}]}})", body));
  EXPECT_FALSE(by_body(R"({"store":[{"exists":true}]})", body));
  EXPECT_FALSE(by_body(R"({"store":["north"]})", "no JSON"));
  EXPECT_FALSE(by_body(R"({"a":[{"exists":false}]})", "[]"));
}

TEST(FilterPolicy, OrTakesOneOfItsAlternatives) {
  auto policy = R"({"source":["s"],"$or":[{"a":[1]},{"b":["x"],"c":["y"]}]})";
  EXPECT_TRUE(by_body(policy, R"({"source":"s","a":1})"));
  EXPECT_TRUE(by_body(policy, R"({"source":"s","b":"x","c":"y"})"));
  EXPECT_FALSE(by_body(policy, R"({"source":"s","b":"x"})"));
  EXPECT_FALSE(by_body(policy, R"({"source":"t","a":1})"));
  // With fewer than two alternatives it is a name.
  EXPECT_TRUE(by_body(R"({"$or":["plain"]})", R"({"$or":"plain"})"));
}

TEST(FilterPolicy, SaysWhatItDoesNotTake) {
  EXPECT_THAT(refusal(R"({"a":[{"wildcard":"x*"}]})"), HasSubstr("Unrecognized match type wildcard"));
  EXPECT_THAT(refusal(R"({"a":[{"anything-but":{"suffix":"x"}}]})"),
              HasSubstr("Unsupported anything-but pattern: suffix"));
  EXPECT_THAT(refusal(R"({"a":[{"prefix":1}]})"), HasSubstr("prefix match pattern must be a string"));
  EXPECT_THAT(refusal(R"({"a":[{"numeric":["~",1]}]})"), HasSubstr("Unrecognized numeric range operator"));
  EXPECT_THAT(refusal(R"({"a":[{"numeric":["<"]}]})"), HasSubstr("numeric"));
  EXPECT_THAT(refusal(R"({"a":[{"numeric":["<",1e10]}]})"), HasSubstr("between -1.0E9 and 1.0E9"));
  EXPECT_THAT(refusal(R"({"a":[{"cidr":"10.0.0.0"}]})"), HasSubstr("Malformed CIDR"));
  EXPECT_THAT(refusal(R"({"a":[{"exists":"yes"}]})"), HasSubstr("true or false"));
  EXPECT_THAT(refusal(R"({"a":"x"})"), HasSubstr("\"a\" must be an object or an array"));
  EXPECT_THAT(refusal(R"({"a":[]})"), HasSubstr("Empty arrays are not allowed"));
  EXPECT_THAT(refusal(R"([])"), HasSubstr("not an object"));
  EXPECT_THAT(refusal(R"({"a":{"b":["x"]}})", FilterScope::attributes), HasSubstr("does not support nested"));
}

TEST(FilterPolicy, HasFiveKeysAnd150Combinations) {
  EXPECT_EQ(refusal(R"({"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"]})"), "accepted");
  EXPECT_THAT(refusal(R"({"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":{"f":["1"],"g":["1"]}})"),
              HasSubstr("more than 5 keys"));
  // The developer guide's own example: 4 x 3 levels, 3 x 2 levels, 3 x 1 level make 216.
  EXPECT_THAT(refusal(R"({"a":{"b":{"c":["1","2","3","4"]}},"d":{"e":["1","2","3"]},"f":["1","2","3"]})"),
              HasSubstr("too complex"));
  EXPECT_EQ(refusal(R"({"a":{"b":{"c":["1","2","3","4"]}},"d":{"e":["1","2"]},"f":["1","2","3"]})"), "accepted");
  // Five times 2^13 are 2^65, which is no 0.
  std::string values = "\"1\"";
  for (int i = 1; i < 8192; ++i) values += ",\"1\"";
  std::string policy;
  for (char key = 'a'; key <= 'e'; ++key) policy += fmt::format("{}\"{}\":[{}]", key == 'a' ? "{" : ",", key, values);
  EXPECT_THAT(refusal(policy + "}"), HasSubstr("too complex"));
}

}  // namespace
}  // namespace localcloud
