// The names of stages, apps and stacks, and the two small files they may come from. Pure: texts in, values out.
//
// A stage and an app match [a-zA-Z][a-zA-Z0-9-]*; the app's stack is `<stage>-<app>`, its bridge
// `<stage>-<app>-debug-stack`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace app {

// ErrorKind::usage with a sentence that shows the name and the rule. The length is checked so that both stack names
// stay within CloudFormation's 128 characters.
base::Result<void> check_stage(std::string_view stage);
base::Result<void> check_app_name(std::string_view name);

// A stage for a user who gave none: the login name with every other character made '-' ("tom.b" → "tom-b"), "dev" if
// nothing is left. Always passes check_stage.
std::string stage_from_user(std::string_view user);

std::string app_stack_name(std::string_view stage, std::string_view app);
std::string debug_stack_name(std::string_view stage, std::string_view app);

// `livelambda.yaml`, the project's own settings.
struct Settings {
  std::optional<std::string> name;  // `name:`
};

// An unknown key, a value of the wrong type, or broken YAML is ErrorKind::usage with `file` and `line`.
base::Result<Settings> read_settings(std::string_view text, std::string_view file = "livelambda.yaml");

// `stack_name` of a samconfig.toml: that of [default.deploy.parameters], else of [default.global.parameters].
// Not a TOML parser: it reads table headers and `key = "string"` lines (basic or literal strings on one line, comments)
// and passes over everything else, as SAM itself checks that file.
std::optional<std::string> samconfig_stack_name(std::string_view text);

// The app's name by the documented order: `name:` of livelambda.yaml, else samconfig.toml's stack_name, else the
// folder. Checked, and the error says where the name came from.
base::Result<std::string> choose_app_name(const Settings& settings, const std::optional<std::string>& samconfig_text,
                                          std::string_view folder);

}  // namespace app
