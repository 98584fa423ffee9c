// The user's app folder: whose framework's it is, what its stage is called, its livelambda.yaml, and `.livelambda/`,
// where a session keeps what it remembers there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/model.h"
#include "app/names.h"
#include "base/result.h"

namespace project {

struct AppFolder {
  std::string path;  // absolute, no slash at its end
  std::string stage;
  app::Settings settings;
  app::Framework framework = app::Framework::cloudformation;
  std::string entry_file;  // absolute: the template, cdk.json or serverless.yml

  std::string state(std::string_view name) const;  // path of a file in `.livelambda/`
  // From now on this is the stage of those who name none.
  base::Result<> remember_stage() const;
};

// The folder where sessions of an app keep their state; made with a .gitignore of its own if it is not there.
base::Result<std::string> state_folder(const std::string& app_path);

// `template_file` (--template, relative to the working directory) wins, then what livelambda.yaml names, then cdk.json,
// then serverless.{yml,yaml,json,js,ts}, then what samconfig.toml names, then template.{yaml,yml,json}. `stage`: as
// given, else the one remembered, else the user's name. Errors: invalid_input (nothing of that is
// there: the folder is left as it is), usage (a folder that is none, stage names, livelambda.yaml).
base::Result<AppFolder> open_app_folder(std::string path, const std::optional<std::string>& stage,
                                        std::string_view user, const std::string& template_file = {});

}  // namespace project
