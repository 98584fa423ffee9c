#include "base/memory_reserve.h"

#include <gtest/gtest.h>

#include <limits>
#include <new>

namespace base {
namespace {

struct MemoryReserve : testing::Test {
  ~MemoryReserve() override { keep_memory_reserve(0); }
};

TEST_F(MemoryReserve, IsGivenOutOnceAndSetAsideAgain) {
  keep_memory_reserve(1 << 20);
  EXPECT_FALSE(memory_is_short());
  find_memory();
  EXPECT_THROW(find_memory(), std::bad_alloc);
  EXPECT_FALSE(memory_is_short());
  EXPECT_NO_THROW(find_memory());
}

TEST_F(MemoryReserve, IsShortWhileItCannotBeSetAside) {
  keep_memory_reserve(std::numeric_limits<std::size_t>::max() / 2);
  EXPECT_TRUE(memory_is_short());
  EXPECT_THROW(find_memory(), std::bad_alloc);
}

TEST_F(MemoryReserve, IsNeverShortWhereNothingIsKept) {
  EXPECT_FALSE(memory_is_short());
}

}  // namespace
}  // namespace base
