#include "app/model.h"

namespace app {

std::string_view to_string(Architecture architecture) {
  return architecture == Architecture::arm64 ? "arm64" : "x86_64";
}

std::string language_of(std::string_view runtime) {
  return std::string(runtime.substr(0, runtime.find_first_of(".0123456789")));
}

std::string_view to_string(Framework framework) {
  switch (framework) {
    case Framework::cloudformation:
      return "CloudFormation";
    case Framework::sam:
      return "SAM";
    case Framework::cdk:
      return "CDK";
    case Framework::serverless:
      return "Serverless Framework";
  }
  return {};
}

const Function* Stack::function(std::string_view logical_id) const {
  for (const Function& candidate : functions) {
    if (candidate.logical_id == logical_id) return &candidate;
  }
  return nullptr;
}

std::string Stack::path_of(const Function& function) const {
  return id.empty() ? function.logical_id : id + "/" + function.logical_id;
}

void for_each_stack(const Stack& stack, const std::function<void(const Stack&)>& visit) {
  visit(stack);
  for (const Stack& nested : stack.nested) for_each_stack(nested, visit);
}

}  // namespace app
