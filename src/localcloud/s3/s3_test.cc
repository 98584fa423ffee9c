#include "localcloud/s3/s3.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/testing/test_cloud.h"
#include "net/url.h"

namespace localcloud {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class S3Test : public ::testing::Test {
 protected:
  S3Test() : s3_(make_s3(test_.cloud)) { call("PUT", "/bucket"); }

  net::Response call(std::string method, std::string target, std::string body = {}, net::Headers headers = {}) {
    net::Request request{
        .method = std::move(method), .target = std::move(target), .headers = headers, .body = std::move(body)};
    if (!request.headers.has("Host")) request.headers.add("Host", "127.0.0.1:4571");
    return test_.call(*s3_, std::move(request), "s3", test_.root());
  }

  TestCloud test_;
  std::unique_ptr<S3> s3_;
};

TEST_F(S3Test, GivesBackAnObjectWithItsHeaders) {
  auto put = call("PUT", "/bucket/a%20b/c.txt", "hello", {{"Content-Type", "text/plain"}, {"x-amz-meta-Who", "me"}});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.headers.get_or("ETag", ""), "\"5d41402abc4b2a76b9719d911017c592\"");
  auto got = call("GET", "/bucket/a%20b/c.txt");
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.headers.get_or("Content-Type", ""), "text/plain");
  EXPECT_EQ(got.headers.get_or("x-amz-meta-who", ""), "me");
  EXPECT_EQ(*s3_->get("bucket", "a b/c.txt"), "hello");
  auto head = call("HEAD", "/bucket/a%20b/c.txt");
  EXPECT_EQ(head.headers.get_or("Content-Length", ""), "5");
  EXPECT_EQ(head.body, "");
}

TEST_F(S3Test, KnowsTheBucketInTheHost) {
  EXPECT_EQ(call("PUT", "/key", "x", {{"Host", "bucket.s3.us-east-1.amazonaws.com"}}).status, 200);
  EXPECT_EQ(call("GET", "/key", "", {{"Host", "bucket.localhost:4571"}}).body, "x");
  EXPECT_EQ(call("GET", "/key", "", {{"Host", "bucket.s3.localhost:4571"}}).body, "x");
}

TEST_F(S3Test, TakesRanges) {
  call("PUT", "/bucket/k", "0123456789");
  auto part = call("GET", "/bucket/k", "", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.headers.get_or("Content-Range", ""), "bytes 2-4/10");
  EXPECT_EQ(call("GET", "/bucket/k", "", {{"Range", "bytes=-3"}}).body, "789");
  EXPECT_EQ(call("GET", "/bucket/k", "", {{"Range", "bytes=20-"}}).status, 416);
}

TEST_F(S3Test, UnpacksAwsChunkedBodies) {
  auto put = call("PUT", "/bucket/k", "5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:mobJYA==\r\n\r\n",
                  {{"Content-Encoding", "aws-chunked"},
                   {"X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"},
                   {"X-Amz-Decoded-Content-Length", "6"}});
  EXPECT_EQ(put.status, 200);
  auto got = call("GET", "/bucket/k");
  EXPECT_EQ(got.body, "hello!");
  EXPECT_FALSE(got.headers.has("Content-Encoding"));
  EXPECT_EQ(call("PUT", "/bucket/k", "5\r\nhel", {{"Content-Encoding", "aws-chunked"}}).status, 400);
}

TEST_F(S3Test, ListsByPrefixAndDelimiterPageByPage) {
  for (auto key : {"a", "dir/1", "dir/2", "z%2Bq"}) call("PUT", std::string("/bucket/") + key, "x");
  auto all = call("GET", "/bucket?list-type=2&delimiter=%2F&encoding-type=url");
  EXPECT_THAT(all.body, HasSubstr("<CommonPrefixes><Prefix>dir/</Prefix></CommonPrefixes>"));
  EXPECT_THAT(all.body, HasSubstr("<Key>z%2Bq</Key>"));
  EXPECT_THAT(all.body, HasSubstr("<KeyCount>3</KeyCount>"));
  auto first = call("GET", "/bucket?list-type=2&max-keys=2");
  EXPECT_THAT(first.body, HasSubstr("<IsTruncated>true</IsTruncated>"));
  auto begin = first.body.find("<NextContinuationToken>") + 23;
  auto token = first.body.substr(begin, first.body.find('<', begin) - begin);
  auto second = call("GET", "/bucket?list-type=2&continuation-token=" + net::percent_encode(token));
  EXPECT_THAT(second.body, HasSubstr("<Key>dir/2</Key>"));
  EXPECT_THAT(second.body, Not(HasSubstr("<Key>dir/1</Key>")));
}

TEST_F(S3Test, DeletesManyAndKeepsABucketThatIsNotEmpty) {
  call("PUT", "/bucket/a%26b", "x");
  call("PUT", "/bucket/c", "x");
  auto refused = call("DELETE", "/bucket");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("<Code>BucketNotEmpty</Code>"));
  auto deleted = call("POST", "/bucket?delete",
                      "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>",
                      {{"x-amz-checksum-crc32", "8QJryg=="}});
  EXPECT_THAT(deleted.body, HasSubstr("<Deleted><Key>a&amp;b</Key></Deleted>"));
  EXPECT_EQ(call("DELETE", "/bucket").status, 204);
  EXPECT_EQ(call("HEAD", "/bucket").status, 404);
}

TEST_F(S3Test, WritesOnConditions) {
  EXPECT_EQ(call("PUT", "/bucket/k", "1", {{"If-None-Match", "*"}}).status, 200);
  EXPECT_EQ(call("PUT", "/bucket/k", "2", {{"If-None-Match", "*"}}).status, 412);
  EXPECT_EQ(call("GET", "/bucket/k").body, "1");
}

TEST_F(S3Test, RefusesWhatIsNotThereByName) {
  auto refused = call("GET", "/bucket?acl");
  EXPECT_EQ(refused.status, 501);
  EXPECT_THAT(refused.body, HasSubstr("s3:GetBucketAcl"));
  EXPECT_THAT(call("PUT", "/bucket?website").body, HasSubstr("s3:PutBucketWebsite"));
  EXPECT_EQ(call("GET", "/bucket/none").status, 404);
  EXPECT_THAT(call("GET", "/nobody/none").body, HasSubstr("<Code>NoSuchBucket</Code>"));
}

TEST_F(S3Test, HidesWhatIsMissingFromWhoMayNotList) {
  auto reader = test_.role(
      "reader", R"({"Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket/*"}})");
  net::Request request{.method = "GET", .target = "/bucket/none", .headers = {{"Host", "127.0.0.1"}}, .body = {}};
  auto denied = test_.call(*s3_, request, "s3", reader);
  EXPECT_EQ(denied.status, 403);
  EXPECT_THAT(denied.body, HasSubstr("<Code>AccessDenied</Code>"));
  EXPECT_THAT(denied.body, HasSubstr("s3:ListBucket"));
}

}  // namespace
}  // namespace localcloud
