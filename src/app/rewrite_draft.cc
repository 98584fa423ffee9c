#include "app/rewrite_draft.h"

#include <algorithm>

#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

void add_once(std::vector<std::string>& names, std::string_view name) {
  if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
}

}  // namespace

Draft::Draft(const Stack& stack) : stack_(stack), document_(stack.document.value) {
  outcome_.stack_id = stack.id;
}

json::object& Draft::resources() {
  return document_.get_object()["Resources"].get_object();
}

json::object& Draft::resource(std::string_view logical_id) {
  return resources()[logical_id].get_object();
}

json::object& Draft::properties(std::string_view logical_id) {
  auto& properties = resource(logical_id)["Properties"];
  if (!properties.is_object()) properties.emplace_object();
  return properties.get_object();
}

json::object Draft::parameter(std::string_view name) {
  add_once(outcome_.parameters, name);
  return reference(name);
}

std::string Draft::add_resource(std::string wanted, json::object resource) {
  while (resources().contains(wanted) || added_.contains(wanted)) wanted += "X";
  added_[wanted] = std::move(resource);
  return wanted;
}

void Draft::note(std::string_view logical_id, std::string message) {
  outcome_.diagnostics.push_back({.logical_id = std::string(logical_id),
                                  .message = std::move(message),
                                  .line = stack_.document.line_of(pointer({"Resources", logical_id}))});
}

void Draft::need_bridge_role(const std::string& outside_role) {
  add_once(outcome_.outside_roles, outside_role);
}

void Draft::add_nested(Rewritten nested) {
  for (const std::string& role : nested.outside_roles) add_once(outcome_.outside_roles, role);
  outcome_.nested.push_back(std::move(nested));
}

tl::unexpected<base::Error> Draft::error(const std::string& at, std::string message, std::string hint) const {
  return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                .message = std::move(message),
                                .hint = std::move(hint),
                                .file = stack_.template_file,
                                .line = stack_.document.line_of(at)});
}

Rewritten Draft::take() {
  for (auto& [id, resource] : added_) resources()[id] = std::move(resource);
  if (!outcome_.parameters.empty()) {
    auto& declared = document_.get_object()["Parameters"];
    if (!declared.is_object()) declared.emplace_object();
    for (const std::string& name : outcome_.parameters) declared.get_object()[name] = json::object{{"Type", "String"}};
  }
  outcome_.text = codec::to_text(document_);
  outcome_.document = std::move(document_);
  return std::move(outcome_);
}

json::object reference(std::string_view name) {
  return {{"Ref", name}};
}

json::array with_element(const json::value* list, json::value element) {
  json::array result;
  if (list != nullptr && list->is_array()) {
    result = list->get_array();
  } else if (list != nullptr && !list->is_null()) {
    result.push_back(*list);
  }
  result.push_back(std::move(element));
  return result;
}

}  // namespace app
