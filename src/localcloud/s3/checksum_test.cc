#include "localcloud/s3/checksum.h"

#include <gtest/gtest.h>

#include "codec/base64.h"

namespace localcloud {
namespace {

std::string hex(ChecksumAlgorithm algorithm) {
  return hex_of(checksum_of(algorithm, "123456789"));
}

// The check values of the catalogue of CRC algorithms, and of FIPS 180.
TEST(Checksum, HasTheKnownValues) {
  EXPECT_EQ(hex(ChecksumAlgorithm::crc32), "cbf43926");
  EXPECT_EQ(hex(ChecksumAlgorithm::crc32c), "e3069283");
  EXPECT_EQ(hex(ChecksumAlgorithm::crc64nvme), "ae8b14860a799888");
  EXPECT_EQ(hex_of(checksum_of(ChecksumAlgorithm::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(checksum_of(ChecksumAlgorithm::sha256, "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

net::Request chunked(std::string body, std::string length = "6") {
  return {.method = "PUT",
          .target = "/",
          .headers = {{"Content-Encoding", "aws-chunked"},
                      {"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
                      {"X-Amz-Decoded-Content-Length", std::move(length)}},
          .body = std::move(body)};
}

TEST(Checksum, OfAChunkedBodyIsInItsTrailer) {
  auto right = codec::base64_encode(checksum_of(ChecksumAlgorithm::crc32, "hello!"));
  auto received = receive_body(chunked("5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:" + right + "\r\n\r\n"));
  ASSERT_TRUE(received);
  EXPECT_EQ(received->content, "hello!");
  EXPECT_EQ(received->checksum.value, right);
  auto wrong = receive_body(chunked("5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, "BadDigest");
  EXPECT_EQ(wrong.error().message, "The CRC32 you specified did not match the calculated checksum.");
}

TEST(Checksum, RefusesABrokenFraming) {
  for (auto body : {"5\r\nhel", "5\r\nhello", "x\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
                    "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\nno trailer"}) {
    auto received = receive_body(chunked(body));
    ASSERT_FALSE(received) << body;
    EXPECT_EQ(received.error().code, "IncompleteBody") << body;
  }
}

TEST(Checksum, OfAPlainBodyIsInAHeaderOrComputed) {
  net::Request request{.method = "PUT", .target = "/", .headers = {{"x-amz-checksum-sha1", "AAAA"}}, .body = "x"};
  EXPECT_EQ(receive_body(request).error().code, "InvalidRequest");
  request.headers = {{"Content-MD5", "AAAA"}};
  EXPECT_EQ(receive_body(request).error().code, "InvalidDigest");
  request.headers = {{"Content-MD5", codec::base64_encode(md5_of("y"))}};
  EXPECT_EQ(receive_body(request).error().code, "BadDigest");
  request.headers = {};
  auto received = receive_body(request);
  ASSERT_TRUE(received);
  EXPECT_FALSE(received->given);
  EXPECT_EQ(received->checksum.value, codec::base64_encode(checksum_of(ChecksumAlgorithm::crc64nvme, "x")));
}

}  // namespace
}  // namespace localcloud
