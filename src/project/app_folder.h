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
  std::string entry_file;  // absolute: the template, cdk.json or serverless.yml; "" of what remains of an app

  std::string state(std::string_view name) const;  // path of a file in `.livelambda/`
  // From now on this is the stage of those who name none, and the name of the app for those who cannot read it.
  base::Result<> remember(std::string_view app) const;
  // What the app is called by livelambda.yaml, else as it was last remembered.
  std::optional<std::string> known_name() const;
};

// The folder where sessions of an app keep their state; made with a .gitignore of its own if it is not there.
base::Result<std::string> state_folder(const std::string& app_path);

// `template_file` (--template, relative to the working directory) wins, then what livelambda.yaml names, then cdk.json,
// then serverless.{yml,yaml,json,js,ts}, then what samconfig.toml names, then template.{yaml,yml,json}. `stage`: as
// given, else the one remembered, else the user's name. Errors: invalid_input (nothing of that is
// there: the folder is left as it is), usage (a folder that is none, stage names, livelambda.yaml).
base::Result<AppFolder> open_app_folder(std::string path, const std::optional<std::string>& stage,
                                        std::string_view user, const std::string& template_file = {});

// The same, or what remains of an app whose template (cdk.json, serverless.yml) is gone: its stage and its settings.
// `app`: its name, if it was given. Errors: also those of open_app_folder where nothing tells the name.
base::Result<AppFolder> open_remains(const std::string& path, const std::optional<std::string>& stage,
                                     std::string_view user, const std::string& template_file, const std::string& app);

}  // namespace project
