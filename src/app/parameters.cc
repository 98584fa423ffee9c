#include "app/parameters.h"

#include <fmt/format.h>

#include <charconv>

#include "app/globals.h"

namespace app {
namespace {

namespace json = codec::json;

// As CloudFormation turns scalars into text.
std::optional<std::string> scalar_text(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (const auto* flag = value.if_bool()) return *flag ? "true" : "false";
  if (const auto* real = value.if_double()) return fmt::format("{}", *real);
  if (value.is_number()) return codec::to_text(value);
  return std::nullopt;
}

std::string_view trim(std::string_view text) {
  std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

json::array split_text(std::string_view text, std::string_view delimiter) {
  json::array parts;
  for (std::size_t at = text.find(delimiter); at != std::string_view::npos; at = text.find(delimiter)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + delimiter.size());
  }
  parts.emplace_back(text);
  return parts;
}

json::value parameter_value(std::string_view type, const std::string& text) {
  if (type != "CommaDelimitedList" && !type.starts_with("List<")) return json::string(text);
  json::array list;
  for (const auto& part : split_text(text, ",")) list.emplace_back(trim(part.get_string()));
  return list;
}

const json::value* argument_of(const json::value& value, std::string_view function) {
  return is_intrinsic(value) ? codec::find(value, function) : nullptr;
}

}  // namespace

KnownValues::KnownValues(const json::value& document, const Given& given,
                         const std::map<std::string, std::string>& pseudo)
    : document_(document) {
  for (const auto& [name, value] : pseudo) names_[name] = json::string(value);
  read_parameters(given);
  const auto* conditions = codec::find(document, "Conditions");
  if (conditions == nullptr || !conditions->is_object()) return;
  for (const auto& [name, expression] : conditions->get_object()) decide(std::string(name));
}

void KnownValues::read_parameters(const Given& given) {
  const auto* declared = codec::find(document_, "Parameters");
  if (declared == nullptr || !declared->is_object()) return;
  for (const auto& [key, parameter] : declared->get_object()) {
    std::string name(key);
    std::string type = codec::find_string(parameter, "Type");
    if (type.starts_with("AWS::SSM::")) continue;  // its value is a name in SSM
    if (auto found = given.find(name); found != given.end()) {
      if (found->second) names_[name] = parameter_value(type, *found->second);
    } else if (const auto* fallback = codec::find(parameter, "Default")) {
      if (auto text = scalar_text(*fallback)) names_[name] = parameter_value(type, *text);
    }
  }
}

std::optional<bool> KnownValues::decide(const std::string& name) {
  // Until it is decided it is unknown, to itself too: a circle of conditions ends here.
  auto [at, is_new] = conditions_.emplace(name, std::nullopt);
  if (!is_new) return at->second;
  const auto* expression = codec::find(document_, "Conditions", name);
  if (expression == nullptr) return std::nullopt;
  auto decided = decide(*expression);
  conditions_[name] = decided;
  return decided;
}

std::optional<bool> KnownValues::decide(const json::value& expression) {
  if (!is_intrinsic(expression)) return std::nullopt;
  const auto& [key, argument] = *expression.get_object().begin();
  const auto* list = argument.if_array();
  if (key == "Condition" && argument.is_string()) return decide(std::string(argument.get_string()));
  if (list == nullptr) return std::nullopt;
  if (key == "Fn::Equals" && list->size() == 2) {
    auto left = text((*list)[0]);
    auto right = text((*list)[1]);
    return left && right ? std::optional(*left == *right) : std::nullopt;
  }
  if (key == "Fn::Not" && list->size() == 1) {
    auto negated = decide((*list)[0]);
    return negated ? std::optional(!*negated) : std::nullopt;
  }
  if (key == "Fn::And") return decide_all(argument, false);
  if (key == "Fn::Or") return decide_all(argument, true);
  return std::nullopt;
}

// One `decisive` member decides, known or not as the others are.
std::optional<bool> KnownValues::decide_all(const json::value& list, bool decisive) {
  bool all_known = true;
  for (const auto& member : list.get_array()) {
    auto decided = decide(member);
    if (decided == decisive) return decisive;
    all_known = all_known && decided.has_value();
  }
  return all_known ? std::optional(!decisive) : std::nullopt;
}

std::optional<bool> KnownValues::condition(std::string_view name) const {
  auto found = conditions_.find(name);
  return found == conditions_.end() ? std::nullopt : found->second;
}

const json::value* KnownValues::chosen(const json::value* value) const {
  while (value != nullptr) {
    if (value->is_null()) return nullptr;
    if (const auto* name = argument_of(*value, "Ref")) return *name == json::value("AWS::NoValue") ? nullptr : value;
    const auto* branches = argument_of(*value, "Fn::If");
    if (branches == nullptr || !branches->is_array() || branches->get_array().size() != 3) return value;
    const auto& list = branches->get_array();
    const auto* name = list[0].if_string();
    auto decided = name == nullptr ? std::nullopt : condition(*name);
    if (!decided) return value;
    value = *decided ? &list[1] : &list[2];
  }
  return nullptr;
}

std::optional<std::string> KnownValues::text(const json::value& value) const {
  if (!value.is_structured()) return scalar_text(value);
  auto evaluated = evaluate(value, Pseudo::known_only);
  return evaluated ? scalar_text(*evaluated) : std::nullopt;
}

std::optional<std::string> KnownValues::pattern(const json::value& value) const {
  auto evaluated = evaluate(value, Pseudo::keep);
  return evaluated ? scalar_text(*evaluated) : std::nullopt;
}

std::optional<std::vector<std::string>> KnownValues::list(const json::value& value) const {
  auto evaluated = evaluate(value, Pseudo::known_only);
  if (!evaluated || !evaluated->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& element : evaluated->get_array()) {
    auto text = scalar_text(element);
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  return texts;
}

std::optional<std::string> KnownValues::parameter(const json::value& value) const {
  auto elements = list(value);
  return elements ? fmt::format("{}", fmt::join(*elements, ",")) : text(value);
}

std::optional<int> KnownValues::number(const json::value& value) const {
  auto digits = text(value);
  if (!digits) return std::nullopt;
  int result = 0;
  auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), result);
  if (error != std::errc() || end != digits->data() + digits->size()) return std::nullopt;
  return result;
}

// Scalars, and lists of what is known; nothing for any other object, or for one of unknown parts.
std::optional<json::value> KnownValues::evaluate(const json::value& given, Pseudo pseudo) const {
  const auto* value = chosen(&given);
  if (value == nullptr) return std::nullopt;
  if (const auto* array = value->if_array()) {
    json::array list;
    for (const auto& element : *array) {
      const auto* taken = chosen(&element);
      if (taken == nullptr) continue;  // AWS::NoValue takes an element out of its list
      auto evaluated = evaluate(*taken, pseudo);
      if (!evaluated) return std::nullopt;
      list.push_back(std::move(*evaluated));
    }
    return list;
  }
  if (!value->is_object()) return *value;
  if (!is_intrinsic(*value)) return std::nullopt;
  const auto& [key, argument] = *value->get_object().begin();
  if (key == "Ref" && argument.is_string()) return reference(argument.get_string(), pseudo);
  if (key == "Fn::Sub") return substituted(argument, pseudo);
  const auto* arguments = argument.if_array();
  if (arguments == nullptr) return std::nullopt;
  if (key == "Fn::Join") return joined(*arguments, pseudo);
  if (key == "Fn::Select") return selected(*arguments, pseudo);
  if (key == "Fn::Split") return split(*arguments);
  if (key == "Fn::FindInMap") return found_in_map(*arguments, pseudo);
  return std::nullopt;
}

std::optional<json::value> KnownValues::reference(std::string_view name, Pseudo pseudo) const {
  if (auto found = names_.find(name); found != names_.end()) return found->second;
  if (pseudo == Pseudo::keep && name.starts_with("AWS::")) return json::string(fmt::format("${{{}}}", name));
  return std::nullopt;
}

std::optional<json::value> KnownValues::substituted(const json::value& argument, Pseudo pseudo) const {
  const json::value* pattern = &argument;
  const json::value* defined = nullptr;
  if (const auto* pair = argument.if_array(); pair != nullptr && pair->size() == 2) {
    pattern = &(*pair)[0];
    defined = &(*pair)[1];
  }
  if (!pattern->is_string()) return std::nullopt;
  std::string_view rest = pattern->get_string();
  std::string result;
  while (true) {
    std::size_t open = rest.find("${");
    result += rest.substr(0, open);
    if (open == std::string_view::npos) return json::string(result);
    std::size_t close = rest.find('}', open);
    if (close == std::string_view::npos) return std::nullopt;
    std::string_view name = rest.substr(open + 2, close - open - 2);
    rest.remove_prefix(close + 1);
    if (name.starts_with('!')) {
      result += fmt::format("${{{}}}", name.substr(1));
      continue;
    }
    const auto* own = defined == nullptr ? nullptr : codec::find(*defined, name);
    auto value = own != nullptr ? evaluate(*own, pseudo) : reference(name, pseudo);
    auto text = value ? scalar_text(*value) : std::nullopt;
    if (!text) return std::nullopt;
    result += *text;
  }
}

std::optional<json::value> KnownValues::joined(const json::array& arguments, Pseudo pseudo) const {
  if (arguments.size() != 2 || !arguments[0].is_string()) return std::nullopt;
  auto list = evaluate(arguments[1], pseudo);
  if (!list || !list->is_array()) return std::nullopt;
  std::string result;
  bool first = true;
  for (const auto& element : list->get_array()) {
    auto text = scalar_text(element);
    if (!text) return std::nullopt;
    if (!first) result += std::string_view(arguments[0].get_string());
    result += *text;
    first = false;
  }
  return json::string(result);
}

std::optional<json::value> KnownValues::selected(const json::array& arguments, Pseudo pseudo) const {
  if (arguments.size() != 2) return std::nullopt;
  auto index = number(arguments[0]);
  if (!index || *index < 0) return std::nullopt;
  auto at = static_cast<std::size_t>(*index);
  // Of a list that stands there, only the selected element has to be known.
  const auto* literal = arguments[1].if_array();
  if (literal != nullptr) return at < literal->size() ? evaluate((*literal)[at], pseudo) : std::nullopt;
  auto list = evaluate(arguments[1], pseudo);
  if (!list || !list->is_array() || at >= list->get_array().size()) return std::nullopt;
  return list->get_array()[at];
}

// Its text has to be known as a whole: a delimiter may be in what a pseudo parameter stands for.
std::optional<json::value> KnownValues::split(const json::array& arguments) const {
  if (arguments.size() != 2 || !arguments[0].is_string() || arguments[0].get_string().empty()) return std::nullopt;
  auto whole = text(arguments[1]);
  return whole ? std::optional<json::value>(split_text(*whole, arguments[0].get_string())) : std::nullopt;
}

std::optional<json::value> KnownValues::found_in_map(const json::array& arguments, Pseudo pseudo) const {
  if (arguments.size() != 3 && arguments.size() != 4) return std::nullopt;
  auto map = text(arguments[0]);
  auto first = text(arguments[1]);
  auto second = text(arguments[2]);
  if (!map || !first || !second) return std::nullopt;
  // Mappings hold no intrinsic functions: what stands there is not evaluated, so that none can lead back to itself.
  if (const auto* found = codec::find(document_, "Mappings", *map, *first, *second)) {
    return found->is_object() ? std::nullopt : std::optional(*found);
  }
  const auto* fallback = arguments.size() == 4 ? codec::find(arguments[3], "DefaultValue") : nullptr;
  return fallback == nullptr ? std::nullopt : evaluate(*fallback, pseudo);
}

}  // namespace app
