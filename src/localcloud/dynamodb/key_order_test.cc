#include "localcloud/dynamodb/key_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "localcloud/dynamodb/number.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

std::string place(const std::string& hash, const json::value& range) {
  KeySchema schema{.hash = {.name = "h", .type = "S"},
                   .range = KeyAttribute{.name = "r", .type = std::string(type_of(range))}};
  return place_of(schema, {{"h", {{"S", hash}}}, {"r", range}});
}

TEST(KeyOrder, NumbersStandByValue) {
  std::vector<std::string> numbers;
  for (auto text :
       {"-9.9E125", "-1E20", "-123", "-12", "-2", "-1.5", "-1.25", "-1",    "-0.5", "-1E-130", "0",      "1E-130",
        "0.5",      "1",     "1.25", "1.5", "2",  "10",   "12",    "12.01", "123",  "1E20",    "9.9E125"}) {
    numbers.push_back(place("p", {{"N", *normal_number(text)}}));
  }
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  EXPECT_EQ(std::set(numbers.begin(), numbers.end()).size(), numbers.size());
}

TEST(KeyOrder, TextStandsByBytesWhateverFollows) {
  std::vector<std::string> texts;
  for (std::string text :
       {std::string(), std::string(1, '\0'), std::string("\0a", 2), std::string("\1"), std::string("a"),
        std::string("a\0", 2), std::string("aa"), std::string("b"), std::string("\xc3\xa4")}) {
    texts.push_back(place("p", {{"S", text}}) + "anything");
  }
  EXPECT_TRUE(std::is_sorted(texts.begin(), texts.end()));
}

TEST(KeyOrder, APartitionStandsTogether) {
  auto prefix = partition_place({{"S", "p"}});
  EXPECT_TRUE(place("p", {{"S", "x"}}).starts_with(prefix));
  EXPECT_FALSE(place("pp", {{"S", "x"}}).starts_with(prefix));
  EXPECT_FALSE(place(std::string("p\0", 2), {{"S", "x"}}).starts_with(prefix));
}

TEST(KeyOrder, EverySegmentHasItsShare) {
  constexpr int kKeys = 1000;
  constexpr std::int64_t kSegments = 4;
  std::vector<int> found(kSegments);
  for (int i = 0; i < kKeys; ++i) {
    auto segment = segment_of(partition_place({{"S", std::to_string(i)}}), kSegments);
    ASSERT_TRUE(segment >= 0 && segment < kSegments);
    ++found[static_cast<std::size_t>(segment)];
  }
  for (int count : found) EXPECT_GT(count, kKeys / kSegments / 2);
}

}  // namespace
}  // namespace localcloud
