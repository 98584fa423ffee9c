#include "localcloud/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

bool matches(std::string_view pattern, std::string_view message) {
  auto matcher = parse_filter_pattern(pattern);
  EXPECT_TRUE(matcher.has_value()) << pattern;
  return matcher && (*matcher)(message);
}

TEST(LogFilterPattern, TermsMustAllBeThere) {
  EXPECT_TRUE(matches("", "anything"));
  EXPECT_TRUE(matches("ERROR two", "ERROR: one two"));
  EXPECT_FALSE(matches("ERROR two", "ERROR: one"));
  EXPECT_FALSE(matches("error", "ERROR"));
  EXPECT_TRUE(matches("\"one two\"", "say one two"));
  EXPECT_FALSE(matches("\"one two\"", "two one"));
}

TEST(LogFilterPattern, AnyAndNone) {
  EXPECT_TRUE(matches("?ERROR ?WARN", "a WARN"));
  EXPECT_FALSE(matches("?ERROR ?WARN", "an INFO"));
  EXPECT_FALSE(matches("ERROR -EXITING", "ERROR EXITING"));
  EXPECT_TRUE(matches("ERROR -EXITING", "ERROR"));
}

TEST(LogFilterPattern, JsonMembers) {
  const char* message = R"({"level":"ERROR","n":3,"ok":true,"none":null,"list":[{"a":1},{"a":2}],"ip":"10.0.0.1"})";
  EXPECT_TRUE(matches(R"({ $.level = "ERROR" })", message));
  EXPECT_TRUE(matches(R"({ $.level = E* })", message));
  EXPECT_FALSE(matches(R"({ $.level != "ERROR" })", message));
  EXPECT_TRUE(matches(R"({ $.n > 2 && $.n <= 3 })", message));
  EXPECT_TRUE(matches(R"({ ($.n = 4) || ($.ok IS TRUE) })", message));
  EXPECT_TRUE(matches(R"({ $.none IS NULL })", message));
  EXPECT_TRUE(matches(R"({ $.missing NOT EXISTS })", message));
  EXPECT_TRUE(matches(R"({ $.list[1].a = 2 })", message));
  EXPECT_TRUE(matches(R"({ $.list[*].a = 2 })", message));
  EXPECT_FALSE(matches(R"({ $.list[0].a = 2 })", message));
  EXPECT_FALSE(matches(R"({ $.level = "ERROR" })", "no JSON"));
}

TEST(LogFilterPattern, FieldsBetweenSpaces) {
  const char* line = R"(127.0.0.1 - frank [10/Oct/2026:13:25:15 -0700] "GET /x HTTP/1.0" 404 1534)";
  EXPECT_TRUE(matches("[ip, id, user, time, request, status = 404, size]", line));
  EXPECT_TRUE(matches("[ip, id, user, time, request = GET*, status = 4*, size > 1000]", line));
  EXPECT_TRUE(matches("[ip = 127*, ..., size]", line));
  EXPECT_TRUE(matches("[..., status = 404 || status = 500, size]", line));
  EXPECT_FALSE(matches("[ip, id, user]", line));
  EXPECT_FALSE(matches("[..., status = 500, size]", line));
}

TEST(LogFilterPattern, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_filter_pattern("%E.*%").error().status, 501);
  EXPECT_EQ(parse_filter_pattern("{ $.a ").error().code, "InvalidParameterException");
  EXPECT_EQ(parse_filter_pattern("{ a = 1 }").error().code, "InvalidParameterException");
  EXPECT_EQ(parse_filter_pattern("\"open").error().code, "InvalidParameterException");
}

}  // namespace
}  // namespace localcloud
