#include "app/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace app {
namespace {

using testing::HasSubstr;

TEST(Names, AcceptLettersDigitsAndHyphensAfterALetter) {
  for (const char* name : {"a", "dev", "dev-tom", "Z9", "a--b", "x-"}) EXPECT_TRUE(check_stage(name)) << name;
}

TEST(Names, RefuseEverythingElseAsUsage) {
  for (const char* name : {"", "9lives", "-dev", "dev_tom", "dev.tom", "dev tom", "d\xc3\xa9v", "dev/"}) {
    auto checked = check_stage(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, base::ErrorKind::usage);
    EXPECT_THAT(checked.error().message, HasSubstr("stage"));
    EXPECT_THAT(checked.error().hint, HasSubstr("[a-zA-Z][a-zA-Z0-9-]*"));
  }
}

TEST(Names, LongestStageAndAppStillFitAStackName) {
  std::string longest(128, 'a');
  while (!check_stage(longest)) longest.pop_back();
  EXPECT_TRUE(check_app_name(longest));
  EXPECT_LE(debug_stack_name(longest, longest).size(), 128U);
  EXPECT_GE(longest.size(), 50U);
}

TEST(Names, StacksAreNamedAfterStageAndApp) {
  EXPECT_EQ(app_stack_name("dev-tom", "api-sns"), "dev-tom-api-sns");
  EXPECT_EQ(debug_stack_name("dev-tom", "api-sns"), "dev-tom-api-sns-debug-stack");
}

TEST(Names, StageOfAUserIsAlwaysAStage) {
  EXPECT_EQ(stage_from_user("tom"), "tom");
  EXPECT_EQ(stage_from_user("tom.b"), "tom-b");
  EXPECT_EQ(stage_from_user("1tom_"), "tom");
  EXPECT_EQ(stage_from_user("1000"), "dev");
  for (std::string user : {std::string("x"), std::string(300, 'y'), std::string("\xff\xfe"), std::string()}) {
    EXPECT_TRUE(check_stage(stage_from_user(user))) << user;
  }
}

TEST(AppName, ComesFromSettingsThenSamConfigThenTheFolder) {
  const std::string config = "[default.deploy.parameters]\nstack_name = \"sam-app\"\n";
  EXPECT_EQ(choose_app_name({.name = "mine"}, config, "folder").value(), "mine");
  EXPECT_EQ(choose_app_name({}, config, "folder").value(), "sam-app");
  EXPECT_EQ(choose_app_name({}, std::nullopt, "folder").value(), "folder");
}

TEST(AppName, ErrorSaysWhereItCameFrom) {
  auto name = choose_app_name({}, std::nullopt, "my app");
  ASSERT_FALSE(name);
  EXPECT_THAT(name.error().message, HasSubstr("folder"));
  EXPECT_THAT(name.error().hint, HasSubstr("livelambda.yaml"));
}

}  // namespace
}  // namespace app
