#include "session/text.h"

#include <gtest/gtest.h>

namespace session {
namespace {

constexpr const char* kReplaced = "\xef\xbf\xbd";

TEST(ValidUtf8, LeavesWellFormedTextAlone) {
  for (std::string text :
       {"", "plain\n\t", "caf\xc3\xa9", "\xe2\x86\x92", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
  EXPECT_EQ(valid_utf8(std::string("a\0b", 3)), std::string("a\0b", 3));
}

TEST(ValidUtf8, ReplacesEveryByteThatIsPartOfNoCharacter) {
  std::string r = kReplaced;
  EXPECT_EQ(valid_utf8("\xff"), r);
  EXPECT_EQ(valid_utf8("a\x80z"), "a" + r + "z");
  EXPECT_EQ(valid_utf8("\xc3"), r);                          // cut off
  EXPECT_EQ(valid_utf8("\xe2\x86"), r + r);                  // cut off
  EXPECT_EQ(valid_utf8("\xf0\x9f\x98"), r + r + r);          // cut off
  EXPECT_EQ(valid_utf8("\xc0\xaf"), r + r);                  // overlong
  EXPECT_EQ(valid_utf8("\xe0\x80\x80"), r + r + r);          // overlong
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), r + r + r);          // a surrogate
  EXPECT_EQ(valid_utf8("\xf4\x90\x80\x80"), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(valid_utf8("\xf5\x80\x80\x80"), r + r + r + r);
}

TEST(PlaceText, HasWhatIsKnown) {
  EXPECT_EQ(place_text("a.yaml", 7), "a.yaml:7: ");
  EXPECT_EQ(place_text("a.yaml", 0), "a.yaml: ");
  EXPECT_EQ(place_text("", 7), "");
}

}  // namespace
}  // namespace session
