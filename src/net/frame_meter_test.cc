#include "net/frame_meter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace net {
namespace {

constexpr std::uint8_t kContinuation = 0x0, kText = 0x1, kPing = 0x9;

std::vector<std::uint8_t> frame(std::uint8_t opcode, bool final, std::size_t size) {
  std::vector<std::uint8_t> bytes{static_cast<std::uint8_t>((final ? 0x80 : 0) | opcode)};
  auto big_endian = [&](int count) {
    for (int i = count - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{size} >> (8 * i)));
  };
  if (size < 126) {
    bytes.push_back(static_cast<std::uint8_t>(0x80 | size));
  } else if (size < 65536) {
    bytes.push_back(0x80 | 126);
    big_endian(2);
  } else {
    bytes.push_back(0x80 | 127);
    big_endian(8);
  }
  bytes.insert(bytes.end(), 4 + size, 0xff);  // the mask and a payload that looks like no header
  return bytes;
}

std::vector<std::uint8_t> conversation() {
  std::vector<std::uint8_t> all;
  for (const auto& next :
       {frame(kText, true, 5), frame(kText, false, 32768), frame(kPing, true, 100), frame(kContinuation, true, 200),
        frame(kText, true, 0), frame(kText, true, 70000), frame(kText, false, 125), frame(kContinuation, true, 126)}) {
    all.insert(all.end(), next.begin(), next.end());
  }
  return all;
}

void expect_sizes(FrameMeter& meter) {
  for (std::size_t size : {5U, 32768U, 0U, 70000U, 126U}) EXPECT_EQ(meter.take_largest(), size);
  EXPECT_EQ(meter.take_largest(), 0U);
}

TEST(FrameMeter, TellsTheLargestFrameOfEachMessage) {
  FrameMeter meter;
  meter.feed(conversation());
  expect_sizes(meter);
}

TEST(FrameMeter, TellsTheSameByteByByte) {
  FrameMeter meter;
  for (std::uint8_t byte : conversation()) meter.feed({&byte, 1});
  expect_sizes(meter);
}

}  // namespace
}  // namespace net
