#include "localcloud/dynamodb/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "codec/base64.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/number.h"

namespace localcloud {

namespace {

json::value typed(std::string_view type, json::value content) {
  json::object out;
  out[type] = std::move(content);
  return out;
}

// The size() function: characters of text, bytes of binary, members of sets, lists and maps.
std::optional<std::size_t> size_function(const json::value& value) {
  auto type = type_of(value);
  const auto& content = content_of(value);
  if (type == "S") {
    auto text = content.get_string();
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  }
  if (type == "B") return codec::base64_decode(content.get_string()).value_or("").size();
  if (content.is_array()) return content.get_array().size();
  if (content.is_object()) return content.get_object().size();
  return std::nullopt;
}

std::optional<json::value> operand_value(const Operand& operand, const json::object& item) {
  if (operand.kind == Operand::Kind::value) return operand.value;
  const auto* found = operand.path.empty() ? &operand.value : find_path(item, operand.path);
  if (found == nullptr) return std::nullopt;
  if (operand.kind != Operand::Kind::size) return *found;
  auto size = size_function(*found);
  if (!size) return std::nullopt;
  return typed("N", json::value(std::to_string(*size)));
}

bool compare(const json::value& left, std::string_view operation, const json::value& right) {
  if (operation == "=") return equal_values(left, right);
  if (operation == "<>") return !equal_values(left, right);
  auto order = compare_values(left, right);
  if (!order) return false;
  if (operation == "<") return *order < 0;
  if (operation == "<=") return *order <= 0;
  if (operation == ">") return *order > 0;
  return *order >= 0;
}

bool contains(const json::value& whole, const json::value& part) {
  auto type = type_of(whole);
  auto part_type = type_of(part);
  if (type == "S" && part_type == "S") {
    return std::string_view(content_of(whole).get_string()).find(std::string_view(content_of(part).get_string())) !=
           std::string_view::npos;
  }
  if (type == "B" && part_type == "B") {
    auto bytes = codec::base64_decode(content_of(whole).get_string()).value_or("");
    return bytes.find(codec::base64_decode(content_of(part).get_string()).value_or("")) != std::string::npos;
  }
  if (type == "L") {
    const auto& list = content_of(whole).get_array();
    return std::any_of(list.begin(), list.end(), [&](const auto& one) { return equal_values(one, part); });
  }
  if (type.size() == 2 && type.ends_with('S') && type.substr(0, 1) == part_type) {
    const auto& set = content_of(whole).get_array();
    return std::find(set.begin(), set.end(), content_of(part)) != set.end();
  }
  return false;
}

bool function_holds(const Condition& function, const json::object& item) {
  const auto& operands = function.operands;
  auto first = operand_value(operands[0], item);
  if (function.name == "attribute_exists") return first.has_value();
  if (function.name == "attribute_not_exists") return !first.has_value();
  auto second = operand_value(operands[1], item);
  if (!first || !second) return false;
  if (function.name == "contains") return contains(*first, *second);
  if (function.name == "attribute_type") {
    return type_of(*second) == "S" && type_of(*first) == std::string_view(content_of(*second).get_string());
  }
  auto type = type_of(*first);
  if (type != type_of(*second) || (type != "S" && type != "B")) return false;
  if (type == "S") {
    return std::string_view(content_of(*first).get_string())
        .starts_with(std::string_view(content_of(*second).get_string()));
  }
  auto bytes = codec::base64_decode(content_of(*first).get_string()).value_or("");
  return bytes.starts_with(codec::base64_decode(content_of(*second).get_string()).value_or(""));
}

// --- Updates

base::Result<json::value> set_value(const Operand& operand, const json::object& item) {
  if (operand.kind == Operand::Kind::if_not_exists) {
    if (const auto* found = find_path(item, operand.path)) return *found;
    return set_value(operand.arguments[0], item);
  }
  if (operand.kind == Operand::Kind::list_append) {
    TRY(auto first, set_value(operand.arguments[0], item));
    TRY(auto second, set_value(operand.arguments[1], item));
    if (type_of(first) != "L" || type_of(second) != "L") {
      return validation_exception("An operand in the update expression has an incorrect data type");
    }
    json::array joined = content_of(first).get_array();
    for (const auto& one : content_of(second).get_array()) joined.push_back(one);
    return typed("L", std::move(joined));
  }
  auto value = operand_value(operand, item);
  if (!value)
    return validation_exception("The provided expression refers to an attribute that does not exist in the item");
  return *value;
}

base::Result<json::value> set_result(const Update::Set& clause, const json::object& item) {
  TRY(auto first, set_value(clause.first, item));
  if (clause.operation == 0) return first;
  TRY(auto second, set_value(clause.second, item));
  if (type_of(first) != "N" || type_of(second) != "N") {
    return validation_exception("An operand in the update expression has an incorrect data type");
  }
  auto combine = clause.operation == '+' ? add_numbers : subtract_numbers;
  TRY(auto sum, combine(content_of(first).get_string(), content_of(second).get_string()));
  return typed("N", json::value(sum));
}

// What holds the last part of a path: the members of a map, or the elements of a list.
struct Parent {
  json::object* map = nullptr;
  json::array* list = nullptr;
};

Parent find_parent(json::object& item, const Path& path) {
  Parent parent{.map = &item};
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    json::value* child = nullptr;
    if (const auto* name = std::get_if<std::string>(&path[i])) {
      if (parent.map != nullptr) child = parent.map->if_contains(*name);
    } else if (parent.list != nullptr) {
      child = parent.list->if_contains(std::get<std::size_t>(path[i]));
    }
    if (child == nullptr) return {};
    auto& content = child->get_object().begin()->value();
    auto type = type_of(*child);
    parent = {.map = type == "M" ? &content.get_object() : nullptr,
              .list = type == "L" ? &content.get_array() : nullptr};
  }
  return parent;
}

base::Result<> put(json::object& item, const Path& path, json::value value) {
  auto parent = find_parent(item, path);
  if (const auto* name = std::get_if<std::string>(&path.back())) {
    if (parent.map != nullptr) {
      (*parent.map)[*name] = std::move(value);
      return {};
    }
  } else if (parent.list != nullptr) {
    auto index = std::get<std::size_t>(path.back());
    // Past the end is the end.
    if (index < parent.list->size()) {
      (*parent.list)[index] = std::move(value);
    } else {
      parent.list->push_back(std::move(value));
    }
    return {};
  }
  return validation_exception("The document path provided in the update expression is invalid for update");
}

base::Result<> remove(json::object& item, const Path& path) {
  auto parent = find_parent(item, path);
  if (const auto* name = std::get_if<std::string>(&path.back())) {
    if (parent.map == nullptr)
      return validation_exception("The document path provided in the update expression is invalid for update");
    parent.map->erase(*name);
    return {};
  }
  if (parent.list == nullptr)
    return validation_exception("The document path provided in the update expression is invalid for update");
  auto index = std::get<std::size_t>(path.back());
  if (index < parent.list->size()) parent.list->erase(parent.list->begin() + static_cast<std::ptrdiff_t>(index));
  return {};
}

tl::unexpected<base::Error> type_mismatch() {
  return validation_exception("An operand in the update expression has an incorrect data type");
}

base::Result<json::value> added(const json::value* before, const json::value& change) {
  if (before == nullptr) return change;
  auto type = type_of(change);
  if (type_of(*before) != type) return type_mismatch();
  if (type == "N") {
    TRY(auto sum, add_numbers(content_of(*before).get_string(), content_of(change).get_string()));
    return typed("N", json::value(sum));
  }
  const auto& old = content_of(*before).get_array();
  auto known = members_of(old);
  auto members = old;
  for (const auto& one : content_of(change).get_array()) {
    if (!known.contains(one.get_string())) members.push_back(one);
  }
  return typed(type, std::move(members));
}

base::Result<> erase_members(json::object& item, const Path& path, const json::value& change) {
  const auto* before = find_path(item, path);
  if (before == nullptr) return {};
  auto type = type_of(change);
  if (type_of(*before) != type) return type_mismatch();
  json::array left;
  auto gone = members_of(content_of(change).get_array());
  for (const auto& one : content_of(*before).get_array()) {
    if (!gone.contains(one.get_string())) left.push_back(one);
  }
  // An empty set does not exist.
  return left.empty() ? remove(item, path) : put(item, path, typed(type, std::move(left)));
}

// Puts what `path` names into `into`, making maps and lists on the way; list elements keep their order, not their
// index. `before`: the path that was copied before this one, in their order.
void copy_part(const json::value& found, const Path& path, const Path& before, json::object& into) {
  auto shared = static_cast<std::size_t>(std::mismatch(path.begin(), path.end(), before.begin(), before.end()).first -
                                         path.begin());
  json::object* map = &into;
  json::array* list = nullptr;
  for (std::size_t i = 0; i < path.size(); ++i) {
    json::value* slot = nullptr;
    if (const auto* name = std::get_if<std::string>(&path[i])) {
      slot = &(*map)[*name];
    } else {
      if (i >= shared) list->emplace_back(nullptr);
      slot = &list->back();
    }
    if (i + 1 == path.size()) {
      *slot = found;
      return;
    }
    bool next_is_name = path[i + 1].index() == 0;
    if (!slot->is_object()) *slot = next_is_name ? typed("M", json::object()) : typed("L", json::array());
    auto& content = slot->get_object().begin()->value();
    map = content.if_object();
    list = content.if_array();
  }
}

}  // namespace

bool holds(const Condition& condition, const json::object& item) {
  auto part_holds = [&](const Condition& part) { return holds(part, item); };
  switch (condition.kind) {
    case Condition::Kind::all:
      return std::all_of(condition.parts.begin(), condition.parts.end(), part_holds);
    case Condition::Kind::any:
      return std::any_of(condition.parts.begin(), condition.parts.end(), part_holds);
    case Condition::Kind::negation:
      return !holds(condition.parts[0], item);
    case Condition::Kind::function:
      return function_holds(condition, item);
    default:
      break;
  }
  std::vector<std::optional<json::value>> values;
  for (const auto& operand : condition.operands) values.push_back(operand_value(operand, item));
  if (condition.kind == Condition::Kind::in) {
    return values[0] && std::any_of(values.begin() + 1, values.end(),
                                    [&](const auto& one) { return one && equal_values(*values[0], *one); });
  }
  // An attribute that is not there differs from every value, and compares with none.
  if (condition.name == "<>" && (!values[0] || !values[1])) return values[0].has_value() || values[1].has_value();
  if (std::any_of(values.begin(), values.end(), [](const auto& one) { return !one; })) return false;
  if (condition.kind == Condition::Kind::between) {
    return compare(*values[0], ">=", *values[1]) && compare(*values[0], "<=", *values[2]);
  }
  return compare(*values[0], condition.name, *values[1]);
}

base::Result<json::object> apply(const Update& update, const json::object& item) {
  json::object after = item;
  // List indexes count in the item as it was: sets first, then removals from the highest index down.
  for (const auto& clause : update.set) {
    TRY(auto value, set_result(clause, item));
    TRY(put(after, clause.path, std::move(value)));
  }
  for (const auto& change : update.add) {
    TRY(auto value, added(find_path(item, change.path), change.value));
    TRY(put(after, change.path, std::move(value)));
  }
  for (const auto& change : update.erase) TRY(erase_members(after, change.path, change.value));
  auto removals = update.remove;
  std::sort(removals.rbegin(), removals.rend());
  for (const auto& path : removals) TRY(remove(after, path));
  return after;
}

json::object project(const std::vector<Path>& paths, const json::object& item) {
  auto ordered = paths;
  std::sort(ordered.begin(), ordered.end());
  json::object out;
  Path before;
  for (const auto& path : ordered) {
    const auto* found = find_path(item, path);
    if (found == nullptr) continue;
    copy_part(*found, path, before, out);
    before = path;
  }
  return out;
}

std::vector<Path> written_paths(const Update& update) {
  std::vector<Path> paths = update.remove;
  for (const auto& one : update.set) paths.push_back(one.path);
  for (const auto& one : update.add) paths.push_back(one.path);
  for (const auto& one : update.erase) paths.push_back(one.path);
  return paths;
}

}  // namespace localcloud
