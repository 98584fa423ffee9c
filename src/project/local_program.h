// Whether a function that is a program of its own can run on this machine: by the files of its source and the tools on
// PATH. How it is built is worker's affair (worker/executable.h), which looks at the same files.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "app/model.h"

namespace project {

// Empty if there is one: a bootstrap; or go.mod, Cargo.toml or a Makefile that its Metadata asks for, with the tool
// that builds it; or a `build` command. Of dotnet*, a project whose handler is an assembly, with `dotnet`. Else what is
// missing, as the end of a sentence.
std::string why_no_local_program(const app::Function& function, const std::string& source, std::string_view path);

// The same with the PATH of these variables, as ReadOptions::why_no_program has it.
std::function<std::string(const app::Function&, const std::string&)> local_programs(
    const std::map<std::string, std::string>& environment);

}  // namespace project
