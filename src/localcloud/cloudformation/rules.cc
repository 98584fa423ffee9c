#include "localcloud/cloudformation/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {
namespace {

using Texts = std::vector<std::string>;

class RuleChecker {
 public:
  explicit RuleChecker(const Scope& scope) : scope_(scope) {}

  // The rule functions; what else there is are conditions (Fn::Equals, Ref, …).
  base::Result<bool> holds(const json::value& from) const {
    const auto* object = from.if_object();
    if (object == nullptr || object->size() != 1) return truth(from);
    const auto& [key, argument] = *object->begin();
    const std::string_view function(key);
    if (function == "Fn::And" || function == "Fn::Or") return all_or_any(argument, function == "Fn::And");
    if (function == "Fn::Not") {
      const auto* list = argument.if_array();
      if (list == nullptr || list->size() != 1)
        return validation_error("Template error: every Fn::Not object requires one boolean parameter.");
      TRY(const bool inner, holds((*list)[0]));
      return !inner;
    }
    if (function == "Fn::Contains") {
      TRY(const auto sides, two_lists(argument, function));
      return contains(sides.first, sides.second.empty() ? "" : sides.second.front());
    }
    if (function == "Fn::EachMemberEquals") {
      TRY(const auto sides, two_lists(argument, function));
      return std::all_of(sides.first.begin(), sides.first.end(),
                         [&](const std::string& one) { return !sides.second.empty() && one == sides.second.front(); });
    }
    if (function == "Fn::EachMemberIn") {
      TRY(const auto sides, two_lists(argument, function));
      return std::all_of(sides.first.begin(), sides.first.end(),
                         [&](const std::string& one) { return contains(sides.second, one); });
    }
    return truth(from);
  }

 private:
  static bool contains(const Texts& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  }

  base::Result<bool> truth(const json::value& from) const {
    json::object declared;
    declared["Rule"] = from;
    TRY(const auto conditions, evaluate_conditions(declared, scope_));
    return conditions.at("Rule");
  }

  base::Result<bool> all_or_any(const json::value& argument, bool all) const {
    const auto* list = argument.if_array();
    if (list == nullptr) return validation_error("Template error: Fn::And and Fn::Or require a list of conditions");
    bool result = all;
    for (const auto& element : *list) {
      TRY(const bool one, holds(element));
      result = all ? (result && one) : (result || one);
    }
    return result;
  }

  base::Result<std::pair<Texts, Texts>> two_lists(const json::value& argument, std::string_view function) const {
    const auto* list = argument.if_array();
    if (list == nullptr || list->size() != 2)
      return validation_error(fmt::format("Template error: {} requires a list of 2 parameters", function));
    TRY(auto first, texts((*list)[0]));
    TRY(auto second, texts((*list)[1]));
    return std::pair(std::move(first), std::move(second));
  }

  base::Result<Texts> texts(const json::value& from) const {
    TRY(const auto value, evaluate(from, scope_));
    Texts result;
    const auto* list = value.if_array();
    for (const auto& one : list == nullptr ? json::array({value}) : *list)
      result.push_back(scalar_text(one).value_or(""));
    return result;
  }

  const Scope& scope_;
};

}  // namespace

base::Result<> check_rules(const json::object& rules, const Scope& scope) {
  const RuleChecker checker(scope);
  std::vector<std::string> broken;
  for (const auto& [name, rule] : rules) {
    if (const auto* condition = codec::find(rule, "RuleCondition")) {
      TRY(const bool applies, checker.holds(*condition));
      if (!applies) continue;
    }
    const auto* assertions = codec::find(rule, "Assertions");
    if (assertions == nullptr || !assertions->is_array()) {
      return validation_error(
          fmt::format("Template format error: Rule {} must contain Assertions, a list.", std::string_view(name)));
    }
    for (const auto& assertion : assertions->get_array()) {
      const auto* assert = codec::find(assertion, "Assert");
      if (assert == nullptr) {
        return validation_error(fmt::format("Template format error: Every assertion of rule {} must contain Assert.",
                                            std::string_view(name)));
      }
      TRY(const bool kept, checker.holds(*assert));
      if (kept) continue;
      const auto description = codec::find_string(assertion, "AssertDescription");
      broken.push_back(description.empty() ? fmt::format("Rule {} is not kept", std::string_view(name)) : description);
    }
  }
  if (broken.empty()) return {};
  return validation_error(fmt::format("Template error: {}", join(broken)));
}

}  // namespace localcloud
