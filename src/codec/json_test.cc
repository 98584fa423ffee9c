#include "codec/json.h"

#include <gtest/gtest.h>

namespace codec {
namespace {

TEST(Json, KeepsTheOrderOfKeys) {
  EXPECT_EQ(to_text(parse_json(R"({"z":1,"a":{"y":[],"b":null},"m":"x"})").value()),
            R"({"z":1,"a":{"y":[],"b":null},"m":"x"})");
}

TEST(Json, NamesLineAndColumnOfAnError) {
  auto result = parse_json("{\n  \"a\": 1,\n  \"b\": ?\n}");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, base::ErrorKind::invalid_input);
  EXPECT_EQ(result.error().line, 3);
  EXPECT_NE(result.error().message.find("line 3, column 8"), std::string::npos) << result.error().message;
}

TEST(Json, RefusesWhatIsCutOffOrFollowed) {
  for (std::string_view text :
       {"", "  ", "{", "[1,", "\"a", "tru", "{} {}", "1 2", "{\"a\":}", "[1,]", "nan", "1e999", "{\"a\":[-1e999]}"}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(Json, BoundsTheDepth) {
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')));
  EXPECT_FALSE(parse_json(std::string(65, '[') + std::string(65, ']')));
}

TEST(Json, PrintsForPeople) {
  EXPECT_EQ(to_pretty_text(parse_json(R"({"a":[1,{"b":"c\n"}],"d":{},"e":[]})").value()),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\\n\"\n    }\n  ],\n  \"d\": {},\n  \"e\": []\n}\n");
}

TEST(Json, FindsMembersByPath) {
  json::value value = parse_json(R"({"a":{"b":{"c":"deep"}},"n":1})").value();
  EXPECT_EQ(find_string(value, "a", "b", "c"), "deep");
  EXPECT_EQ(find_string(value, "n"), "");
  EXPECT_EQ(find_string(value, "a", "x", "c"), "");
  EXPECT_EQ(find(value, "n", "c"), nullptr);
  ASSERT_NE(find(value, "n"), nullptr);
  EXPECT_EQ(find(value, "n")->as_int64(), 1);
}

}  // namespace
}  // namespace codec
