// Whether a function that is a program of its own can run on this machine: by the files of its source and the tools on
// PATH. How it is built is worker's affair (worker/executable.h), which looks at the same files.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "app/model.h"

namespace project {

// A bootstrap; or go.mod, Cargo.toml or a Makefile that its Metadata asks for, with the tool that builds it; or a
// `build` command. Of dotnet*, a project whose handler is an assembly, with `dotnet`. False for any other runtime.
bool has_local_program(const app::Function& function, const std::string& source, std::string_view path);

// The same with the PATH of these variables, as ReadOptions::has_program has it.
std::function<bool(const app::Function&, const std::string&)> local_programs(
    const std::map<std::string, std::string>& environment);

}  // namespace project
