// The shared files of AWS's tools, ~/.aws/config and ~/.aws/credentials, as botocore reads them: sections, lower-case
// keys, whole-line comments, values that go on in indented lines, and blocks of settings nested by such lines. Pure.
#pragma once

#include <map>
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

// "endpoint_url = X" lines of a nested block.
Settings parse_nested(std::string_view value);

// The value, or "".
std::string setting(const Settings& settings, const std::string& key);

}  // namespace aws
