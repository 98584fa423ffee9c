#include "base/ids.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace base {
namespace {

TEST(Ids, WritesBytesAsHexadecimal) {
  const std::uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(to_hex(bytes), "000fa5ff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Ids, MakesUuidsOfVersion4) {
  const std::regex version4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    std::string uuid = random_uuid();
    EXPECT_TRUE(std::regex_match(uuid, version4)) << uuid;
    EXPECT_TRUE(seen.insert(uuid).second) << uuid;
  }
}

TEST(Ids, FillsEveryByteOfALargeBlock) {
  std::vector<std::uint8_t> bytes(100'000);
  fill_random(bytes);
  std::set<std::uint8_t> values(bytes.end() - 10'000, bytes.end());
  EXPECT_EQ(values.size(), 256U);
}

}  // namespace
}  // namespace base
