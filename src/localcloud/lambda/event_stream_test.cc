#include "localcloud/lambda/event_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace localcloud {
namespace {

std::uint32_t number_at(const std::string& message, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(message[at + i]);
  return number;
}

std::uint32_t sum_of(const std::string& message, std::size_t size) {
  return static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(message.data()), static_cast<uInt>(size)));
}

TEST(EventStream, FramesAnEventWithLengthsAndChecksums) {
  std::string message = event_message("PayloadChunk", "application/octet-stream", "hello");
  EXPECT_EQ(number_at(message, 0), message.size());
  EXPECT_EQ(number_at(message, 4), message.size() - 16 - 5);
  EXPECT_EQ(number_at(message, 8), sum_of(message, 8));
  EXPECT_EQ(number_at(message, message.size() - 4), sum_of(message, message.size() - 4));
  EXPECT_EQ(message.substr(message.size() - 9, 5), "hello");
  EXPECT_NE(message.find(std::string("\x0b:event-type\x07\x00\x0cPayloadChunk", 27)), std::string::npos);
}

}  // namespace
}  // namespace localcloud
