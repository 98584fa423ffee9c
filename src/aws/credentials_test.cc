#include "aws/credentials.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

using Files = std::map<std::string, std::string>;

base::Result<Account> find(std::map<std::string, std::string> environment, Files files) {
  environment["HOME"] = "/home/tom";
  return find_account(environment, [&](const std::string& path) -> std::optional<std::string> {
    auto file = files.find(path);
    return file == files.end() ? std::nullopt : std::optional(file->second);
  });
}

const Files kFiles = {
    {"/home/tom/.aws/credentials",
     "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key=s1\n# note\n[work]\n"
     "aws_access_key_id=AKWORK\naws_secret_access_key=s2\naws_session_token=t2\n"},
    {"/home/tom/.aws/config",
     "[default]\nregion = eu-west-1\n[profile work]\nregion=us-west-2\n[profile sso]\nsso_session=x\n"}};

TEST(Credentials, EnvironmentComesBeforeFiles) {
  auto account =
      find({{"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "ap-south-1"}}, kFiles);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->credentials.access_key_id, "AKENV");
  EXPECT_EQ(account->region, "ap-south-1");
}

TEST(Credentials, ProfileGivesKeysAndRegion) {
  auto account = find({{"AWS_PROFILE", "work"}}, kFiles);
  ASSERT_TRUE(account);
  EXPECT_EQ(account->credentials.access_key_id, "AKWORK");
  EXPECT_EQ(account->credentials.session_token, "t2");
  EXPECT_EQ(account->region, "us-west-2");
  EXPECT_EQ(find({}, kFiles)->credentials.access_key_id, "AKDEFAULT");
}

TEST(Credentials, WhatIsMissingIsSaidWithTheCommandThatMendsIt) {
  auto none = find({}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, base::ErrorKind::credentials);
  EXPECT_NE(none.error().hint.find("aws configure"), std::string::npos);
  auto sso = find({{"AWS_PROFILE", "sso"}}, kFiles);
  ASSERT_FALSE(sso);
  EXPECT_NE(sso.error().hint.find("export-credentials --profile sso"), std::string::npos);
  auto region = find({{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s"}}, {});
  ASSERT_FALSE(region);
  EXPECT_EQ(region.error().message, "no AWS region is set");
}

}  // namespace
}  // namespace aws
