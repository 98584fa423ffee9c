#include "localcloud/event_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "codec/json.h"
#include "localcloud/event_pattern_operators.h"

namespace localcloud {

// Alternatives for one leaf of the event.
struct EventPattern::Field {
  std::vector<std::string> path;     // from the event's top
  std::vector<LeafTest> tests = {};  // one has to hold for one leaf
  bool or_absent = false;            // {"exists": false}
};

// An object of the pattern: everything in it has to match.
struct EventPattern::Node {
  std::string key = {};  // in the object around it
  std::vector<Field> fields = {};
  std::vector<Node> objects = {};
  std::vector<std::vector<Node>> choices = {};  // $or: one of each
};

struct EventPattern::Parser {
  std::vector<std::string> path = {};

  base::Result<Node> object(const json::object& pattern, bool inside_or) {
    if (pattern.empty()) return invalid_pattern("Empty objects are not allowed");
    Node node;
    for (const auto& [key, value] : pattern) {
      if (key == "$or") {
        TRY(auto alternatives, choice(value));
        node.choices.push_back(std::move(alternatives));
        continue;
      }
      if (inside_or && is_reserved_in_or(key)) {
        return invalid_pattern(
            fmt::format("{} is Ruler reserved fieldName which cannot be used inside $or.", std::string_view(key)));
      }
      path.emplace_back(key);
      if (value.is_object()) {
        TRY(auto inner, object(value.get_object(), inside_or));
        inner.key = key;
        node.objects.push_back(std::move(inner));
      } else if (value.is_array()) {
        TRY(auto leaf, field(value.get_array()));
        node.fields.push_back(std::move(leaf));
      } else {
        return invalid_pattern(fmt::format("\"{}\" must be an object or an array", std::string_view(key)));
      }
      path.pop_back();
    }
    return node;
  }

 private:
  base::Result<std::vector<Node>> choice(const json::value& value) {
    if (!value.is_array()) return invalid_pattern("It must be an Array followed with $or.");
    std::vector<Node> alternatives;
    for (const auto& one : value.get_array()) {
      if (!one.is_object()) return invalid_pattern("Only JSON object is allowed in array of $or relationship.");
      TRY(auto node, object(one.get_object(), true));
      alternatives.push_back(std::move(node));
    }
    if (alternatives.size() < 2) return invalid_pattern("There must have at least 2 Objects in $or relationship.");
    return alternatives;
  }

  base::Result<Field> field(const json::array& alternatives) {
    if (alternatives.empty()) return invalid_pattern("Empty arrays are not allowed");
    Field field{.path = path};
    for (const auto& one : alternatives) {
      const auto* exists = codec::find(one, "exists");
      if (exists == nullptr) {
        TRY(auto test, parse_leaf_test(one));
        field.tests.push_back(std::move(test));
        continue;
      }
      if (!exists->is_bool()) return invalid_pattern("exists match pattern must be either true or false.");
      if (one.get_object().size() > 1) return invalid_pattern("Only one key allowed in match expression");
      if (exists->get_bool()) {
        field.tests.emplace_back([](const json::value&) { return true; });
      } else {
        field.or_absent = true;
      }
    }
    return field;
  }
};

struct EventPattern::Matcher {
  const json::value& event;
  // Whether the event has the leaf of a field, found once: a field is asked for every element of the arrays around it.
  mutable std::map<const Field*, bool> present = {};

  // `value`: null where the event has nothing.
  bool node(const Node& pattern, const json::value* value) const {
    if (value != nullptr && value->is_array()) {
      const auto& elements = value->get_array();
      return std::any_of(elements.begin(), elements.end(), [&](const auto& one) { return node(pattern, &one); }) ||
             node(pattern, nullptr);
    }
    const auto* object = value != nullptr ? value->if_object() : nullptr;
    auto member = [&](std::string_view key) { return object != nullptr ? object->if_contains(key) : nullptr; };
    return std::all_of(pattern.fields.begin(), pattern.fields.end(),
                       [&](const Field& one) { return field(one, member(one.path.back())); }) &&
           std::all_of(pattern.objects.begin(), pattern.objects.end(),
                       [&](const auto& one) { return node(one, member(one.key)); }) &&
           std::all_of(pattern.choices.begin(), pattern.choices.end(), [&](const auto& alternatives) {
             return std::any_of(alternatives.begin(), alternatives.end(),
                                [&](const Node& one) { return node(one, value); });
           });
  }

 private:
  bool field(const Field& pattern, const json::value* value) const {
    if (value != nullptr && any_leaf(*value, pattern.tests)) return true;
    if (!pattern.or_absent) return false;
    auto [known, fresh] = present.try_emplace(&pattern);
    if (fresh) known->second = has_leaf(event, pattern.path, 0);
    return !known->second;
  }

  static bool any_leaf(const json::value& value, const std::vector<LeafTest>& tests) {
    if (value.is_object()) return false;
    if (const auto* array = value.if_array()) {
      return std::any_of(array->begin(), array->end(), [&](const auto& one) { return any_leaf(one, tests); });
    }
    return std::any_of(tests.begin(), tests.end(), [&](const LeafTest& test) { return test(value); });
  }

  static bool has_leaf(const json::value& value, const std::vector<std::string>& path, std::size_t at) {
    if (const auto* array = value.if_array()) {
      return std::any_of(array->begin(), array->end(), [&](const auto& one) { return has_leaf(one, path, at); });
    }
    const auto* object = value.if_object();
    if (at == path.size()) return object == nullptr;
    const auto* member = object != nullptr ? object->if_contains(path[at]) : nullptr;
    return member != nullptr && has_leaf(*member, path, at + 1);
  }
};

bool EventPattern::matches(const json::value& event) const {
  return Matcher{event}.node(*root_, &event);
}

base::Result<EventPattern> parse_pattern(const json::value& pattern) {
  if (!pattern.is_object()) return invalid_pattern("Filter is not an object");
  TRY(auto root, EventPattern::Parser{}.object(pattern.get_object(), false));
  return EventPattern(std::make_shared<const EventPattern::Node>(std::move(root)));
}

base::Result<EventPattern> parse_pattern_text(std::string_view text) {
  auto pattern = codec::parse_json(text);
  if (!pattern) return invalid_pattern("Invalid JSON");
  return parse_pattern(*pattern);
}

}  // namespace localcloud
