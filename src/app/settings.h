// `livelambda.yaml`, the project's own settings, for what cannot be found elsewhere. docs/settings.md is its account
// for users, docs/livelambda.schema.json its schema for editors. Pure: the text in, values out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/model.h"
#include "base/result.h"

namespace app {

struct FunctionSettings {
  std::string name;  // a logical id, a path as Stack::path_of gives it, a construct path; '*' stands for any characters
  bool live = true;
  std::string source = {};  // a folder or a file, relative to the app's folder; "" = where the app says
  std::string build = {};   // a command, run in the app's folder; "" = none
  std::string run = {};     // a command that speaks the Runtime API, run in the function's folder; "" = none
  int line = 0;
};

struct Settings {
  std::optional<std::string> name;               // of the app
  std::optional<std::string> template_file;      // `template`, relative to the app's folder
  std::vector<FunctionSettings> functions = {};  // in the file's order
  std::string file = {};                         // for messages
};

// An unknown key, a value of the wrong type, or broken YAML is ErrorKind::usage with `file` and `line`.
base::Result<Settings> read_settings(std::string_view text, std::string_view file = "livelambda.yaml");

// Whether the settings are meant for a function of this path and construct path ("" if it has none).
bool is_meant(const FunctionSettings& settings, std::string_view path, std::string_view construct_path);

// ErrorKind::usage with file and line, and the nearest names, if a function of the settings is not in the application.
base::Result<void> check_functions(const Settings& settings, const Application& application);

}  // namespace app
