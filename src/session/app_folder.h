// The user's app folder: which template it has, what the app and its stage are called, and `.livelambda/`, where a
// session keeps what it remembers there.
#pragma once

#include <optional>
#include <string>

#include "app/model.h"
#include "base/result.h"

namespace session {

struct AppFolder {
  std::string path;  // absolute, no slash at its end
  std::string stage;
  app::Application application;

  std::string state(std::string_view name) const;  // path of a file in `.livelambda/`
};

// The folder where sessions of an app keep their state; made with a .gitignore of its own if it is not there.
base::Result<std::string> state_folder(const std::string& app_path);

// Reads template.yaml, template.yml or template.json, livelambda.yaml and samconfig.toml. `stage`: as given, else the
// one remembered, else the user's name; it is remembered. Errors: invalid_input with file and line (template), usage
// (names).
base::Result<AppFolder> open_app_folder(std::string path, const std::optional<std::string>& stage,
                                        std::string_view user);

}  // namespace session
