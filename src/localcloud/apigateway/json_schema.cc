#include "localcloud/apigateway/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "codec/json.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/json_members.h"
#include "localcloud/service.h"
#include "localcloud/text_pattern.h"

namespace localcloud {

namespace {

constexpr int kMaxDepth = 32;

tl::unexpected<base::Error> invalid(std::string why) {
  return bad_request(fmt::format("Invalid model specified: {}", why));
}

base::Result<> check(const json::value& schema, int depth) {
  static const std::set<std::string_view> kEffective{"type",     "required",  "properties", "additionalProperties",
                                                     "enum",     "items",     "minimum",    "maximum",
                                                     "pattern",  "minLength", "maxLength",  "minItems",
                                                     "maxItems", "$ref",      "definitions"};
  static const std::set<std::string_view> kWords{"$schema", "title", "description", "example",
                                                 "default", "id",    "$id",         "format"};
  const auto* object = schema.if_object();
  if (object == nullptr) return invalid("a schema must be an object");
  if (depth > kMaxDepth) return invalid("it is too deep");
  for (const auto& [key, value] : *object) {
    if (!kEffective.contains(key) && !kWords.contains(key)) {
      return invalid(fmt::format("{} is not implemented by the local cloud", std::string_view(key)));
    }
    if (key == "additionalProperties" && !value.is_bool()) {
      return invalid("additionalProperties as a schema is not implemented by the local cloud");
    }
    if (key == "items") TRY(check(value, depth + 1));
    if ((key == "properties" || key == "definitions") && value.is_object()) {
      for (const auto& [name, member] : value.get_object()) TRY(check(member, depth + 1));
    }
    if (key == "pattern" && value.is_string()) {
      std::string_view pattern(value.get_string());
      if (!is_text_pattern(pattern)) return invalid(fmt::format("pattern {}", pattern));
    }
  }
  return {};
}

bool is_of(std::string_view type, const json::value& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_int64() || value.is_uint64();
  return type == "number" && value.is_number();
}

// The place of an error, "object has missing required properties" and so on, as API Gateway tells of it.
class Validation {
 public:
  explicit Validation(const Models& models) : models_(models) {}

  std::string run(const json::value& schema, const json::value& value, int depth) const {
    const auto* object = schema.if_object();
    if (object == nullptr || depth > kMaxDepth) return {};
    if (const auto* reference = object->if_contains("$ref"); reference != nullptr && reference->is_string()) {
      std::string name(reference->get_string());
      name = name.substr(name.rfind('/') + 1);
      auto found = models_.find(name);
      return found == models_.end() ? fmt::format("model {} is not there", name) : run(found->second, value, depth + 1);
    }
    if (auto wrong = check_type(*object, value); !wrong.empty()) return wrong;
    if (const auto* known = object->if_contains("enum"); known != nullptr && known->is_array()) {
      const auto& list = known->get_array();
      if (std::find(list.begin(), list.end(), value) == list.end()) {
        return fmt::format("instance value ({}) not found in enum", codec::to_text(value));
      }
    }
    if (value.is_object()) return check_object(*object, value.get_object(), depth);
    if (value.is_array()) return check_list(*object, value.get_array(), depth);
    if (value.is_string()) return check_text(*object, std::string(value.get_string()));
    return value.is_number() ? check_number(*object, value) : std::string();
  }

 private:
  static std::string check_type(const json::object& schema, const json::value& value) {
    const auto* type = schema.if_contains("type");
    if (type == nullptr) return {};
    std::vector<std::string> allowed = texts_in(schema, "type");
    if (type->is_string()) allowed.emplace_back(type->get_string());
    for (const auto& one : allowed) {
      if (is_of(one, value)) return {};
    }
    return fmt::format("instance type does not match any allowed primitive type (allowed: {})",
                       codec::to_text(json::value(json::array(allowed.begin(), allowed.end()))));
  }

  static bool outside(const json::object& schema, std::string_view least, std::string_view most, double size) {
    auto bound = [&](std::string_view name) -> std::optional<double> {
      const auto* found = schema.if_contains(name);
      if (found == nullptr || !found->is_number()) return std::nullopt;
      return found->to_number<double>();
    };
    auto from = bound(least);
    auto to = bound(most);
    return (from && size < *from) || (to && size > *to);
  }

  std::string check_object(const json::object& schema, const json::object& value, int depth) const {
    json::array missing;
    for (const auto& name : texts_in(schema, "required")) {
      if (!value.contains(name)) missing.emplace_back(name);
    }
    if (!missing.empty()) {
      return fmt::format("object has missing required properties ({})", codec::to_text(json::value(missing)));
    }
    const auto& properties = object_in(schema, "properties");
    const auto* others = schema.if_contains("additionalProperties");
    for (const auto& [name, member] : value) {
      const auto* known = properties.if_contains(name);
      if (known == nullptr && others != nullptr && *others == json::value(false)) {
        return fmt::format("object instance has properties which are not allowed by the schema: [\"{}\"]",
                           std::string_view(name));
      }
      if (known == nullptr) continue;
      if (auto wrong = run(*known, member, depth + 1); !wrong.empty()) return wrong;
    }
    return {};
  }

  std::string check_list(const json::object& schema, const json::array& value, int depth) const {
    if (outside(schema, "minItems", "maxItems", static_cast<double>(value.size()))) return "array has a wrong size";
    const auto* items = schema.if_contains("items");
    for (const auto& one : value) {
      if (items == nullptr) break;
      if (auto wrong = run(*items, one, depth + 1); !wrong.empty()) return wrong;
    }
    return {};
  }

  static std::string check_text(const json::object& schema, const std::string& value) {
    if (outside(schema, "minLength", "maxLength", static_cast<double>(value.size()))) {
      return fmt::format("string \"{}\" has a wrong length", value);
    }
    const auto* pattern = schema.if_contains("pattern");
    if (pattern == nullptr || !pattern->is_string()) return {};
    // A pattern of JSON Schema need not match the whole text.
    std::string anywhere = fmt::format("[\\s\\S]*(?:{})[\\s\\S]*", std::string_view(pattern->get_string()));
    if (matches_text_pattern(anywhere, value).value_or(false)) return {};
    return fmt::format("ECMA 262 regex \"{}\" does not match input string \"{}\"",
                       std::string_view(pattern->get_string()), value);
  }

  static std::string check_number(const json::object& schema, const json::value& value) {
    if (!outside(schema, "minimum", "maximum", value.to_number<double>())) return {};
    return fmt::format("numeric instance {} is outside of its bounds", codec::to_text(value));
  }

  const Models& models_;
};

}  // namespace

base::Result<> check_schema(const json::value& schema) {
  return check(schema, 0);
}

std::string violation(const json::value& schema, const json::value& document, const Models& models) {
  return Validation(models).run(schema, document, 0);
}

}  // namespace localcloud
