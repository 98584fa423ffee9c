// Python: the project's interpreter, 3.10 or later, runs runtimes/python.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's, `loader_folder` holds bootstrap.py. The spawner outlives the result.
std::unique_ptr<Language> make_python(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                      std::string loader_folder);

// The interpreter for a function's folder, "" if there is none: the nearest .venv or venv from that folder up to the
// app's; the virtual environment that is active (VIRTUAL_ENV); what the nearest .python-version names, as pyenv has it
// or as `python3.12` on PATH; `python3` on PATH. Looks at files, starts nothing.
std::string find_python(const FunctionCode& code, const std::map<std::string, std::string>& own_environment);

}  // namespace worker
