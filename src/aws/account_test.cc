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
  EXPECT_EQ(world.find({}, "evil.example/#").error().message, "'evil.example/#' is not the name of an AWS region");
}

TEST(FindAccount, ReadsHowServicesAreReached) {
  TwoProfiles world;
  world.config(
      "[default]\nregion = eu-west-1\nservices = here\nendpoint_url = http://all\nuse_fips_endpoint = true\n"
      "max_attempts = 7\nca_bundle = /bundle\n"
      "[services here]\nsso_oidc =\n  endpoint_url = http://oidc\ndynamodb =\n  endpoint_url = http://table\n");
  world.environment["AWS_ENDPOINT_URL_DYNAMODB"] = "http://other";
  world.files["/bundle"] = "COMPANY";
  auto account = world.find();
  EXPECT_EQ(account->endpoints, (std::map<std::string, std::string>{
                                    {"", "http://all"}, {"ssooidc", "http://oidc"}, {"dynamodb", "http://other"}}));
  EXPECT_TRUE(account->variant.fips);
  EXPECT_FALSE(account->variant.dual_stack);
  EXPECT_EQ(account->attempts, 7);
  EXPECT_EQ(world.trusted, "COMPANY");

  world.environment.insert({{"AWS_USE_FIPS_ENDPOINT", "false"},
                            {"AWS_USE_DUALSTACK_ENDPOINT", "true"},
                            {"AWS_ENDPOINT_URL", "http://one"},
                            {"AWS_CA_BUNDLE", ""},
                            {"LIVELAMBDA_CA_FILE", "/own"}});
  world.files["/own"] = "OWN";
  account = world.find();
  EXPECT_EQ(account->endpoints, (std::map<std::string, std::string>{{"", "http://one"}, {"dynamodb", "http://other"}}));
  EXPECT_FALSE(account->variant.fips);
  EXPECT_TRUE(account->variant.dual_stack);
  EXPECT_EQ(world.trusted, "OWN\nCOMPANY");
  EXPECT_EQ(account->ca_pem, "OWN") << "what stubs trust too";

  world.environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "TRUE";
  EXPECT_TRUE(world.find()->endpoints.empty());
}

TEST(FindAccount, RefusesBrokenSettings) {
  TwoProfiles world;
  for (auto [variable, value] : {std::pair("AWS_ENDPOINT_URL_STS", "localhost:1"), std::pair("AWS_MAX_ATTEMPTS", "0"),
                                 std::pair("AWS_CA_BUNDLE", "/not/there")}) {
    world.environment[variable] = value;
    auto refused = world.find();
    ASSERT_FALSE(refused) << variable;
    EXPECT_FALSE(refused.error().hint.empty());
    world.environment.erase(variable);
  }
}

}  // namespace
}  // namespace aws
