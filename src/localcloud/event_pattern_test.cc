#include "localcloud/event_pattern.h"

#include <gtest/gtest.h>

#include <string>

#include "codec/json.h"

namespace localcloud {
namespace {

struct MatchCase {
  const char* pattern;
  const char* event;
  bool expected;
};

class PatternMatches : public testing::TestWithParam<MatchCase> {};

TEST_P(PatternMatches, AsDocumented) {
  const auto& one = GetParam();
  auto pattern = parse_pattern_text(one.pattern);
  ASSERT_TRUE(pattern) << one.pattern << ": " << pattern.error().message;
  EXPECT_EQ(matches(*pattern, codec::parse_json(one.event).value()), one.expected) << one.pattern << " " << one.event;
}

INSTANTIATE_TEST_SUITE_P(
    Exact, PatternMatches,
    testing::Values(
        MatchCase{R"({"a":["x"]})", R"({"a":"x","b":1})", true}, MatchCase{R"({"a":["x"]})", R"({"a":"X"})", false},
        MatchCase{R"({"a":["x","y"]})", R"({"a":"y"})", true}, MatchCase{R"({"a":["x"]})", R"({})", false},
        MatchCase{R"({"a":["x"],"b":[1]})", R"({"a":"x"})", false}, MatchCase{R"({"a":[300]})", R"({"a":300.0})", true},
        MatchCase{R"({"a":["300"]})", R"({"a":300})", false}, MatchCase{R"({"a":[null]})", R"({"a":null})", true},
        MatchCase{R"({"a":[null]})", R"({"a":""})", false}, MatchCase{R"({"a":[""]})", R"({"a":""})", true},
        MatchCase{R"({"a":[true]})", R"({"a":true})", true}, MatchCase{R"({"a":[true]})", R"({"a":"true"})", false},
        MatchCase{R"({"a":[{"exactly":"x"}]})", R"({"a":"x"})", true},
        MatchCase{R"({"a":{"b":["x"]}})", R"({"a":{"b":"x"}})", true},
        MatchCase{R"({"a":{"b":["x"]}})", R"({"a":"x"})", false},
        MatchCase{R"({"a":["x"]})", R"({"a":{"x":"x"}})", false}));

INSTANTIATE_TEST_SUITE_P(
    Arrays, PatternMatches,
    testing::Values(MatchCase{R"({"a":["x"]})", R"({"a":["w","x"]})", true},
                    MatchCase{R"({"a":["x"]})", R"({"a":[]})", false},
                    MatchCase{R"({"a":["x"]})", R"({"a":[["x"]]})", true},
                    MatchCase{R"({"a":{"b":[1],"c":[2]}})", R"({"a":[{"b":0,"c":2},{"b":1,"c":2}]})", true},
                    MatchCase{R"({"a":{"b":[1],"c":[2]}})", R"({"a":[{"b":1,"c":3},{"b":4,"c":2}]})", false},
                    MatchCase{R"({"a":[{"anything-but":"x"}]})", R"({"a":["x","y"]})", true}));

INSTANTIATE_TEST_SUITE_P(
    Text, PatternMatches,
    testing::Values(MatchCase{R"({"a":[{"prefix":"us-"}]})", R"({"a":"us-east-1"})", true},
                    MatchCase{R"({"a":[{"prefix":"us-"}]})", R"({"a":"US-east-1"})", false},
                    MatchCase{R"({"a":[{"prefix":"1"}]})", R"({"a":12})", false},
                    MatchCase{R"({"a":[{"prefix":{"equals-ignore-case":"us-"}}]})", R"({"a":"US-east-1"})", true},
                    MatchCase{R"({"a":[{"suffix":".png"}]})", R"({"a":"x.png"})", true},
                    MatchCase{R"({"a":[{"suffix":".png"}]})", R"({"a":"x.PNG"})", false},
                    MatchCase{R"({"a":[{"suffix":{"equals-ignore-case":".png"}}]})", R"({"a":"x.PNG"})", true},
                    MatchCase{R"({"a":[{"equals-ignore-case":"Alice"}]})", R"({"a":"aLICE"})", true},
                    MatchCase{R"({"a":[{"equals-ignore-case":"Alice"}]})", R"({"a":"Alic"})", false},
                    MatchCase{R"({"a":[{"wildcard":"*/dir/*.txt"}]})", R"({"a":"/x/dir/y.txt"})", true},
                    MatchCase{R"({"a":[{"wildcard":"a*b*c"}]})", R"({"a":"abbc"})", true},
                    MatchCase{R"({"a":[{"wildcard":"a*b*c"}]})", R"({"a":"abbcd"})", false},
                    MatchCase{R"({"a":[{"wildcard":"a\\*"}]})", R"({"a":"a*"})", true},
                    MatchCase{R"({"a":[{"wildcard":"a\\*"}]})", R"({"a":"ab"})", false}));

INSTANTIATE_TEST_SUITE_P(
    AnythingBut, PatternMatches,
    testing::Values(MatchCase{R"({"a":[{"anything-but":"x"}]})", R"({"a":"y"})", true},
                    MatchCase{R"({"a":[{"anything-but":"x"}]})", R"({"a":"x"})", false},
                    MatchCase{R"({"a":[{"anything-but":"x"}]})", R"({"b":"y"})", false},
                    MatchCase{R"({"a":[{"anything-but":["x","y"]}]})", R"({"a":"y"})", false},
                    MatchCase{R"({"a":[{"anything-but":[1,2]}]})", R"({"a":2.0})", false},
                    MatchCase{R"({"a":[{"anything-but":[1,2]}]})", R"({"a":"1"})", true},
                    MatchCase{R"({"a":[{"anything-but":{"prefix":"in"}}]})", R"({"a":"init"})", false},
                    MatchCase{R"({"a":[{"anything-but":{"prefix":["in","ex"]}}]})", R"({"a":"exit"})", false},
                    MatchCase{R"({"a":[{"anything-but":{"prefix":"in"}}]})", R"({"a":"exit"})", true},
                    MatchCase{R"({"a":[{"anything-but":{"suffix":".txt"}}]})", R"({"a":"a.txt"})", false},
                    MatchCase{R"({"a":[{"anything-but":{"suffix":[".txt",".rtf"]}}]})", R"({"a":"a.md"})", true},
                    MatchCase{R"({"a":[{"anything-but":{"equals-ignore-case":"up"}}]})", R"({"a":"UP"})", false},
                    MatchCase{R"({"a":[{"anything-but":{"equals-ignore-case":["up","on"]}}]})", R"({"a":"oN"})", false},
                    MatchCase{R"({"a":[{"anything-but":{"wildcard":"*/lib/*"}}]})", R"({"a":"/lib/x"})", false},
                    MatchCase{R"({"a":[{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}]})", R"({"a":"/x"})",
                              true}));

INSTANTIATE_TEST_SUITE_P(Numbers, PatternMatches,
                         testing::Values(MatchCase{R"({"a":[{"numeric":["=",5]}]})", R"({"a":5.0})", true},
                                         MatchCase{R"({"a":[{"numeric":[">",0,"<=",5]}]})", R"({"a":5})", true},
                                         MatchCase{R"({"a":[{"numeric":[">",0,"<=",5]}]})", R"({"a":0})", false},
                                         MatchCase{R"({"a":[{"numeric":["<",-1.5]}]})", R"({"a":-2})", true},
                                         MatchCase{R"({"a":[{"numeric":["<=",10]}]})", R"({"a":"5"})", false},
                                         MatchCase{R"({"a":[{"numeric":[">=",10]}]})", R"({"a":10})", true}));

INSTANTIATE_TEST_SUITE_P(
    Addresses, PatternMatches,
    testing::Values(MatchCase{R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.0.255"})", true},
                    MatchCase{R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.1.0"})", false},
                    MatchCase{R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"nowhere"})", false},
                    MatchCase{R"({"a":[{"cidr":"2001:db8::/32"}]})", R"({"a":"2001:db8:1::1"})", true},
                    MatchCase{R"({"a":[{"cidr":"2001:db8::/32"}]})", R"({"a":"10.0.0.1"})", false}));

INSTANTIATE_TEST_SUITE_P(Exists, PatternMatches,
                         testing::Values(MatchCase{R"({"a":[{"exists":true}]})", R"({"a":null})", true},
                                         MatchCase{R"({"a":[{"exists":true}]})", R"({"a":{"b":1}})", false},
                                         MatchCase{R"({"a":[{"exists":true}]})", R"({"a":[]})", false},
                                         MatchCase{R"({"a":[{"exists":false}]})", R"({"b":1})", true},
                                         MatchCase{R"({"a":[{"exists":false}]})", R"({"a":1})", false},
                                         MatchCase{R"({"a":[{"exists":false},"x"]})", R"({"a":"x"})", true},
                                         MatchCase{R"({"a":{"b":[{"exists":false}]}})", R"({})", true},
                                         MatchCase{R"({"a":{"b":[{"exists":false}]}})", R"({"a":[{"b":1},{"c":1}]})",
                                                   false}));

INSTANTIATE_TEST_SUITE_P(
    Or, PatternMatches,
    testing::Values(MatchCase{R"({"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2})", true},
                    MatchCase{R"({"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":1})", false},
                    MatchCase{R"({"c":[3],"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2})", false},
                    MatchCase{R"({"c":[3],"$or":[{"a":[1]},{"b":[2]}]})", R"({"b":2,"c":3})", true},
                    MatchCase{R"({"d":{"$or":[{"a":[1]},{"$or":[{"b":[2]},{"c":[3]}]}]}})", R"({"d":{"c":3}})", true}));

struct ErrorCase {
  const char* pattern;
  const char* reason;
};

class PatternErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(PatternErrors, AreWordedAsEventBridgeWordsThem) {
  auto pattern = parse_pattern_text(GetParam().pattern);
  ASSERT_FALSE(pattern) << GetParam().pattern;
  EXPECT_EQ(pattern.error().message, std::string("Event pattern is not valid. Reason: ") + GetParam().reason);
  EXPECT_EQ(pattern.error().code, "InvalidEventPatternException");
  EXPECT_EQ(pattern.error().status, 400);
}

INSTANTIATE_TEST_SUITE_P(
    All, PatternErrors,
    testing::Values(
        ErrorCase{"{", "Invalid JSON"}, ErrorCase{"[]", "Filter is not an object"},
        ErrorCase{"{}", "Empty objects are not allowed"}, ErrorCase{R"({"a":{}})", "Empty objects are not allowed"},
        ErrorCase{R"({"a":[]})", "Empty arrays are not allowed"},
        ErrorCase{R"({"a":"x"})", "\"a\" must be an object or an array"},
        ErrorCase{R"({"a":[["x"]]})", "Match value must be String, number, true, false, or null"},
        ErrorCase{R"({"a":[{}]})", "Match expression name not found"},
        ErrorCase{R"({"a":[{"like":"x"}]})", "Unrecognized match type like"},
        ErrorCase{R"({"a":[{"prefix":"x","suffix":"y"}]})", "Only one key allowed in match expression"},
        ErrorCase{R"({"a":[{"prefix":1}]})", "prefix match pattern must be a string"},
        ErrorCase{R"({"a":[{"suffix":["x"]}]})", "suffix match pattern must be a string"},
        ErrorCase{R"({"a":[{"exists":"x"}]})", "exists match pattern must be either true or false."},
        ErrorCase{R"({"a":[{"numeric":5}]})", "Value of numeric must be an array."},
        ErrorCase{R"({"a":[{"numeric":["!",5]}]})", "Unrecognized numeric range operator: !"},
        ErrorCase{R"({"a":[{"numeric":["=","5"]}]})", "Value of equals must be numeric"},
        ErrorCase{R"({"a":[{"numeric":[">"]}]})", "Value of > must be numeric"},
        ErrorCase{R"({"a":[{"numeric":["<",5,">",1]}]})", "Too many elements in numeric expression"},
        ErrorCase{R"({"a":[{"numeric":[">",5,"=",6]}]})", "Bad numeric range operator: ="},
        ErrorCase{R"({"a":[{"numeric":["=",6000000000]}]})", "Value must be between -5.0E9 and 5.0E9, inclusive"},
        ErrorCase{R"({"a":[{"anything-but":["x",1]}]})",
                  "Inside anything but list, either all values are number or string, mixed type is not supported"},
        ErrorCase{R"({"a":[{"anything-but":[null]}]})",
                  "Inside anything but list, start|null|boolean is not supported."},
        ErrorCase{R"({"a":[{"anything-but":true}]})",
                  "Value of anything-but must be an array or single string/number value."},
        ErrorCase{R"({"a":[{"anything-but":{"numeric":["=",1]}}]})", "Unsupported anything-but pattern: numeric"},
        ErrorCase{R"({"a":[{"anything-but":{"prefix":""}}]})", "Null prefix/suffix not allowed"},
        ErrorCase{R"({"a":[{"wildcard":"a**"}]})", "Consecutive wildcard characters at pos 2"},
        ErrorCase{R"({"a":[{"wildcard":"a\\b"}]})", "Invalid escape character at pos 2"},
        ErrorCase{R"({"a":[{"cidr":"10.0.0.0"}]})", "Malformed CIDR, one '/' required"},
        ErrorCase{R"({"a":[{"cidr":"10.0.0.0/33"}]})", "IPv4 mask bits must be < 32"},
        ErrorCase{R"({"$or":{"a":[1]}})", "It must be an Array followed with $or."},
        ErrorCase{R"({"$or":[{"a":[1]}]})", "There must have at least 2 Objects in $or relationship."},
        ErrorCase{R"({"$or":[{"a":[1]},2]})", "Only JSON object is allowed in array of $or relationship."},
        ErrorCase{R"({"$or":[{"prefix":[1]},{"a":[2]}]})",
                  "prefix is Ruler reserved fieldName which cannot be used inside $or."}));

// An event of EventBridge's size; to look the whole of it through for each of its elements would take minutes.
TEST(EventPattern, LooksForWhatIsAbsentOnce) {
  json::array elements(60'000, json::value(json::object{{"c", 1}}));
  json::value event(json::object{{"a", std::move(elements)}});
  auto pattern = parse_pattern_text(R"({"a":{"b":[{"exists":false}],"c":[2]}})");
  ASSERT_TRUE(pattern);
  EXPECT_FALSE(matches(*pattern, event));
}

}  // namespace
}  // namespace localcloud
