#include "localcloud/lambda/stream_prelude.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

constexpr const char* kIntegration = "application/vnd.awslambda.http-integration-response";

TEST(StreamPrelude, IsReadAcrossPieces) {
  StreamPrelude prelude(kIntegration);
  prelude.add(R"({"statusCode":201,"headers":{"X-A":"b","X-N":1},"cookies":["c=d"]})" + std::string(5, '\0'));
  EXPECT_FALSE(prelude.complete());
  prelude.add(std::string(3, '\0') + "body");
  ASSERT_TRUE(prelude.complete());
  auto head = prelude.head();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 201);
  EXPECT_EQ(head->headers.get_or("x-a", ""), "b");
  EXPECT_EQ(head->headers.get_or("x-n", ""), "1");
  EXPECT_EQ(head->headers.get_or("Set-Cookie", ""), "c=d");
  EXPECT_EQ(head->headers.get_or("Content-Type", ""), "application/octet-stream");
  EXPECT_EQ(head->body, "body");
}

TEST(StreamPrelude, IsNotThereWithAnotherContentType) {
  StreamPrelude prelude("text/html");
  EXPECT_TRUE(prelude.complete());
  EXPECT_EQ(prelude.head()->headers.get_or("Content-Type", ""), "text/html");
}

TEST(StreamPrelude, ThatIsNoObjectOrHasNoEndIsMalformed) {
  StreamPrelude text(kIntegration);
  text.add("[]" + std::string(8, '\0'));
  EXPECT_FALSE(text.head());
  StreamPrelude status(kIntegration);
  status.add(R"({"statusCode":99})" + std::string(8, '\0'));
  EXPECT_FALSE(status.head());
  StreamPrelude endless(kIntegration);
  while (!endless.complete()) endless.add(std::string(10'000, ' '));
  EXPECT_FALSE(endless.head());
}

}  // namespace
}  // namespace localcloud
