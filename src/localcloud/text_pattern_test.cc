#include "localcloud/text_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace localcloud {
namespace {

TEST(TextPattern, MatchesTheWholeText) {
  EXPECT_TRUE(matches_text_pattern("[a-z]+", "abc").value());
  EXPECT_FALSE(matches_text_pattern("[a-z]+", "abc1").value());
  EXPECT_FALSE(matches_text_pattern(".*", "a\nb").value());
  EXPECT_TRUE(matches_text_pattern("(?<!b)a++", "aa").value());
}

TEST(TextPattern, KnowsWhatIsNoPattern) {
  EXPECT_TRUE(is_text_pattern("^(a|b)$"));
  EXPECT_FALSE(is_text_pattern("(a"));
  EXPECT_FALSE(matches_text_pattern("[", "a"));
  EXPECT_FALSE(is_text_pattern("[a\\"));
  EXPECT_FALSE(is_text_pattern(std::string(5000, '(') + std::string(5000, ')')));
}

TEST(TextPattern, GivesUpInsteadOfRunningForEverOrOutOfStack) {
  EXPECT_TRUE(matches_text_pattern("[a-z]+", std::string(1'000'000, 'a')).value());
  EXPECT_FALSE(matches_text_pattern("(a|b)*", std::string(1'000'000, 'a')));
  EXPECT_FALSE(matches_text_pattern("(a|aa)+", std::string(1000, 'a') + "!"));
}

}  // namespace
}  // namespace localcloud
