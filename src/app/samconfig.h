// samconfig.toml, as far as livelambda takes over what the SAM CLI was told there. Pure: the text in, values out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace app {

// Of the environment `default`: from [default.deploy.parameters], else from [default.global.parameters].
struct SamConfig {
  std::optional<std::string> stack_name;
  std::optional<std::string> template_file;
  std::optional<std::string> region;
  std::optional<std::string> profile;
  // parameter_overrides, of both its forms: "A=1 B=\"two words\"" and ["A=1", "B=two words"].
  std::map<std::string, std::string> parameters;
};

// Not a TOML parser: it reads table headers, and keys whose value is a string or a list of strings; everything else is
// passed over, as SAM itself checks that file.
SamConfig read_samconfig(std::string_view text);

}  // namespace app
