// Which Python a function's project asks for, and where its developer keeps it. Looks at files, starts nothing.
#pragma once

#include <map>
#include <string>

#include "worker/function_code.h"

namespace worker {

struct PythonChoice {
  std::string program = {};  // "" if there is none
  std::string wanted = {};   // the version that a file names and nobody has; else ""
  std::string file = {};     // that says so
};

// The nearest .venv or venv from the function's folder up to the app's, or what UV_PROJECT_ENVIRONMENT names beside
// uv.lock; the virtual environment that is active (VIRTUAL_ENV); `poetry_environment` unless it is ""; what the nearest
// .python-version or .tool-versions names, as pyenv, uv, asdf or mise have it or as `python3.12` on PATH; `python3` on
// PATH.
PythonChoice find_python(const FunctionCode& code, const std::string& poetry_environment,
                         const std::map<std::string, std::string>& own_environment);

// The folder of the Poetry project that the function belongs to, as far as Poetry has to be asked where its environment
// is; "" if no file says that it is one, or the environment is known without.
std::string poetry_project(const FunctionCode& code, const std::map<std::string, std::string>& own_environment);

// The command that makes the project's packages importable, as its files have it: "uv sync", "poetry install",
// "/app/.venv/bin/python -m pip install -r /app/src/requirements.txt"; "" if no file lists packages.
std::string install_command(const FunctionCode& code, const std::string& program);

}  // namespace worker
