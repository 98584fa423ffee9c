#include "aws/layer_versions.h"

#include <gtest/gtest.h>

#include "aws/testing/fake_world.h"
#include "base/task_group.h"

namespace aws {
namespace {

using testing::FakeHttp;
using testing::result_of;

// SHA-256 of "archive", in base64.
constexpr const char* kAnswer =
    R"({"Content": {"Location": "https://layers.s3.us-east-1.amazonaws.com/x?X-Amz-Signature=1",)"
    R"( "CodeSha256": "DrPja/sk3Nm7HRvs4VMSFrWVOaj94X7oAiSvBlPJKqM="}})";

class LayerVersions : public ::testing::Test {
 public:
  LayerVersions() { config_.endpoints = {{"", "http://127.0.0.1:1"}}; }

  base::FakeClock clock_;
  FakeHttp http_{[this](const net::Url& url, const net::Request&) -> base::Result<net::Response> {
    return net::Response{.status = 200, .headers = {}, .body = url.host == "127.0.0.1" ? kAnswer : content_};
  }};
  std::string content_ = "archive";
  ClientConfig config_{.http = &http_, .clock = &clock_, .region = "us-east-1"};
};

TEST_F(LayerVersions, AreAskedForByArnAndDownloaded) {
  auto version = result_of(get_layer_version(config_, "arn:aws:lambda:us-east-1:1:layer:tools:7"));
  ASSERT_TRUE(version) << version.error().message;
  EXPECT_EQ(http_.sent[0].request.target,
            "/2018-10-31/layers?Arn=arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Alayer%3Atools%3A7&find=LayerVersion");
  EXPECT_EQ(result_of(download(config_, *version)).value_or("nothing"), "archive");
  EXPECT_EQ(http_.sent[1].request.target, "/x?X-Amz-Signature=1");
  EXPECT_FALSE(http_.sent[1].request.headers.has("Authorization"));
}

TEST_F(LayerVersions, OfAnotherContentAreRefused) {
  auto version = result_of(get_layer_version(config_, "arn"));
  ASSERT_TRUE(version);
  content_ = "another";
  EXPECT_FALSE(result_of(download(config_, *version)));
}

}  // namespace
}  // namespace aws
