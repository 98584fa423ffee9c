// Python: the project's interpreter (find_python.h), 3.10 or later, runs runtimes/python.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

// `own_environment` is the developer's, `loader_folder` holds bootstrap.py. The spawner outlives the result.
std::unique_ptr<Language> make_python(os::Spawner& spawner, std::map<std::string, std::string> own_environment,
                                      std::string loader_folder);

}  // namespace worker
