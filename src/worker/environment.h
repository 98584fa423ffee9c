// The environment variables of a worker. Pure.
//
// They are the stub's: the function's own variables, its credentials, region and names, as Lambda set them. Only what
// describes the machine is replaced: where the Runtime API, the code, its layers and the loader are, PATH and HOME,
// which are the developer's, and what the language says of its program. LANG and TZ are Lambda's, unless the function
// sets them. With an own CA (LIVELAMBDA_CA_FILE) NODE_EXTRA_CA_CERTS and AWS_CA_BUNDLE name it, unless the function
// does.
#pragma once

#include <map>
#include <string>

#include "worker/language.h"
#include "worker/worker.h"

namespace worker {

// `opt`: the folder of its layers (layers.h), or "".
std::map<std::string, std::string> make_environment(const WorkerSpec& spec, const LauncherOptions& options,
                                                    const std::string& runtime_api, const Program& program,
                                                    const std::string& opt);

// What of it the function's extensions have: not what is the runtime's alone (developer guide, "Extensions API").
std::map<std::string, std::string> extension_environment(std::map<std::string, std::string> environment);

}  // namespace worker
