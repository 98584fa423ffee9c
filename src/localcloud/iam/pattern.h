// Patterns of IAM: * and ? as wildcards, and policy variables, ${aws:username}, ${*}, ${?}, ${$}. What a variable
// stands for is matched literally, whatever characters it holds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/iam/condition_context.h"

namespace localcloud {

class Pattern {
 public:
  struct Item {
    char character;
    bool literal;  // else '*' and '?' are wildcards
  };
  explicit Pattern(std::vector<Item> items) : items_(std::move(items)) {}

  bool matches(std::string_view text, bool ignore_case) const;
  bool equals(std::string_view text, bool ignore_case) const;  // wildcards are plain characters

 private:
  std::vector<Item> items_;
};

// `variables`: null leaves ${…} as it stands. nullopt if a variable has no value: what uses it then matches nothing.
std::optional<Pattern> compile_pattern(std::string_view text, const ConditionContext* variables);

}  // namespace localcloud
