#include "localcloud/secretsmanager/password.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace localcloud {
namespace {

bool has(const std::string& text, int (*kind)(int)) {
  return std::any_of(text.begin(), text.end(), [&](unsigned char c) { return kind(c) != 0; });
}

TEST(Password, HasOneCharacterOfEachTypeThatIsIncluded) {
  for (int round = 0; round < 100; ++round) {
    auto password = random_password({.length = 4});
    ASSERT_TRUE(password);
    EXPECT_EQ(password->size(), 4U);
    EXPECT_TRUE(has(*password, std::islower) && has(*password, std::isupper) && has(*password, std::isdigit) &&
                has(*password, std::ispunct))
        << *password;
  }
}

TEST(Password, LeavesOutWhatIsExcluded) {
  auto password = random_password(
      {.length = 4096, .excluded_characters = "abc0", .exclude_punctuation = true, .exclude_uppercase = true});
  ASSERT_TRUE(password);
  EXPECT_EQ(password->find_first_of("abc0"), std::string::npos);
  EXPECT_FALSE(has(*password, std::ispunct) || has(*password, std::isupper) || has(*password, std::isspace));
  EXPECT_TRUE(has(*password, std::islower) && has(*password, std::isdigit));
}

TEST(Password, IsRefusedWhereNoneCanBe) {
  EXPECT_FALSE(random_password({.length = 0}));
  EXPECT_FALSE(random_password({.length = 4097}));
  EXPECT_FALSE(random_password({.length = 3}));
  EXPECT_TRUE(random_password({.length = 3, .require_each_included_type = false}));
  EXPECT_FALSE(random_password(
      {.exclude_lowercase = true, .exclude_numbers = true, .exclude_punctuation = true, .exclude_uppercase = true}));
}

}  // namespace
}  // namespace localcloud
