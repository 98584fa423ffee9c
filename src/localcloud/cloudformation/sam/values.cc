#include "localcloud/cloudformation/sam/values.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/ids.h"

namespace localcloud::sam {
namespace {

json::object call(std::string_view function, json::array arguments) {
  json::object result;
  result[function] = std::move(arguments);
  return result;
}

void append_ascii(std::string& out, char c) {
  constexpr std::string_view kEscaped = "\"\\\n\r\t\b\f";
  constexpr std::string_view kLetters = "\"\\nrtbf";
  const auto found = kEscaped.find(c);
  if (found != std::string_view::npos) {
    out += '\\';
    out += kLetters[found];
  } else if (c < 0x20 || c == 0x7f) {
    out += fmt::format("\\u{:04x}", c);
  } else {
    out += c;
  }
}

void append_code_point(std::string& out, std::uint32_t point) {
  if (point < 0x10000) {
    out += fmt::format("\\u{:04x}", point);
  } else {
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff));
  }
}

// As Python's json.dumps: everything beyond ASCII is escaped. The text is valid UTF-8.
void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      append_ascii(out, text[i++]);
      continue;
    }
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    std::uint32_t point = first & (0xffU >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3fU);
    }
    append_code_point(out, point);
    i += length;
  }
  out += '"';
}

std::string number_text(double number) {
  auto text = fmt::format("{}", number);
  if (text.find_first_of(".eEn") == std::string::npos) text += ".0";
  return text;
}

void append_json(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    std::vector<std::string_view> keys;
    for (const auto& [key, _] : *object) keys.emplace_back(key);
    std::sort(keys.begin(), keys.end());
    out += '{';
    for (const auto key : keys) {
      if (out.back() != '{') out += ',';
      append_text(out, key);
      out += ':';
      append_json(out, *object->if_contains(key));
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, (*array)[i]);
    }
    out += ']';
  } else if (const auto* text = value.if_string()) {
    append_text(out, std::string_view(*text));
  } else if (const auto* number = value.if_double()) {
    out += number_text(*number);
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

json::object ref_to(std::string_view logical_id) {
  json::object result;
  result["Ref"] = logical_id;
  return result;
}

json::object get_att(std::string_view logical_id, std::string_view attribute) {
  return call("Fn::GetAtt", {json::value(logical_id), json::value(attribute)});
}

json::object sub(std::string_view text) {
  json::object result;
  result["Fn::Sub"] = text;
  return result;
}

json::object sub(std::string_view text, json::object variables) {
  return call("Fn::Sub", {json::value(text), std::move(variables)});
}

json::object if_condition(std::string_view condition, json::value value) {
  return if_condition(condition, std::move(value), ref_to("AWS::NoValue"));
}

json::object if_condition(std::string_view condition, json::value value, json::value otherwise) {
  json::array arguments;
  arguments.emplace_back(condition);
  arguments.push_back(std::move(value));
  arguments.push_back(std::move(otherwise));
  return call("Fn::If", std::move(arguments));
}

json::object negated(std::string_view condition) {
  json::object named;
  named["Condition"] = condition;
  json::array arguments;
  arguments.emplace_back(std::move(named));
  return call("Fn::Not", std::move(arguments));
}

const json::value* find(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

json::value* find(json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const json::object* find_object(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

json::object* find_object(json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

json::object& object_in(json::object& object, std::string_view key) {
  auto& value = object[key];
  return value.is_object() ? value.get_object() : value.emplace_object();
}

json::object object_at(const json::object& object, std::string_view key) {
  const auto* value = find_object(object, key);
  return value != nullptr ? *value : json::object{};
}

std::string string_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

void set_if(json::object& object, std::string_view key, const json::value* value) {
  if (value != nullptr) object[key] = *value;
}

bool truthy(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return false;
    case json::kind::bool_:
      return value.get_bool();
    case json::kind::int64:
      return value.get_int64() != 0;
    case json::kind::uint64:
      return value.get_uint64() != 0;
    case json::kind::double_:
      return value.get_double() != 0;
    case json::kind::string:
      return !value.get_string().empty();
    case json::kind::array:
      return !value.get_array().empty();
    case json::kind::object:
      return !value.get_object().empty();
  }
  return false;
}

bool truthy_at(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && truthy(*value);
}

bool is_true(const json::object& object, std::string_view key) {
  const auto* value = find(object, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool is_intrinsic(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) return false;
  const std::string_view key = object->begin()->key();
  return key == "Ref" || key == "Condition" || key.starts_with("Fn::");
}

bool is_if(const json::value& value) {
  return is_intrinsic(value) && value.get_object().contains("Fn::If");
}

bool is_no_value(const json::value& value) {
  return is_intrinsic(value) && string_at(value.get_object(), "Ref") == "AWS::NoValue";
}

bool is_text(const json::value& value, std::string_view text) {
  const auto* string = value.if_string();
  return string != nullptr && std::string_view(*string) == text;
}

std::optional<std::string> referenced_id(const json::value& value) {
  if (!is_intrinsic(value)) return std::nullopt;
  const auto& object = value.get_object();
  if (auto id = string_at(object, "Ref"); !id.empty()) return id;
  const auto* path = object.if_contains("Fn::GetAtt");
  if (path == nullptr) return std::nullopt;
  if (const auto* parts = path->if_array(); parts != nullptr && parts->size() == 2 && (*parts)[0].is_string()) {
    return std::string((*parts)[0].get_string());
  }
  if (!path->is_string()) return std::nullopt;
  const std::string text(path->get_string());
  const auto dot = text.find('.');
  if (dot == std::string::npos || text.find('.', dot + 1) != std::string::npos) return std::nullopt;
  return text.substr(0, dot);
}

bool is_alphanumeric(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (auto& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string result;
  for (std::size_t at = 0;;) {
    const auto next = text.find(what, at);
    result += text.substr(at, next - at);
    if (next == std::string_view::npos) return result;
    result += by;
    at = next + what.size();
  }
}

bool contains(const json::array& array, const json::value& value) {
  return std::find(array.begin(), array.end(), value) != array.end();
}

json::array as_list(const json::value& value) {
  return value.is_array() ? value.get_array() : json::array({value});
}

std::string quoted_list(const std::vector<std::string_view>& names) {
  std::string result = "[";
  for (const auto name : names) result += fmt::format("{}'{}'", result.size() > 1 ? ", " : "", name);
  return result + "]";
}

std::string text_of(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  if (value.is_null()) return "None";
  if (const auto* truth = value.if_bool()) return *truth ? "True" : "False";
  if (const auto* number = value.if_double()) return number_text(*number);
  return replaced(json::serialize(value), "\"", "'");
}

json::array tag_list(const json::object& tags) {
  json::array list;
  for (const auto& [key, value] : tags) {
    json::object tag;
    tag["Key"] = key;
    tag["Value"] = value.is_null() ? json::value("") : value;
    list.emplace_back(std::move(tag));
  }
  return list;
}

std::string sha1_hex(std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return base::to_hex(std::span(digest).first(size));
}

std::string sorted_json(const json::value& value) {
  std::string text;
  append_json(text, value);
  return text;
}

std::string hashed_id(std::string_view prefix, const json::value& data, std::string_view hash) {
  constexpr std::size_t kDigits = 10;
  if (!hash.empty()) return std::string(prefix) + std::string(hash.substr(0, kDigits));
  if (!truthy(data)) return std::string(prefix);
  const auto text = data.is_string() ? std::string(data.get_string()) : sorted_json(data);
  return std::string(prefix) + sha1_hex(text).substr(0, kDigits);
}

}  // namespace localcloud::sam
