// .NET functions that are programs of their own (Lambda's "executable assembly": the handler is the assembly's name),
// with AWS's client, Amazon.Lambda.RuntimeSupport, compiled in: `dotnet build`, then `dotnet <assembly>.dll`. What the
// handler names in a class library is no program, and stays in AWS. Experimental: no .NET is run in this project's CI.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's. The spawner outlives the result.
std::unique_ptr<Language> make_dotnet(os::Spawner& spawner, std::map<std::string, std::string> own_environment);

}  // namespace worker
