// Reads a SAM or CloudFormation template, YAML or JSON, into an Stack. Pure: the caller reads the file.
//
// Globals.Function is merged as SAM merges it, and a Runtime, Handler, CodeUri, … that is a Ref or Sub of parameters is
// resolved from their values or defaults. What only CloudFormation can know stays unresolved, and such a function is
// left alone with its reason. The template is not validated beyond that: CloudFormation does it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/model.h"
#include "base/result.h"

namespace app {

struct ReadOptions {
  std::string name;                                    // the app's name, copied into the Stack
  std::string file = "template.yaml";                  // for messages
  std::map<std::string, std::string> parameters = {};  // values given on deployment; they win over defaults
  std::vector<std::string> languages = {"nodejs"};     // what the worker can run (language_of)
};

// Errors are ErrorKind::invalid_input with `file` and `line`: YAML or JSON that does not parse, a template that is no
// mapping or has no Resources, a resource that is no mapping or has no Type, a zip function without Handler or Runtime.
base::Result<Stack> read_template(std::string_view text, const ReadOptions& options);

}  // namespace app
