#include "base/result.h"

#include <gtest/gtest.h>

namespace base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::usage, "odd", "give an even number");
  return n / 2;
}

Result<int> quarter(int n) {
  TRY(auto once, half(n));
  TRY(half(once));
  return once / 2;
}

TEST(Result, TryHandsOnTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  auto bad = quarter(6);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "odd");
  EXPECT_EQ(bad.error().hint, "give an even number");
}

}  // namespace
}  // namespace base
