#include "localcloud/dynamodb/number.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

std::string normal(std::string_view text) {
  auto number = normal_number(text);
  return number ? *number : number.error().code;
}

TEST(Number, HasOneNormalForm) {
  EXPECT_EQ(normal("1.50"), "1.5");
  EXPECT_EQ(normal("-0"), "0");
  EXPECT_EQ(normal("007"), "7");
  EXPECT_EQ(normal("1E3"), "1000");
  EXPECT_EQ(normal("12.5e-3"), "0.0125");
  EXPECT_EQ(normal("+4"), "4");
  EXPECT_EQ(normal(".5"), "0.5");
}

TEST(Number, RefusesWhatIsNone) {
  for (auto text : {"", "x", "1.2.3", "1e", "--1", "0x10", "1 ", "NaN"})
    EXPECT_EQ(normal(text), "ValidationException") << text;
}

TEST(Number, KeepsToItsRangeAndPrecision) {
  EXPECT_EQ(normal("99999999999999999999999999999999999999"), "99999999999999999999999999999999999999");
  EXPECT_EQ(normal("999999999999999999999999999999999999991"), "ValidationException");
  EXPECT_EQ(normal("1E125").size(), 126U);
  EXPECT_EQ(normal("1E126"), "ValidationException");
  EXPECT_NE(normal("1E-130"), "ValidationException");
  EXPECT_EQ(normal("1E-131"), "ValidationException");
}

TEST(Number, AddsAndComparesExactly) {
  EXPECT_EQ(*add_numbers("0.1", "0.2"), "0.3");
  EXPECT_EQ(*subtract_numbers("1", "3"), "-2");
  EXPECT_EQ(*add_numbers("9007199254740993", "1"), "9007199254740994");
  EXPECT_LT(compare_numbers("9", "10"), 0);
  EXPECT_GT(compare_numbers("-9", "-10"), 0);
  EXPECT_EQ(compare_numbers("5", "5"), 0);
  EXPECT_LT(compare_numbers("0.09", "0.1"), 0);
}

}  // namespace
}  // namespace localcloud
