#include "localcloud/dynamodb/throughput.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

class UnitBucketTest : public ::testing::Test {
 protected:
  bool empty(int after_seconds) { return bucket_.empty(2, base::WallTime{} + std::chrono::seconds(after_seconds)); }
  UnitBucket bucket_;
};

TEST_F(UnitBucketTest, Keeps300SecondsOfUnits) {
  ASSERT_FALSE(empty(1000));
  bucket_.take(599);
  EXPECT_FALSE(empty(1000));
  bucket_.take(1);
  EXPECT_TRUE(empty(1000));
  EXPECT_FALSE(empty(100'000));
  bucket_.take(600);
  EXPECT_TRUE(empty(100'000));
}

TEST_F(UnitBucketTest, GetsBackWhatItOwesFirst) {
  ASSERT_FALSE(empty(1000));
  bucket_.take(620);
  EXPECT_TRUE(empty(1010));
  EXPECT_FALSE(empty(1011));
}

TEST_F(UnitBucketTest, HasNoMoreThanIsProvisionedNow) {
  ASSERT_FALSE(empty(1000));
  auto now = base::WallTime{} + std::chrono::seconds(1000);
  ASSERT_FALSE(bucket_.empty(1, now));
  bucket_.take(300);
  EXPECT_TRUE(bucket_.empty(1, now));
}

}  // namespace
}  // namespace localcloud
