#include "deploy/safety.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace deploy {
namespace {

using ::testing::HasSubstr;

StackState stack(std::map<std::string, std::string> tags) {
  return {.exists = true, .name = "dev-app", .status = "CREATE_COMPLETE", .tags = std::move(tags)};
}

TEST(Safety, AStackOfOursAndOneThatIsNotThereNeedNoWord) {
  for (const StackState& state : {StackState{.name = "dev-app"}, stack(stack_tags("app", "dev"))}) {
    auto answer = check_take_over(state, "app", "dev", {});
    ASSERT_TRUE(answer);
    EXPECT_FALSE(*answer);
  }
}

TEST(Safety, AStackOfAnotherAppOrStageIsRefusedWhateverIsSaid) {
  auto app = check_take_over(stack(stack_tags("other", "dev")), "app", "dev", {.take_over = true});
  ASSERT_FALSE(app);
  EXPECT_THAT(app.error().message, HasSubstr("belongs to the app other"));
  auto stage = check_take_over(stack(stack_tags("app", "tom")), "app", "dev", {.take_over = true});
  ASSERT_FALSE(stage);
  EXPECT_THAT(stage.error().message, HasSubstr("belongs to the stage tom"));
}

TEST(Safety, AStackWithoutOurTagsNeedsTheOptionAndThenItsName) {
  auto refused = check_take_over(stack({{"team", "x"}}), "app", "dev", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::ErrorKind::deployment);
  EXPECT_THAT(refused.error().hint, HasSubstr("--take-over"));
  auto asked = check_take_over(stack({}), "app", "dev", {.take_over = true});
  ASSERT_TRUE(asked && *asked);
  EXPECT_EQ((*asked)->answer, "dev-app");
  EXPECT_THAT((*asked)->words, HasSubstr("dev-app was not made by livelambda"));
}

TEST(Safety, StagesThatAreCalledAsProductionsNeedYesReally) {
  for (const char* stage : {"prod", "Production", "LIVE"}) {
    auto refused = check_stage_is_meant(stage, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, base::ErrorKind::usage);
    EXPECT_THAT(refused.error().hint, HasSubstr("--yes-really"));
    EXPECT_TRUE(check_stage_is_meant(stage, {.yes_really = true}));
  }
  for (const char* stage : {"dev", "preprod", "live-tom"}) EXPECT_TRUE(check_stage_is_meant(stage, {}));
}

}  // namespace
}  // namespace deploy
