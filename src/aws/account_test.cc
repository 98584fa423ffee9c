#include "aws/account.h"

#include <gtest/gtest.h>

#include "aws/testing/fake_world.h"

namespace aws {
namespace {

using testing::FakeWorld;

struct TwoProfiles : FakeWorld {
  TwoProfiles() {
    credentials(
        "[default]\naws_access_key_id = AKDEFAULT\naws_secret_access_key=s1\n# note\n[work]\n"
        "aws_access_key_id=AKWORK\naws_secret_access_key=s2\naws_session_token=t2\n");
    config("[default]\nregion = eu-west-1\n[profile work]\nregion=us-west-2\n");
  }
};

TEST(FindAccount, EnvironmentComesBeforeFiles) {
  TwoProfiles world;
  world.environment.insert(
      {{"AWS_ACCESS_KEY_ID", "AKENV"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_REGION", "ap-south-1"}});
  EXPECT_EQ(world.key(), "AKENV");
  EXPECT_EQ(world.find()->region, "ap-south-1");
  EXPECT_EQ(world.key("work"), "AKWORK") << "but not before --profile";
}

TEST(FindAccount, ProfileGivesKeysAndRegion) {
  TwoProfiles world;
  EXPECT_EQ(world.key(), "AKDEFAULT");
  EXPECT_EQ(world.find()->region, "eu-west-1");
  world.environment["AWS_PROFILE"] = "work";
  EXPECT_EQ(world.key(), "AKWORK");
  EXPECT_EQ(world.find()->region, "us-west-2");
  EXPECT_EQ(testing::result_of(world.find()->credentials->get())->session_token, "t2");
  EXPECT_EQ(world.find({}, "sa-east-1")->region, "sa-east-1");
}

TEST(FindAccount, SaysWhatIsMissingWithTheCommandThatMendsIt) {
  FakeWorld world;
  auto none = world.find();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, base::ErrorKind::credentials);
  EXPECT_NE(none.error().hint.find("aws configure"), std::string::npos);
  world.environment.insert({{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s"}});
  EXPECT_EQ(world.find().error().message, "no AWS region is set");
}

}  // namespace
}  // namespace aws
