// What a request brings to the conditions of policies: context keys and their values. Keys compare without case.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace localcloud {

// One value, or the many of a multivalued key ("aws:TagKeys"), which may be none.
class ContextValue {
 public:
  ContextValue() = default;
  ContextValue(const char* one) : values_{one} {}
  ContextValue(std::string one) : values_{std::move(one)} {}
  ContextValue(std::vector<std::string> many) : values_(std::move(many)) {}

  const std::vector<std::string>& values() const { return values_; }

 private:
  std::vector<std::string> values_;
};

using ConditionContext = std::map<std::string, ContextValue>;

// The values of a key; empty if it is not there.
std::vector<std::string> context_values(const ConditionContext& context, std::string_view key);

// The value of a key that has exactly one: what a policy variable stands for.
std::optional<std::string> single_value(const ConditionContext& context, std::string_view key);

}  // namespace localcloud
