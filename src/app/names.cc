#include "app/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/samconfig.h"

namespace app {
namespace {

constexpr std::size_t kLongestStackName = 128;
constexpr std::string_view kDebugSuffix = "-debug-stack";
// Together with '-' and the suffix, two of these stay within a stack name.
constexpr std::size_t kLongestName = (kLongestStackName - kDebugSuffix.size() - 1) / 2;

// Not std::isalpha: locales have no say in this.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_character(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

base::Result<void> check(std::string_view what, std::string_view name) {
  bool well_formed =
      !name.empty() && is_letter(name.front()) && std::all_of(name.begin(), name.end(), is_name_character);
  if (!well_formed) {
    return base::fail(base::ErrorKind::usage, fmt::format("\"{}\" cannot be the name of {}", name, what),
                      "Use letters, digits and hyphens, and begin with a letter: [a-zA-Z][a-zA-Z0-9-]*.");
  }
  if (name.size() > kLongestName) {
    return base::fail(base::ErrorKind::usage,
                      fmt::format("the name of {} is longer than {} characters", what, kLongestName),
                      "Stack names are made of it, and CloudFormation allows 128 characters.");
  }
  return {};
}

}  // namespace

base::Result<void> check_stage(std::string_view stage) {
  return check("a stage", stage);
}

base::Result<void> check_app_name(std::string_view name) {
  return check("an app", name);
}

std::string stage_from_user(std::string_view user) {
  std::string stage;
  for (char c : user.substr(0, kLongestName)) stage += is_name_character(c) ? c : '-';
  stage.erase(stage.begin(), std::find_if(stage.begin(), stage.end(), is_letter));
  while (stage.ends_with('-')) stage.pop_back();
  return stage.empty() ? "dev" : stage;
}

std::string app_stack_name(std::string_view stage, std::string_view app) {
  return fmt::format("{}-{}", stage, app);
}

std::string debug_stack_name(std::string_view stage, std::string_view app) {
  return fmt::format("{}-{}{}", stage, app, kDebugSuffix);
}

base::Result<std::string> choose_app_name(const Settings& settings, const std::optional<std::string>& samconfig_text,
                                          std::string_view folder) {
  std::string name(folder);
  std::string_view source = "the folder's name";
  if (samconfig_text) {
    if (auto stack_name = read_samconfig(*samconfig_text).stack_name) {
      name = *stack_name;
      source = "stack_name of samconfig.toml";
    }
  }
  if (settings.name) {
    name = *settings.name;
    source = "`name` of livelambda.yaml";
  }
  if (auto checked = check_app_name(name); !checked) {
    base::Error error = checked.error();
    error.message += fmt::format(" (it is {})", source);
    error.hint += " Set another in livelambda.yaml, as `name: my-app`.";
    return base::fail(std::move(error));
  }
  return name;
}

}  // namespace app
