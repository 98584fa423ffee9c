#include "localcloud/secretsmanager/password.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::string_view kLowercase = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kNumbers = "0123456789";
constexpr std::string_view kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

// Evenly one of 0 … count-1.
std::size_t random_below(std::size_t count) {
  constexpr std::size_t kRange = 65536;
  while (true) {
    auto bytes = base::random_bytes<2>();
    auto drawn = static_cast<std::size_t>(bytes[0]) * 256 + bytes[1];
    if (drawn < kRange / count * count) return drawn % count;
  }
}

char one_of(std::string_view characters) {
  return characters[random_below(characters.size())];
}

// The sets of characters that may be drawn from; those that the exclusions emptied are left out.
std::vector<std::string> character_types(const PasswordRules& rules) {
  std::vector<std::string> types;
  auto add = [&](std::string_view characters, bool excluded) {
    std::string left;
    for (char c : characters) {
      if (!excluded && rules.excluded_characters.find(c) == std::string::npos) left.push_back(c);
    }
    if (!left.empty()) types.push_back(std::move(left));
  };
  add(kLowercase, rules.exclude_lowercase);
  add(kUppercase, rules.exclude_uppercase);
  add(kNumbers, rules.exclude_numbers);
  add(kPunctuation, rules.exclude_punctuation);
  add(" ", !rules.include_space);
  return types;
}

}  // namespace

base::Result<std::string> random_password(const PasswordRules& rules) {
  constexpr std::int64_t kLongest = 4096;
  if (rules.length < 1 || rules.length > kLongest) {
    return aws_error(400, "InvalidParameterException", "The password length must be between 1 and 4096 characters.");
  }
  auto types = character_types(rules);
  if (types.empty()) {
    return aws_error(400, "InvalidParameterException", "The exclusions leave no characters for the password.");
  }
  auto length = static_cast<std::size_t>(rules.length);
  std::string password;
  std::string all;
  for (const auto& type : types) {
    all += type;
    if (rules.require_each_included_type) password.push_back(one_of(type));
  }
  if (password.size() > length) {
    return aws_error(400, "InvalidParameterException",
                     "The password length is too short for one character of each included type.");
  }
  while (password.size() < length) password.push_back(one_of(all));
  for (auto left = password.size(); left > 1; --left) std::swap(password[left - 1], password[random_below(left)]);
  return password;
}

}  // namespace localcloud
