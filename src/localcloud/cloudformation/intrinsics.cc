#include "localcloud/cloudformation/intrinsics.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/cloudformation/cidr.h"
#include "localcloud/cloudformation/references.h"

namespace localcloud {
namespace {

using Value = std::optional<json::value>;  // nothing = AWS::NoValue

tl::unexpected<base::Error> template_error(std::string message) {
  return validation_error("Template error: " + message);
}

class Evaluator {
 public:
  explicit Evaluator(const Scope& scope) : scope_(scope) {}

  base::Result<Value> value(const json::value& from) const;
  base::Result<json::object> members(const json::object& from) const;
  base::Result<bool> condition(const json::value& from) const;

  // For evaluate_conditions(): conditions are worked out as they are met.
  const json::object* declared_conditions = nullptr;
  mutable std::map<std::string, bool> known_conditions;
  mutable std::set<std::string> in_progress;

 private:
  base::Result<Value> call(std::string_view function, const json::value& argument) const;
  base::Result<Value> ref(const json::value& argument) const;
  base::Result<Value> get_att(const json::value& argument) const;
  base::Result<Value> sub(const json::value& argument) const;
  base::Result<Value> if_(const json::value& argument) const;
  base::Result<Value> find_in_map(const json::value& argument) const;
  base::Result<Value> join_(const json::value& argument) const;
  base::Result<Value> split(const json::value& argument) const;
  base::Result<Value> select(const json::value& argument) const;
  base::Result<Value> cidr(const json::value& argument) const;
  base::Result<Value> get_azs(const json::value& argument) const;

  base::Result<Value> named(const std::string& name) const;
  base::Result<bool> named_condition(const std::string& name) const;
  base::Result<std::string> text(const json::value& from, std::string_view function) const;
  base::Result<json::value> needed(const json::value& from, std::string_view function) const;
  base::Result<json::array> arguments(const json::value& from, std::string_view function, std::size_t least,
                                      std::size_t most) const;
  base::Result<bool> all_or_any(const json::value& argument, bool all) const;

  const Scope& scope_;
};

base::Result<Value> Evaluator::value(const json::value& from) const {
  if (const auto* object = from.if_object()) {
    if (object->size() == 1) {
      const auto& [key, argument] = *object->begin();
      const std::string_view name(key);
      if (name == "Ref" || name.starts_with("Fn::")) return call(name, argument);
      if (name == "Condition" && argument.is_string() && scope_.conditions != nullptr &&
          scope_.conditions->contains(std::string(argument.get_string()))) {
        TRY(const bool truth, named_condition(std::string(argument.get_string())));
        return Value(json::value(truth));
      }
    }
    TRY(auto evaluated, members(*object));
    return Value(json::value(std::move(evaluated)));
  }
  if (const auto* list = from.if_array()) {
    json::array result;
    for (const auto& element : *list) {
      TRY(auto evaluated, value(element));
      if (evaluated) result.push_back(std::move(*evaluated));
    }
    return Value(json::value(std::move(result)));
  }
  return Value(from);
}

base::Result<json::object> Evaluator::members(const json::object& from) const {
  json::object result;
  for (const auto& [key, member] : from) {
    TRY(auto evaluated, value(member));
    if (evaluated) result[key] = std::move(*evaluated);
  }
  return result;
}

base::Result<Value> Evaluator::call(std::string_view function, const json::value& argument) const {
  if (function == "Ref") return ref(argument);
  if (function == "Fn::GetAtt") return get_att(argument);
  if (function == "Fn::Sub") return sub(argument);
  if (function == "Fn::If") return if_(argument);
  if (function == "Fn::Join") return join_(argument);
  if (function == "Fn::Split") return split(argument);
  if (function == "Fn::Select") return select(argument);
  if (function == "Fn::FindInMap") return find_in_map(argument);
  if (function == "Fn::Cidr") return cidr(argument);
  if (function == "Fn::GetAZs") return get_azs(argument);
  if (function == "Fn::Base64") {
    TRY(const std::string plain, text(argument, function));
    return Value(json::string(codec::base64_encode(plain)));
  }
  if (function == "Fn::ImportValue") {
    TRY(const std::string name, text(argument, function));
    TRY(auto imported, scope_.import_value(name));
    return Value(std::move(imported));
  }
  if (function == "Fn::Length") {
    TRY(const auto list, needed(argument, function));
    if (!list.is_array()) return template_error("Fn::Length expects an array");
    return Value(json::value(list.get_array().size()));
  }
  if (function == "Fn::ToJsonString") {
    TRY(const auto evaluated, needed(argument, function));
    return Value(json::string(json::serialize(evaluated)));
  }
  if (function == "Fn::Equals" || function == "Fn::And" || function == "Fn::Or" || function == "Fn::Not") {
    json::object whole;
    whole[function] = argument;
    TRY(const bool truth, condition(json::value(std::move(whole))));
    return Value(json::value(truth));
  }
  return validation_error(fmt::format("The intrinsic function {} is not implemented by the local cloud", function));
}

base::Result<Value> Evaluator::named(const std::string& name) const {
  const auto& pseudo = scope_.pseudo;
  const auto plain = [](const std::string& text) { return Value(json::string(text)); };
  if (name == "AWS::NoValue") return Value();
  if (name == "AWS::AccountId") return plain(pseudo.account_id);
  if (name == "AWS::Region") return plain(pseudo.region);
  if (name == "AWS::StackName") return plain(pseudo.stack_name);
  if (name == "AWS::StackId") return plain(pseudo.stack_id);
  if (name == "AWS::Partition") return plain("aws");
  if (name == "AWS::URLSuffix") return plain("amazonaws.com");
  if (name == "AWS::NotificationARNs") {
    json::array arns;
    for (const auto& arn : pseudo.notification_arns) arns.emplace_back(json::string(arn));
    return Value(json::value(std::move(arns)));
  }
  if (scope_.parameters != nullptr) {
    if (const auto found = scope_.parameters->find(name); found != scope_.parameters->end())
      return Value(found->second);
  }
  TRY(auto of_resource, scope_.ref(name));
  return Value(std::move(of_resource));
}

base::Result<Value> Evaluator::ref(const json::value& argument) const {
  if (!argument.is_string()) return template_error("every Ref object must have a single String value.");
  return named(std::string(argument.get_string()));
}

base::Result<Value> Evaluator::get_att(const json::value& argument) const {
  TRY(const auto reference, read_get_att(argument));
  TRY(const std::string attribute, text(reference.attribute, "Fn::GetAtt"));
  TRY(auto found, scope_.attribute(reference.resource, attribute));
  return Value(std::move(found));
}

base::Result<Value> Evaluator::sub(const json::value& argument) const {
  const json::value* pattern = &argument;
  json::object variables;
  if (const auto* list = argument.if_array()) {
    if (list->size() != 2 || !(*list)[1].is_object()) {
      return template_error(
          "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as "
          "first argument, and an optional second argument to specify a mapping of values to replace in the string");
    }
    pattern = &(*list)[0];
    variables = (*list)[1].get_object();
  }
  if (!pattern->is_string()) return template_error("Fn::Sub expects a string as its first argument");
  TRY(const auto parts, split_sub(std::string_view(pattern->get_string())));
  std::string result;
  for (const auto& part : parts) {
    if (!part.is_name) {
      result += part.text;
      continue;
    }
    if (const auto* variable = variables.if_contains(part.text)) {
      TRY(const std::string variable_text, text(*variable, "Fn::Sub"));
      result += variable_text;
      continue;
    }
    const auto dot = part.text.find('.');
    Value found;
    if (dot == std::string::npos) {
      TRY(found, named(part.text));
    } else {
      TRY(found, scope_.attribute(part.text.substr(0, dot), part.text.substr(dot + 1)));
    }
    const auto as_text = found ? scalar_text(*found) : std::nullopt;
    if (!as_text) return template_error(fmt::format("Fn::Sub expected a string for ${{{}}}", part.text));
    result += *as_text;
  }
  return Value(json::string(result));
}

base::Result<Value> Evaluator::if_(const json::value& argument) const {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 3 || !(*list)[0].is_string()) {
    return template_error("Fn::If requires a list argument with the first element being a condition");
  }
  TRY(const bool truth, named_condition(std::string((*list)[0].get_string())));
  return value(truth ? (*list)[1] : (*list)[2]);
}

base::Result<Value> Evaluator::join_(const json::value& argument) const {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 2 || !(*list)[0].is_string()) {
    return template_error(
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be "
        "joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.");
  }
  TRY(const auto parts, needed((*list)[1], "Fn::Join"));
  if (!parts.is_array()) return template_error("every Fn::Join object requires a list of strings to be joined");
  std::vector<std::string> texts;
  for (const auto& part : parts.get_array()) {
    const auto as_text = scalar_text(part);
    if (!as_text) return template_error("every value of the list of a Fn::Join object must be a string");
    texts.push_back(*as_text);
  }
  return Value(json::string(join(texts, std::string_view((*list)[0].get_string()))));
}

base::Result<Value> Evaluator::split(const json::value& argument) const {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 2 || !(*list)[0].is_string() || (*list)[0].get_string().empty()) {
    return template_error(
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or "
        "a function that returns a string to be split.");
  }
  const std::string delimiter((*list)[0].get_string());
  TRY(const std::string whole, text((*list)[1], "Fn::Split"));
  json::array parts;
  std::size_t from = 0;
  for (auto at = whole.find(delimiter); at != std::string::npos; at = whole.find(delimiter, from)) {
    parts.emplace_back(json::string(whole.substr(from, at - from)));
    from = at + delimiter.size();
  }
  parts.emplace_back(json::string(whole.substr(from)));
  return Value(json::value(std::move(parts)));
}

base::Result<Value> Evaluator::select(const json::value& argument) const {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() != 2) {
    return template_error("Fn::Select requires a list argument with two elements: an integer index and a list");
  }
  TRY(const std::string index_text, text((*list)[0], "Fn::Select"));
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index);
  if (error != std::errc() || end != index_text.data() + index_text.size()) {
    return template_error("Fn::Select requires an integer index");
  }
  TRY(const auto from, needed((*list)[1], "Fn::Select"));
  if (!from.is_array())
    return template_error("Fn::Select requires a list argument with two elements: an integer index and a list");
  if (index >= from.get_array().size()) {
    return template_error(fmt::format("Fn::Select cannot select nonexistent value at index {}", index));
  }
  return Value(from.get_array()[index]);
}

base::Result<Value> Evaluator::find_in_map(const json::value& argument) const {
  TRY(const auto keys, arguments(argument, "Fn::FindInMap", 3, 4));
  std::vector<std::string> path;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto key = scalar_text(keys[i]);
    if (!key) return template_error("every Fn::FindInMap object requires three string parameters");
    path.push_back(*key);
  }
  const json::object* here = scope_.mappings;
  for (std::size_t i = 0; i < 3 && here != nullptr; ++i) {
    const auto* next = here->if_contains(path[i]);
    if (next == nullptr) break;
    if (i == 2) return Value(*next);
    here = next->if_object();
  }
  if (keys.size() == 4) {
    const auto* options = keys[3].if_object();
    if (options != nullptr && options->contains("DefaultValue")) return Value(options->at("DefaultValue"));
  }
  return template_error(fmt::format("Unable to get mapping for {}::{}::{}", path[0], path[1], path[2]));
}

base::Result<Value> Evaluator::cidr(const json::value& argument) const {
  TRY(const auto given, arguments(argument, "Fn::Cidr", 2, 3));
  const auto block = scalar_text(given[0]).value_or("");
  const auto count = scalar_text(given[1]).value_or("");
  const auto bits = given.size() == 3 ? scalar_text(given[2]).value_or("") : "8";
  TRY(const auto blocks, cidr_blocks(block, count, bits));
  json::array result;
  for (const auto& one : blocks) result.emplace_back(json::string(one));
  return Value(json::value(std::move(result)));
}

base::Result<Value> Evaluator::get_azs(const json::value& argument) const {
  TRY(std::string region, text(argument, "Fn::GetAZs"));
  if (region.empty()) region = scope_.pseudo.region;
  json::array zones;
  for (const char* letter : {"a", "b", "c"}) zones.emplace_back(json::string(region + letter));
  return Value(json::value(std::move(zones)));
}

base::Result<json::value> Evaluator::needed(const json::value& from, std::string_view function) const {
  TRY(auto evaluated, value(from));
  if (!evaluated) return template_error(fmt::format("{} cannot take AWS::NoValue", function));
  return std::move(*evaluated);
}

base::Result<std::string> Evaluator::text(const json::value& from, std::string_view function) const {
  TRY(const auto evaluated, needed(from, function));
  auto as_text = scalar_text(evaluated);
  if (!as_text) return template_error(fmt::format("{} expects a string", function));
  return std::move(*as_text);
}

base::Result<json::array> Evaluator::arguments(const json::value& from, std::string_view function, std::size_t least,
                                               std::size_t most) const {
  TRY(auto evaluated, needed(from, function));
  if (!evaluated.is_array() || evaluated.get_array().size() < least || evaluated.get_array().size() > most) {
    return template_error(fmt::format("{} requires a list of {} parameters", function, least));
  }
  return std::move(evaluated.get_array());
}

base::Result<bool> Evaluator::named_condition(const std::string& name) const {
  if (declared_conditions == nullptr) {
    if (scope_.conditions != nullptr) {
      if (const auto found = scope_.conditions->find(name); found != scope_.conditions->end()) return found->second;
    }
    return template_error(fmt::format("unresolved condition {}", name));
  }
  if (const auto found = known_conditions.find(name); found != known_conditions.end()) return found->second;
  const auto* declared = declared_conditions->if_contains(name);
  if (declared == nullptr) return template_error(fmt::format("unresolved condition {}", name));
  if (!in_progress.insert(name).second) {
    return template_error(fmt::format("Found circular condition dependency on condition: {}", name));
  }
  TRY(const bool truth, condition(*declared));
  in_progress.erase(name);
  known_conditions[name] = truth;
  return truth;
}

base::Result<bool> Evaluator::all_or_any(const json::value& argument, bool all) const {
  const auto* list = argument.if_array();
  if (list == nullptr || list->size() < 2 || list->size() > 10) {
    return template_error(
        fmt::format("every {} object requires a list of at least 2 and at most 10 boolean parameters.",
                    all ? "Fn::And" : "Fn::Or"));
  }
  bool result = all;
  for (const auto& element : *list) {
    TRY(const bool truth, condition(element));
    result = all ? (result && truth) : (result || truth);
  }
  return result;
}

base::Result<bool> Evaluator::condition(const json::value& from) const {
  const auto* object = from.if_object();
  if (object != nullptr && object->size() == 1) {
    const auto& [function, argument] = *object->begin();
    if (function == "Condition" && argument.is_string()) return named_condition(std::string(argument.get_string()));
    if (function == "Fn::And") return all_or_any(argument, true);
    if (function == "Fn::Or") return all_or_any(argument, false);
    if (function == "Fn::Not") {
      const auto* list = argument.if_array();
      if (list == nullptr || list->size() != 1)
        return template_error("every Fn::Not object requires one boolean parameter.");
      TRY(const bool truth, condition((*list)[0]));
      return !truth;
    }
    if (function == "Fn::Equals") {
      TRY(const auto sides, arguments(argument, "Fn::Equals", 2, 2));
      const auto left = scalar_text(sides[0]);
      const auto right = scalar_text(sides[1]);
      return left && right ? *left == *right : sides[0] == sides[1];
    }
  }
  TRY(const auto evaluated, needed(from, "a condition"));
  const auto as_text = scalar_text(evaluated).value_or("");
  if (as_text == "true" || as_text == "false") return as_text == "true";
  return template_error("every condition must evaluate to true or false");
}

}  // namespace

base::Result<json::value> evaluate(const json::value& value, const Scope& scope) {
  TRY(auto evaluated, Evaluator(scope).value(value));
  if (!evaluated) return json::value(nullptr);
  return scope.finish ? scope.finish(std::move(*evaluated)) : std::move(*evaluated);
}

base::Result<json::object> evaluate_members(const json::object& object, const Scope& scope) {
  TRY(auto evaluated, Evaluator(scope).members(object));
  if (!scope.finish) return evaluated;
  TRY(auto finished, scope.finish(json::value(std::move(evaluated))));
  return std::move(finished.get_object());
}

base::Result<std::map<std::string, bool>> evaluate_conditions(const json::object& declared, const Scope& scope) {
  Evaluator evaluator(scope);
  evaluator.declared_conditions = &declared;
  for (const auto& [name, value] : declared) {
    json::object by_name;
    by_name["Condition"] = name;
    TRY(evaluator.condition(json::value(std::move(by_name))));
  }
  return std::move(evaluator.known_conditions);
}

}  // namespace localcloud
