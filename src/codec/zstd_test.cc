#include "codec/zstd.h"

#include <gtest/gtest.h>

namespace codec {
namespace {

TEST(Zstd, GivesBackWhatItWasGiven) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919 % 1000);
  std::string small = zstd_compress(text);
  EXPECT_LT(small.size(), text.size());
  EXPECT_EQ(zstd_decompress(small, text.size()).value(), text);
  EXPECT_EQ(zstd_decompress(zstd_compress(""), 0).value(), "");
}

TEST(Zstd, RefusesMoreThanTheLimit) {
  EXPECT_FALSE(zstd_decompress(zstd_compress(std::string(1001, 'a')), 1000));
}

TEST(Zstd, RefusesWhatDoesNotStateItsSize) {
  // A frame with a window descriptor and no content size, holding one raw block "a".
  std::string frame("\x28\xb5\x2f\xfd\x00\x58\x09\x00\x00\x61", 10);
  auto result = zstd_decompress(frame, 1000);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("state its size"), std::string::npos);
}

TEST(Zstd, RefusesBrokenData) {
  std::string good = zstd_compress(std::string(1000, 'a') + "bcd");
  EXPECT_FALSE(zstd_decompress("", 1000));
  EXPECT_FALSE(zstd_decompress("nonsense", 1000));
  EXPECT_FALSE(zstd_decompress(good.substr(0, good.size() - 1), 2000));
  EXPECT_FALSE(zstd_decompress(good + good, 2000));
}

}  // namespace
}  // namespace codec
