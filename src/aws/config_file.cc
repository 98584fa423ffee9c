#include "aws/config_file.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace aws {
namespace {

constexpr std::string_view kBlank = " \t\r\n\f\v";

std::string_view trimmed(std::string_view text) {
  std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

std::string_view next_line(std::string_view& text) {
  std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// "key = value" or "key: value"; an empty key if it is neither.
std::pair<std::string, std::string> split_setting(std::string_view line) {
  std::size_t at = line.find_first_of("=:");
  if (at == std::string_view::npos) return {};
  return {lower(trimmed(line.substr(0, at))), std::string(trimmed(line.substr(at + 1)))};
}

// In the file's order: a name may stand there twice, and the settings of both count.
std::vector<std::pair<std::string, Settings>> parse_sections(std::string_view text) {
  std::vector<std::pair<std::string, Settings>> sections;
  std::string* value = nullptr;  // of the setting above, which an indented line goes on with
  while (!text.empty()) {
    std::string_view line = next_line(text);
    std::string_view content = trimmed(line);
    if (content.empty() || content[0] == '#' || content[0] == ';') continue;
    if ((line[0] == ' ' || line[0] == '\t') && value != nullptr) {
      *value += "\n" + std::string(content);
    } else if (content.front() == '[' && content.find(']') != std::string_view::npos) {
      sections.emplace_back(content.substr(1, content.find(']') - 1), Settings{});
      value = nullptr;
    } else if (auto [key, text_of] = split_setting(content); !key.empty() && !sections.empty()) {
      value = &(sections.back().second[key] = text_of);
    }
  }
  return sections;
}

// "profile work" → "work" for the kind "profile"; the name may stand in quotes. Nothing if it is another kind.
std::string name_of_kind(std::string_view section, std::string_view kind) {
  if (!section.starts_with(kind)) return {};
  std::string_view rest = section.substr(kind.size());
  if (rest.empty() || (rest[0] != ' ' && rest[0] != '\t')) return {};
  rest = trimmed(rest);
  bool quoted = rest.size() >= 2 && (rest[0] == '"' || rest[0] == '\'') && rest.back() == rest[0];
  return std::string(quoted ? rest.substr(1, rest.size() - 2) : rest);
}

void add(std::map<std::string, Settings>& to, const std::string& name, Settings settings) {
  for (auto& [key, value] : settings) to[name][key] = std::move(value);
  to[name];
}

}  // namespace

ConfigFile parse_config_file(std::string_view text) {
  ConfigFile file;
  for (auto& [section, settings] : parse_sections(text)) {
    if (trimmed(section) == "default")
      add(file.profiles, "default", std::move(settings));
    else if (auto profile = name_of_kind(section, "profile"); !profile.empty())
      add(file.profiles, profile, settings);
    else if (auto session = name_of_kind(section, "sso-session"); !session.empty())
      add(file.sso_sessions, session, settings);
    else if (auto services = name_of_kind(section, "services"); !services.empty())
      add(file.services, services, settings);
  }
  return file;
}

std::map<std::string, Settings> parse_credentials_file(std::string_view text) {
  std::map<std::string, Settings> profiles;
  for (auto& [section, settings] : parse_sections(text)) add(profiles, std::string(trimmed(section)), settings);
  return profiles;
}

std::optional<Settings> SharedConfig::profile(const std::string& name) const {
  auto in_config = config.profiles.find(name);
  auto in_credentials = credentials.find(name);
  if (in_config == config.profiles.end() && in_credentials == credentials.end()) return std::nullopt;
  Settings merged = in_config == config.profiles.end() ? Settings() : in_config->second;
  if (in_credentials != credentials.end()) {
    for (const auto& [key, value] : in_credentials->second) merged[key] = value;
  }
  return merged;
}

SharedConfig read_shared_config(const std::map<std::string, std::string>& environment,
                                const std::function<std::optional<std::string>(const std::string& path)>& read_file) {
  auto text_of = [&](const char* variable, const char* fallback) {
    std::string path = setting(environment, variable);
    if (path.empty()) path = fallback;
    if (path.starts_with("~/")) path.replace(0, 1, setting(environment, "HOME"));
    return read_file(path).value_or("");
  };
  return {parse_config_file(text_of("AWS_CONFIG_FILE", "~/.aws/config")),
          parse_credentials_file(text_of("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))};
}

Settings parse_nested(std::string_view value) {
  Settings settings;
  while (!value.empty()) {
    auto [key, text] = split_setting(next_line(value));
    if (!key.empty()) settings[key] = text;
  }
  return settings;
}

std::string setting(const Settings& settings, const std::string& key) {
  auto found = settings.find(key);
  return found == settings.end() ? std::string() : found->second;
}

}  // namespace aws
