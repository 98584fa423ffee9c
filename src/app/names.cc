#include "app/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/yaml.h"

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

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// A one-line TOML string at the start of `text`; nothing if it is none.
std::optional<std::string> toml_string(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
  char quote = text.front();
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) return value;
    if (quote == '"' && text[i] == '\\') {
      ++i;
      if (i == text.size() || (text[i] != '"' && text[i] != '\\')) return std::nullopt;  // no name has other escapes
    }
    value += text[i];
  }
  return std::nullopt;
}

tl::unexpected<base::Error> settings_error(std::string_view file, int line, std::string message) {
  return base::fail(base::Error{
      .kind = base::ErrorKind::usage, .message = std::move(message), .file = std::string(file), .line = line});
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

base::Result<Settings> read_settings(std::string_view text, std::string_view file) {
  auto document = codec::parse_yaml(text);
  if (!document) {
    base::Error error = document.error();
    error.kind = base::ErrorKind::usage;
    error.file = file;
    return base::fail(std::move(error));
  }
  Settings settings;
  if (document->value.is_null()) return settings;  // empty, or nothing but comments
  const auto* object = document->value.if_object();
  if (object == nullptr) return settings_error(file, 1, "the settings have to be `key: value` lines");
  for (const auto& [key, value] : *object) {
    std::string_view name(key.data(), key.size());
    int line = document->line_of("/" + std::string(name));
    if (name != "name") {
      base::Error error{.kind = base::ErrorKind::usage, .message = fmt::format("unknown setting \"{}\"", name)};
      error.hint = "The settings are: name.";
      error.file = file;
      error.line = line;
      return base::fail(std::move(error));
    }
    if (!value.is_string()) return settings_error(file, line, "`name` has to be a string");
    settings.name = std::string(value.get_string());
  }
  return settings;
}

std::optional<std::string> samconfig_stack_name(std::string_view text) {
  std::optional<std::string> of_deploy;
  std::optional<std::string> of_global;
  std::string table;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    std::string_view line = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.starts_with('[')) {
      table = trim(line.substr(1, line.find(']') - 1));
      continue;
    }
    std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view key = trim(line.substr(0, equals));
    if (key != "stack_name" && key != "\"stack_name\"") continue;
    auto value = toml_string(trim(line.substr(equals + 1)));
    if (table == "default.deploy.parameters") of_deploy = std::move(value);
    if (table == "default.global.parameters") of_global = std::move(value);
  }
  return of_deploy ? of_deploy : of_global;
}

base::Result<std::string> choose_app_name(const Settings& settings, const std::optional<std::string>& samconfig_text,
                                          std::string_view folder) {
  std::string name(folder);
  std::string_view source = "the folder's name";
  if (samconfig_text) {
    if (auto stack_name = samconfig_stack_name(*samconfig_text)) {
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
