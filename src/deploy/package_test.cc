#include "deploy/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/task_group.h"
#include "codec/json.h"
#include "deploy/stub_package.h"
#include "deploy/testing/fake_s3.h"

namespace deploy {
namespace {

StubConfig config() {
  return {.stage = "dev", .app = "api-sns", .region = "eu-west-1", .endpoint = "wss://x/live", .table = "table"};
}

aws::awaitable<void> upload_twice(aws::S3& s3, std::string body, std::vector<std::string>& keys) {
  for (int i = 0; i < 2; ++i) {
    auto key = co_await upload_file(s3, "bucket", "code", "zip", body);
    EXPECT_TRUE(key.has_value());
    keys.push_back(key.value_or(""));
  }
}

TEST(StubPackage, IsAnExecutableBootstrapWithItsConfiguration) {
  auto package = stub_package("ELF", config());
  auto entries = codec::read_zip(codec::make_zip(package.entries));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].name, "bootstrap");
  EXPECT_EQ((*entries)[0].mode, 0755U);
  EXPECT_EQ((*entries)[0].content, "ELF");
  EXPECT_EQ((*entries)[1].name, "livelambda.json");
  EXPECT_EQ(
      codec::parse_json((*entries)[1].content).value(),
      codec::parse_json(R"({"version":1,"stage":"dev","app":"api-sns","region":"eu-west-1","endpoint":"wss://x/live",
                                  "table":"table"})")
          .value());
}

TEST(StubPackage, CarriesCertificatesOnlyWhereTheyAreGiven) {
  auto with = config();
  with.ca_pem = "PEM";
  auto package = stub_package("ELF", with);
  ASSERT_EQ(package.entries.size(), 3U);
  EXPECT_EQ(package.entries[1].name, "ca.pem");
  EXPECT_EQ(package.entries[1].content, "PEM");
  EXPECT_EQ(codec::find_string(codec::parse_json(package.entries[2].content).value(), "caFile"), "ca.pem");
}

TEST(StubPackage, KeyAndBytesFollowFromTheContentAlone) {
  auto one = stub_package("ELF", config());
  auto other = stub_package("ELF", config());
  EXPECT_EQ(one.key, other.key);
  EXPECT_THAT(one.key, ::testing::MatchesRegex("stubs/[0-9a-f]{64}\\.zip"));
  EXPECT_EQ(codec::make_zip(one.entries), codec::make_zip(other.entries));
  auto changed = config();
  changed.table = "another";
  EXPECT_NE(stub_package("ELF", changed).key, one.key);
  EXPECT_NE(stub_package("ELF2", config()).key, one.key);
}

TEST(Package, KeyMindsNamesModesAndContentsButNotTheirOrder) {
  using Entries = std::vector<codec::ZipEntry>;
  Entries entries = {{"a", "1", 0644}, {"b", "2", 0644}};
  auto key = make_package("code", entries).key;
  EXPECT_EQ(make_package("code", Entries{entries[1], entries[0]}).key, key);
  EXPECT_NE(make_package("code", Entries{{"a", "1", 0755}, {"b", "2", 0644}}).key, key);
  EXPECT_NE(make_package("code", Entries{{"a", "2", 0644}, {"b", "1", 0644}}).key, key);
  EXPECT_NE(make_package("code", Entries{{"c", "1", 0644}, {"b", "2", 0644}}).key, key);
  EXPECT_NE(make_package("code", Entries{entries[0]}).key, key);
}

TEST(Package, IsUploadedOnce) {
  testing::FakeS3 s3;
  boost::asio::io_context loop;
  std::vector<std::string> keys;
  auto archive = codec::make_zip(make_package("code", {{"index.js", "1", 0644}}).entries);
  base::run_until_done(loop, upload_twice(s3, archive, keys));
  EXPECT_EQ(keys, (std::vector<std::string>{file_key("code", "zip", archive), file_key("code", "zip", archive)}));
  EXPECT_EQ(s3.puts, 1);
  EXPECT_EQ(s3.objects.at("bucket/" + keys[0]), archive);
}

}  // namespace
}  // namespace deploy
