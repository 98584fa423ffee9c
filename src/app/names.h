// The names of stages, apps and stacks. Pure: texts in, values out.
//
// A stage and an app match [a-zA-Z][a-zA-Z0-9-]*; the app's stack is `<stage>-<app>`, its bridge
// `<stage>-<app>-debug-stack`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/settings.h"
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

// The app's name by the documented order: `name:` of livelambda.yaml, else samconfig.toml's stack_name, else the
// folder. Checked, and the error says where the name came from.
base::Result<std::string> choose_app_name(const Settings& settings, const std::optional<std::string>& samconfig_text,
                                          std::string_view folder);

}  // namespace app
