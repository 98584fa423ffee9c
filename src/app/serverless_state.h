// Reads what `serverless package` wrote (Serverless Framework v3, osls): the compiled template and
// serverless-state.json. Pure: the caller runs the tool and reads the files.
//
// The stack that comes of it is the framework's own, with two differences. A function's code is its source folder, as
// it is for every other app, and code that is not live is an archive beside the state file. And what the framework
// makes of the time of day (the folder of the archives in S3, a REST API's deployment) is made of its content, so that
// the same app gives the same template.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "app/model.h"
#include "app/template_reader.h"
#include "base/result.h"

namespace app {

struct ServerlessPackage {
  std::string template_text;  // cloudformation-template-update-stack.json
  std::string state_text;     // serverless-state.json
  std::string folder;         // with both and the archives, relative to the service's folder
  std::string service_file;   // serverless.yml, with its folder: what messages name and paths are relative to
  std::string service_text;   // its content, for line numbers; it need not be YAML
};

struct ServerlessService {
  std::string name;  // of the service
  Stack stack;
};

// The template is read with `options`; the stack's name and file are put into them here. With `built`, each function's
// code is its archive, and none is live. Errors: invalid_input, with service_file.
base::Result<ServerlessService> read_serverless(const ServerlessPackage& package, ReadOptions options, bool built);

// The state file with these tags on the service's stack, over the service's own `stackTags`: what
// `serverless deploy --package` takes them from. Errors: invalid_input.
base::Result<std::string> with_stack_tags(std::string_view state_text, const std::map<std::string, std::string>& tags);

}  // namespace app
