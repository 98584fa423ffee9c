#include "localcloud/dynamodb/key_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/tokens.h"

namespace localcloud {

namespace {

// "a AND (b AND c)": every part of the conjunctions.
void collect(const Condition& condition, std::vector<Condition>& parts) {
  if (condition.kind != Condition::Kind::all) {
    parts.push_back(condition);
    return;
  }
  for (const auto& part : condition.parts) collect(part, parts);
}

tl::unexpected<base::Error> wrong_operator(std::string_view name) {
  return validation_exception(fmt::format("Invalid operator used in KeyConditionExpression: {}", name));
}

base::Result<> check_kind(const Condition& part) {
  using Kind = Condition::Kind;
  if (part.kind == Kind::any) return wrong_operator("OR");
  if (part.kind == Kind::negation) return wrong_operator("NOT");
  if (part.kind == Kind::in) return wrong_operator("IN");
  if (part.name == "<>") return wrong_operator("<>");
  if (part.kind == Kind::function && part.name != "begins_with") return wrong_operator(part.name);
  bool first_is_path = part.operands[0].kind == Operand::Kind::path;
  bool ordered = part.kind == Kind::between || part.kind == Kind::function;
  if (ordered && !first_is_path) {
    return validation_exception(
        fmt::format("Invalid condition in KeyConditionExpression: {} operator must have the key attribute as its first "
                    "operand",
                    part.kind == Kind::between ? "BETWEEN" : part.name));
  }
  return {};
}

// The one attribute of the part; the part is turned so that the attribute stands first.
base::Result<std::string> attribute_of(Condition& part) {
  std::string name;
  std::size_t at = 0;
  for (std::size_t i = 0; i < part.operands.size(); ++i) {
    const auto& operand = part.operands[i];
    if (operand.kind == Operand::Kind::size) {
      return validation_exception("KeyConditionExpressions cannot contain nested operations");
    }
    if (operand.kind != Operand::Kind::path || operand.path.empty()) continue;
    if (!name.empty()) {
      return validation_exception(
          "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition");
    }
    if (operand.path.size() > 1) {
      return validation_exception("KeyConditionExpressions cannot have conditions on nested attributes");
    }
    name = std::get<std::string>(operand.path[0]);
    at = i;
  }
  if (name.empty()) {
    return validation_exception("Invalid condition in KeyConditionExpression: No key attribute specified");
  }
  if (at != 0) {
    static const std::map<std::string, std::string> kTurned{{"<", ">"}, {"<=", ">="}, {">", "<"}, {">=", "<="}};
    std::swap(part.operands[0], part.operands[at]);
    if (auto turned = kTurned.find(part.name); turned != kTurned.end()) part.name = turned->second;
  }
  return name;
}

base::Result<> check_type(const Condition& part, const KeyAttribute& attribute) {
  bool fits = std::all_of(part.operands.begin() + 1, part.operands.end(), [&](const Operand& one) {
    return one.kind != Operand::Kind::value || type_of(one.value) == attribute.type;
  });
  if (fits) return {};
  return validation_exception(
      "One or more parameter values were invalid: Condition parameter type does not match schema type");
}

void collect_heads(const Operand& operand, std::vector<std::string>& names) {
  if (!operand.path.empty()) names.push_back(std::get<std::string>(operand.path[0]));
}

}  // namespace

base::Result<KeyCondition> key_condition_of(const Condition& condition, const KeySchema& schema) {
  std::vector<Condition> parts;
  collect(condition, parts);
  std::map<std::string, Condition> by_name;
  for (auto& part : parts) {
    TRY(check_kind(part));
    TRY(auto name, attribute_of(part));
    if (!by_name.emplace(name, std::move(part)).second) {
      return validation_exception("KeyConditionExpressions must only contain one condition per key");
    }
  }
  if (by_name.size() > 2) return validation_exception("Conditions can be of length 1 or 2 only");
  auto hash = by_name.find(schema.hash.name);
  if (!schema.range && by_name.size() > 1) return validation_exception("Query key condition not supported");
  if (hash == by_name.end()) {
    return validation_exception(fmt::format("Query condition missed key schema element: {}", schema.hash.name));
  }
  TRY(check_type(hash->second, schema.hash));
  if (hash->second.kind != Condition::Kind::comparison || hash->second.name != "=") {
    return validation_exception("Query key condition not supported");
  }
  KeyCondition found{.partition = hash->second.operands[1].value};
  if (by_name.size() == 1) return found;
  auto range = by_name.find(schema.range->name);
  if (range == by_name.end()) {
    return validation_exception(fmt::format("Query condition missed key schema element: {}", schema.range->name));
  }
  TRY(check_type(range->second, *schema.range));
  found.range = std::move(range->second);
  return found;
}

json::object equalities_of(const Condition& condition) {
  std::vector<Condition> parts;
  collect(condition, parts);
  json::object equal;
  for (auto& part : parts) {
    if (part.kind != Condition::Kind::comparison || part.name != "=") continue;
    auto name = attribute_of(part);
    if (name && part.operands[1].kind == Operand::Kind::value) equal[*name] = part.operands[1].value;
  }
  return equal;
}

std::vector<std::string> attributes_of(const Condition& condition) {
  std::vector<std::string> names;
  for (const auto& operand : condition.operands) collect_heads(operand, names);
  for (const auto& part : condition.parts) {
    for (auto& name : attributes_of(part)) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace localcloud
