#include "deploy/uploads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deploy/testing/fake_s3.h"

namespace deploy {
namespace {

using base::awaitable;
using base::Result;

class UploadsTest : public ::testing::Test {
 protected:
  awaitable<void> run(std::vector<std::string> before, std::vector<std::string> after) {
    Uploads uploads(co_await boost::asio::this_coro::executor, s3_, [this](const UploadEvent& event) {
      if (event.done) sent_.push_back(event.key);
      bytes_ += event.done ? event.bytes : 0;
    });
    for (auto& key : before) uploads.add(key, maker(key));
    if (!bucket_.empty()) uploads.start(bucket_);
    for (auto& key : after) uploads.add(key, maker(key));
    result_ = co_await uploads.finish();
  }

  Uploads::MakeBody maker(const std::string& key) {
    return [this, key]() -> Result<std::string> {
      ++made_;
      if (key == broken_) return base::fail(base::ErrorKind::not_found, "no " + key);
      return "body of " + key;
    };
  }

  Result<> upload(std::vector<std::string> before, std::vector<std::string> after = {}) {
    boost::asio::io_context loop;
    base::run_until_done(loop, run(std::move(before), std::move(after)));
    return result_;
  }

  testing::FakeS3 s3_;
  std::string bucket_ = "bucket";
  std::string broken_;
  std::atomic<int> made_ = 0;
  std::vector<std::string> sent_;
  std::size_t bytes_ = 0;
  Result<> result_;
};

TEST_F(UploadsTest, SendsWhatIsMissingAndMakesNothingElse) {
  s3_.objects["bucket/there"] = "x";
  ASSERT_TRUE(upload({"there", "one", "one"}, {"two"}));
  EXPECT_EQ(s3_.objects["bucket/one"], "body of one");
  EXPECT_EQ(s3_.objects["bucket/two"], "body of two");
  EXPECT_EQ(s3_.objects["bucket/there"], "x");
  EXPECT_EQ(made_, 2);
  EXPECT_THAT(sent_, ::testing::UnorderedElementsAre("one", "two"));
  EXPECT_EQ(bytes_, std::string("body of one").size() * 2);
}

TEST_F(UploadsTest, ManyGoThrough) {
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back(std::to_string(i));
  ASSERT_TRUE(upload(keys));
  EXPECT_EQ(s3_.objects.size(), 100U);
}

TEST_F(UploadsTest, TheFirstErrorEndsThem) {
  broken_ = "bad";
  auto result = upload({"bad"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no bad");
  EXPECT_TRUE(s3_.objects.empty());
  broken_.clear();
  s3_.put_error = base::Error{.kind = base::ErrorKind::permission, .message = "denied"};
  EXPECT_EQ(upload({"good"}).error().kind, base::ErrorKind::permission);
}

TEST_F(UploadsTest, WithoutABucketOnlyNothingIsDone) {
  bucket_.clear();
  EXPECT_TRUE(upload({}));
  EXPECT_EQ(upload({"one"}).error().kind, base::ErrorKind::internal);
}

}  // namespace
}  // namespace deploy
