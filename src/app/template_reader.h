// Reads a SAM or CloudFormation template, YAML or JSON, and the local templates nested in it, into a Stack. Pure: the
// caller reads the files.
//
// Globals.Function is merged as SAM merges it, and a Runtime, Handler, CodeUri, … is resolved as far as it can be known
// before deployment (app/parameters.h). What only CloudFormation can know stays unresolved, and such a function is left
// alone with its reason (app/stay_reason.h). The template is not validated beyond that: CloudFormation does it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "app/model.h"
#include "app/settings.h"
#include "base/result.h"

namespace app {

struct ReadOptions {
  std::string name;                                    // what CloudFormation calls the stack: Stack::name
  std::string id = {};                                 // Stack::id; those of nested stacks follow from it
  std::string file = "template.yaml";                  // the template's path, for messages and for read_file
  std::map<std::string, std::string> parameters = {};  // values given on deployment; they win over defaults
  std::map<std::string, std::string> pseudo = {};      // "AWS::Region", "AWS::AccountId", … as far as they are known
  std::vector<std::string> languages = {"nodejs", "python", "ruby",
                                        "java"};  // what the worker runs (language_of); empty: nothing
  // Empty if the source of a function in another language holds a program that speaks the Runtime API, or can be built
  // to one on this machine; else what it lacks, as the end of a sentence.
  std::function<std::string(const Function& function, const std::string& source)> why_no_program = {};
  std::string folder = {};                       // the app's, which `source` in its settings is relative to
  std::vector<FunctionSettings> functions = {};  // of livelambda.yaml
  // The text of a file; nothing if it is not there. Its path is put together from `file` and what templates say.
  // Without it nested templates are not read.
  std::function<std::optional<std::string>(const std::string& path)> read_file = {};
  // Names of exports through which custom resources of other stacks call functions: called_exports of their templates.
  std::set<std::string> called_exports = {};
};

// Errors are ErrorKind::invalid_input with `file` and `line`: YAML or JSON that does not parse, a template that is no
// mapping or has no Resources, a resource that is no mapping or has no Type, a zip function without Handler or Runtime;
// a nested template that is not there, nests itself, or is nested too deep.
base::Result<Stack> read_template(std::string_view text, const ReadOptions& options);

// The exports that custom resources of a template import as their ServiceToken.
std::set<std::string> called_exports(const codec::json::value& document);

}  // namespace app
