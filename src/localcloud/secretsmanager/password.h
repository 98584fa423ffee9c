// Random passwords as GetRandomPassword and GenerateSecretString describe them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace localcloud {

struct PasswordRules {
  std::int64_t length = 32;
  std::string excluded_characters = {};
  bool exclude_lowercase = false;
  bool exclude_numbers = false;
  bool exclude_punctuation = false;
  bool exclude_uppercase = false;
  bool include_space = false;
  bool require_each_included_type = true;
};

// Errors: InvalidParameterException for a length or a set of characters that no password can have.
base::Result<std::string> random_password(const PasswordRules& rules);

}  // namespace localcloud
