// Java: the project's own tool compiles it, and AWS's runtime interface client for Java runs it, from the project's
// class path or from livelambda's cache.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's, `loader_folder` holds classpath.gradle. The spawner outlives the result.
std::unique_ptr<Language> make_java(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                    std::string loader_folder);

}  // namespace worker
