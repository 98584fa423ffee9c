#include "app/template_reader.h"

#include <fmt/format.h>

#include "app/artifacts.h"
#include "app/function_reader.h"
#include "app/references.h"
#include "app/reserved_functions.h"
#include "app/template_tree.h"

namespace app {
namespace {

namespace json = codec::json;

void find_called_exports(const json::value& value, bool below_token, std::set<std::string>& found) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) find_called_exports(element, below_token, found);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (below_token && key == "Fn::ImportValue" && member.is_string()) found.emplace(member.get_string());
      find_called_exports(member, below_token || key == "ServiceToken", found);
    }
  }
}

base::Result<std::vector<Function>> read_functions(const TemplateNode& node, const ReservedFunctions& reserved,
                                                   const ReadOptions& options) {
  FunctionReader reader(node, reserved, options);
  std::vector<Function> functions;
  for (const auto& [id, resource] : node.resources()) {
    if (id.starts_with("Fn::")) continue;  // what comes of Fn::Transform and other loops, only CloudFormation knows
    std::string type = codec::find_string(resource, "Type");
    if (!resource.is_object() || type.empty()) {
      return node.error(pointer({"Resources", id}), fmt::format("resource {} has no Type", std::string_view(id)));
    }
    if (type != "AWS::Serverless::Function" && type != "AWS::Lambda::Function") continue;
    TRY(auto function, reader.read(id, resource));
    functions.push_back(std::move(function));
  }
  return functions;
}

// Takes the documents out of the tree.
base::Result<Stack> read_stack(TemplateNode& node, const ReservedFunctions& reserved, const ReadOptions& options) {
  Stack stack{.id = node.id, .name = {}, .region = {}, .template_file = node.file, .document = {}};
  TRY(stack.functions, read_functions(node, reserved, options));
  // Before this template's document is taken: nested ones look up what it hands down to them.
  for (auto& nested : node.nested) {
    TRY(auto read, read_stack(*nested, reserved, options));
    stack.nested.push_back(std::move(read));
  }
  stack.artifacts = find_artifacts(node.document, stack.functions);
  stack.document = std::move(node.document);
  return stack;
}

}  // namespace

base::Result<Stack> read_template(std::string_view text, const ReadOptions& options) {
  TRY(auto root, load_templates(text, options));
  TRY(auto stack, read_stack(*root, reserved_functions(*root, options.called_exports), options));
  stack.name = options.name;
  return stack;
}

std::set<std::string> called_exports(const json::value& document) {
  std::set<std::string> found;
  find_called_exports(document, false, found);
  return found;
}

}  // namespace app
