// The shared files of AWS's tools, ~/.aws/config and ~/.aws/credentials, as botocore reads them: sections, lower-case
// keys, whole-line comments, values that go on in indented lines, and blocks of settings nested by such lines. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

using Settings = std::map<std::string, std::string>;  // key → value; the lines of a nested block begin with '\n'

struct ConfigFile {
  std::map<std::string, Settings> profiles;      // "[default]", "[profile NAME]"; of the credentials file "[NAME]"
  std::map<std::string, Settings> sso_sessions;  // "[sso-session NAME]"
  std::map<std::string, Settings> services;      // "[services NAME]"
};

ConfigFile parse_config_file(std::string_view text);
std::map<std::string, Settings> parse_credentials_file(std::string_view text);

// Both files.
struct SharedConfig {
  ConfigFile config;
  std::map<std::string, Settings> credentials;

  // A profile's settings in both files, the credentials file's before the other's; nothing if neither has it.
  std::optional<Settings> profile(const std::string& name) const;
};

// From where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say, else under ~/.aws.
SharedConfig read_shared_config(const std::map<std::string, std::string>& environment,
                                const std::function<std::optional<std::string>(const std::string& path)>& read_file);

// "endpoint_url = X" lines of a nested block.
Settings parse_nested(std::string_view value);

// The value, or "".
std::string setting(const Settings& settings, const std::string& key);

}  // namespace aws
