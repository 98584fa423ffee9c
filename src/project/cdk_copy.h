// A copy of a cloud assembly in which some stacks have other templates and more tags, for `cdk deploy --app`.
//
// Of the assembly's files only the JSON is copied: assets are named by absolute paths. A stack with another template
// publishes no asset that only its live functions and nested stacks used, and its own template, which is an asset too,
// under the hash of its new text.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "app/cdk_assembly.h"
#include "base/result.h"

namespace project {

struct CdkChange {
  std::map<std::string, std::string> tags = {};  // beside those that the app gives the stack
  std::optional<std::string> template_text = {};
  const app::Stack* stack = nullptr;  // as it was read; needed for a new template
};

// `changes`: by the artifact's id. `to` is made anew. Errors: local_resource, invalid_input.
base::Result<> copy_cdk_assembly(const std::string& from, const std::string& to,
                                 const std::map<std::string, CdkChange>& changes);

}  // namespace project
