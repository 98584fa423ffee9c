// AWS::LanguageExtensions. A loop is
//   "Fn::ForEach::Name": [Identifier, Collection, {"OutputKey${Identifier}": OutputValue}]
// and puts its keys where it stands, once for each element: ${Identifier} (and &{Identifier}, without what is not
// alphanumeric) in keys and texts, and {"Ref": Identifier}, are the element. Loops may stand within loops.
#include <fmt/format.h>

#include <cctype>
#include <map>
#include <utility>

#include "localcloud/cloudformation/macros.h"
#include "localcloud/cloudformation/sam/sam.h"
#include "localcloud/service.h"

namespace localcloud {
namespace {

constexpr std::string_view kForEach = "Fn::ForEach::";

tl::unexpected<base::Error> extension_error(std::string_view what) {
  return aws_error(400, std::string(kTransformFailed),
                   fmt::format("Transform AWS::LanguageExtensions failed with: {}", what));
}

using Bindings = std::map<std::string, std::string>;  // identifier → element

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string substituted(std::string_view from, const Bindings& bindings) {
  std::string text(from);
  for (const auto& [identifier, element] : bindings) {
    std::string alphanumeric;
    for (const char c : element) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) alphanumeric += c;
    }
    replace_all(text, fmt::format("${{{}}}", identifier), element);
    replace_all(text, fmt::format("&{{{}}}", identifier), alphanumeric);
  }
  return text;
}

class Loops {
 public:
  explicit Loops(const Scope& scope) : scope_(scope) {}

  base::Result<json::value> expand(const json::value& from, const Bindings& bindings) const {
    if (from.is_string()) return json::value(json::string(substituted(from.get_string(), bindings)));
    if (const auto* list = from.if_array()) {
      json::array result;
      for (const auto& element : *list) {
        TRY(auto expanded, expand(element, bindings));
        result.push_back(std::move(expanded));
      }
      return json::value(std::move(result));
    }
    const auto* object = from.if_object();
    if (object == nullptr) return from;
    if (object->size() == 1 && object->begin()->key() == "Ref" && object->begin()->value().is_string()) {
      const auto bound = bindings.find(std::string(object->begin()->value().get_string()));
      if (bound != bindings.end()) return json::value(json::string(bound->second));
    }
    json::object result;
    TRY(put_members(*object, bindings, result));
    return json::value(std::move(result));
  }

 private:
  base::Result<> put_members(const json::object& from, const Bindings& bindings, json::object& into) const {
    for (const auto& [key, member] : from) {
      if (std::string_view(key).starts_with(kForEach)) {
        TRY(put_loop(key, member, bindings, into));
        continue;
      }
      const auto name = substituted(key, bindings);
      if (into.contains(name)) return extension_error(fmt::format("Duplicate key '{}' by Fn::ForEach", name));
      TRY(into[name], expand(member, bindings));
    }
    return {};
  }

  base::Result<> put_loop(std::string_view key, const json::value& loop, Bindings bindings, json::object& into) const {
    const auto* parts = loop.if_array();
    if (parts == nullptr || parts->size() != 3 || !(*parts)[0].is_string() || !(*parts)[2].is_object())
      return extension_error(fmt::format("{} layout is incorrect", key));
    const std::string identifier((*parts)[0].get_string());
    if (bindings.contains(identifier)) {
      return extension_error(fmt::format("{}: the identifier {} is that of a loop around it", key, identifier));
    }
    TRY(const auto unresolved, expand((*parts)[1], bindings));
    TRY(const auto collection, elements(key, unresolved));
    for (const auto& element : collection) {
      bindings[identifier] = element;
      TRY(put_members((*parts)[2].get_object(), bindings, into));
    }
    return {};
  }

  base::Result<std::vector<std::string>> elements(std::string_view key, const json::value& collection) const {
    auto evaluated = evaluate(collection, scope_);
    if (!evaluated)
      return extension_error(fmt::format("{} could not resolve its list: {}", key, evaluated.error().message));
    if (!evaluated->is_array()) return extension_error(fmt::format("{} layout is incorrect", key));
    std::vector<std::string> result;
    for (const auto& element : evaluated->get_array()) {
      // A Ref to a list within the list gives its elements.
      const auto* list = element.if_array();
      for (const auto& one : list == nullptr ? json::array({element}) : *list) {
        const auto text = scalar_text(one);
        if (!text) return extension_error(fmt::format("{} layout is incorrect", key));
        result.push_back(*text);
      }
    }
    return result;
  }

  const Scope& scope_;
};

base::Result<> resolve_policies(json::object& document, const Scope& outer) {
  auto* resources = document.if_contains("Resources");
  if (resources == nullptr || !resources->is_object()) return {};
  for (auto& [id, resource] : resources->get_object()) {
    if (!resource.is_object()) continue;
    for (const char* name : {"DeletionPolicy", "UpdateReplacePolicy"}) {
      auto* policy = resource.get_object().if_contains(name);
      if (policy == nullptr || !policy->is_object()) continue;
      Scope scope = outer;
      std::map<std::string, bool> conditions;
      if (const auto* declared = document.if_contains("Conditions"); declared != nullptr && declared->is_object()) {
        TRY(conditions, evaluate_conditions(declared->get_object(), outer));
        scope.conditions = &conditions;
      }
      auto evaluated = evaluate(*policy, scope);
      if (!evaluated) return extension_error(evaluated.error().message);
      *policy = std::move(*evaluated);
    }
  }
  return {};
}

}  // namespace

base::Result<json::object> expand_language_extensions(const json::object& document, const Scope& scope) {
  TRY(auto expanded, Loops(scope).expand(json::value(document), {}));
  TRY(resolve_policies(expanded.get_object(), scope));
  return std::move(expanded.get_object());
}

std::string extension_function(const json::value& value) {
  if (const auto* list = value.if_array()) {
    for (const auto& element : *list) {
      if (auto found = extension_function(element); !found.empty()) return found;
    }
  }
  const auto* object = value.if_object();
  if (object == nullptr) return {};
  for (const auto& [key, member] : *object) {
    const std::string_view name(key);
    if (name.starts_with(kForEach) || name == "Fn::Length" || name == "Fn::ToJsonString") return std::string(name);
    const bool with_default = name == "Fn::FindInMap" && member.is_array() && member.get_array().size() > 3;
    if (with_default) return "Fn::FindInMap with DefaultValue";
    if (auto found = extension_function(member); !found.empty()) return found;
  }
  return {};
}

}  // namespace localcloud
