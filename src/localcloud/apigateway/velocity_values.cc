#include "localcloud/apigateway/velocity_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "codec/base64.h"
#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/wire.h"
#include "net/url.h"

namespace localcloud::velocity {

namespace {

using Values = std::vector<json::value>;

tl::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::ErrorKind::invalid_input, std::move(message));
}

std::string argument(const Values& arguments, std::size_t index) {
  return index < arguments.size() ? text_of(arguments[index]) : std::string();
}

json::string text_value(std::string_view text) {
  return json::string(text);
}

// As Java's escapeEcmaScript.
std::string escape_javascript(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    auto code = static_cast<unsigned char>(c);
    if (c == '\'' || c == '"' || c == '\\' || c == '/') {
      escaped += '\\';
      escaped += c;
    } else if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\r') {
      escaped += "\\r";
    } else if (c == '\t') {
      escaped += "\\t";
    } else if (c == '\b') {
      escaped += "\\b";
    } else if (c == '\f') {
      escaped += "\\f";
    } else if (code < 0x20) {
      escaped += fmt::format("\\u{:04X}", code);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// As Java's URLEncoder: a blank is '+'.
std::string url_encode(std::string_view text) {
  std::string encoded;
  for (char c : text) {
    if (c == ' ') {
      encoded += '+';
    } else if (c == '*') {
      encoded += c;
    } else if (c == '~') {
      encoded += "%7E";
    } else {
      encoded += net::percent_encode(std::string_view(&c, 1));
    }
  }
  return encoded;
}

std::string url_decode(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return net::percent_decode(text);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

json::array split(std::string_view text, std::string_view at) {
  json::array parts;
  if (at.empty()) return {text_value(text)};
  for (;;) {
    std::size_t next = text.find(at);
    parts.emplace_back(text_value(text.substr(0, next)));
    if (next == std::string_view::npos) return parts;
    text.remove_prefix(next + at.size());
  }
}

std::size_t index_in(const Values& arguments, std::size_t which, std::size_t otherwise) {
  if (which >= arguments.size() || !arguments[which].is_int64()) return otherwise;
  return static_cast<std::size_t>(std::max<std::int64_t>(0, arguments[which].get_int64()));
}

std::string trimmed(std::string_view text) {
  std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

std::string upper_case(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return text;
}

using Method = std::function<json::value(const std::string& text, const Values& arguments)>;

const std::map<std::string_view, Method>& text_methods() {
  static const std::map<std::string_view, Method> methods{
      {"length", [](auto& text, auto&) { return json::value(text.size()); }},
      {"equals", [](auto& text, auto& with) { return json::value(text == argument(with, 0)); }},
      {"equalsIgnoreCase",
       [](auto& text, auto& with) { return json::value(lower_case(text) == lower_case(argument(with, 0))); }},
      {"contains",
       [](auto& text, auto& with) { return json::value(text.find(argument(with, 0)) != std::string::npos); }},
      {"startsWith", [](auto& text, auto& with) { return json::value(text.starts_with(argument(with, 0))); }},
      {"endsWith", [](auto& text, auto& with) { return json::value(text.ends_with(argument(with, 0))); }},
      {"toLowerCase", [](auto& text, auto&) { return json::value(lower_case(text)); }},
      {"toUpperCase", [](auto& text, auto&) { return json::value(upper_case(text)); }},
      {"trim", [](auto& text, auto&) { return json::value(trimmed(text)); }},
      {"concat", [](auto& text, auto& with) { return json::value(text + argument(with, 0)); }},
      {"replace",
       [](auto& text, auto& with) { return json::value(replaced(text, argument(with, 0), argument(with, 1))); }},
      {"split", [](auto& text, auto& with) { return json::value(split(text, argument(with, 0))); }},
      {"indexOf",
       [](auto& text, auto& with) {
         auto at = text.find(argument(with, 0));
         return at == std::string::npos ? json::value(-1) : json::value(at);
       }},
      {"substring",
       [](auto& text, auto& with) {
         auto begin = std::min(index_in(with, 0, 0), text.size());
         auto end = std::clamp(index_in(with, 1, text.size()), begin, text.size());
         return json::value(text.substr(begin, end - begin));
       }},
  };
  return methods;
}

json::value call_list(const json::array& list, std::string_view name, const Values& arguments) {
  if (name == "size") return json::value(list.size());
  if (name == "isEmpty") return json::value(list.empty());
  if (name == "get") return arguments.empty() ? json::value() : element_of(json::value(list), arguments[0]);
  if (name == "contains") {
    return json::value(!arguments.empty() && std::find(list.begin(), list.end(), arguments[0]) != list.end());
  }
  return {};
}

json::value call_map(const json::object& map, std::string_view name, const Values& arguments) {
  if (name == "size") return json::value(map.size());
  if (name == "isEmpty") return json::value(map.empty());
  if (name == "get") return member_of(json::value(map), argument(arguments, 0));
  if (name == "containsKey") return json::value(map.contains(argument(arguments, 0)));
  json::array all;
  for (const auto& [key, value] : map) {
    if (name == "keySet") all.emplace_back(json::string(key));
    if (name == "values") all.push_back(value);
    if (name == "entrySet") all.push_back(json::object{{"key", json::string(key)}, {"value", value}});
  }
  return all;
}

}  // namespace

bool is_input_function(std::string_view name) {
  return name == "json" || name == "path" || name == "params";
}

bool is_util_function(std::string_view name) {
  return name == "escapeJavaScript" || name == "urlEncode" || name == "urlDecode" || name == "base64Encode" ||
         name == "base64Decode" || name == "parseJson";
}

bool is_method(std::string_view name) {
  static constexpr std::array kOthers{"size",   "isEmpty", "get",      "containsKey",
                                      "keySet", "values",  "entrySet", "toString"};
  return text_methods().contains(name) || std::find(kOthers.begin(), kOthers.end(), name) != kOthers.end();
}

std::string text_of(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.get_string());
  const auto* map = value.if_object();
  if (map == nullptr) return codec::to_text(value);
  std::string text = "{";
  for (const auto& [key, one] : *map) {
    text += fmt::format("{}{}={}", text.size() > 1 ? ", " : "", std::string_view(key),
                        one.is_null() ? std::string("null") : text_of(one));
  }
  return text + "}";
}

json::value member_of(const json::value& of, std::string_view name) {
  const auto* map = of.if_object();
  const auto* found = map == nullptr ? nullptr : map->if_contains(name);
  return found == nullptr ? json::value() : *found;
}

json::value element_of(const json::value& of, const json::value& index) {
  const auto* list = of.if_array();
  if (list == nullptr) return member_of(of, text_of(index));
  if (!index.is_int64() || index.get_int64() < 0) return {};
  auto at = static_cast<std::size_t>(index.get_int64());
  return at < list->size() ? (*list)[at] : json::value();
}

base::Result<json::value> at_json_path(const json::value& document, std::string_view path) {
  std::string_view rest = path;
  if (rest.starts_with('$')) rest.remove_prefix(1);
  json::value value = document;
  while (!rest.empty()) {
    json::value index;
    if (rest.starts_with('.') && rest.size() > 1 && rest[1] != '.' && rest[1] != '*') {
      std::size_t end = rest.find_first_of(".[", 1);
      index = json::string(rest.substr(1, end == std::string_view::npos ? end : end - 1));
      rest.remove_prefix(std::min(end, rest.size()));
    } else if (std::size_t end = rest.find(']'); rest.starts_with('[') && end != std::string_view::npos) {
      std::string_view inside = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
      std::int64_t number = 0;
      auto [stop, error] = std::from_chars(inside.data(), inside.data() + inside.size(), number);
      bool quoted =
          inside.size() > 2 && (inside.front() == '\'' || inside.front() == '"') && inside.back() == inside.front();
      if (inside == "*") {
        json::array all;
        if (const auto* list = value.if_array()) {
          for (const auto& one : *list) {
            TRY(auto found, at_json_path(one, rest));
            if (!found.is_null()) all.push_back(std::move(found));
          }
        }
        return json::value(std::move(all));
      }
      if (quoted) {
        index = json::string(inside.substr(1, inside.size() - 2));
      } else if (error == std::errc{} && stop == inside.data() + inside.size()) {
        index = number;
      } else {
        return invalid(fmt::format("JSONPath {}: the local cloud does not know [{}]", path, inside));
      }
    } else {
      return invalid(fmt::format("JSONPath {}: the local cloud does not know {}", path, rest));
    }
    value = element_of(value, index);
  }
  return value;
}

base::Result<json::value> call_input(std::string_view name, const Values& arguments, const TemplateScope& scope) {
  if (name == "params") {
    if (arguments.empty()) return json::value(scope.params);
    const std::string wanted = argument(arguments, 0);
    for (std::string_view place : {"path", "querystring", "header"}) {
      auto all = member_of(json::value(scope.params), place);
      if (!all.is_object()) continue;
      for (const auto& [key, value] : all.get_object()) {
        if (key == wanted || (place == "header" && lower_case(key) == lower_case(wanted))) return value;
      }
    }
    return json::value(text_value(""));
  }
  // An empty body is an empty document.
  TRY(auto document, codec::parse_json(scope.body.empty() ? "{}" : scope.body));
  TRY(auto found, at_json_path(document, argument(arguments, 0)));
  if (name == "path") return found;
  return json::value(found.is_null() ? text_value("\"\"") : text_value(codec::to_text(found)));
}

base::Result<json::value> call_util(std::string_view name, const Values& arguments) {
  const std::string text = argument(arguments, 0);
  if (name == "escapeJavaScript") return json::value(text_value(escape_javascript(text)));
  if (name == "urlEncode") return json::value(text_value(url_encode(text)));
  if (name == "urlDecode") return json::value(text_value(url_decode(text)));
  if (name == "base64Encode") return json::value(text_value(codec::base64_encode(std::string_view(text))));
  if (name == "base64Decode") {
    TRY(auto decoded, codec::base64_decode(text));
    return json::value(text_value(decoded));
  }
  return codec::parse_json(text);
}

base::Result<json::value> call_method(const json::value& of, std::string_view name, const Values& arguments) {
  if (name == "toString") return json::value(text_value(text_of(of)));
  if (of.is_null()) return json::value();
  if (const auto* list = of.if_array()) return call_list(*list, name, arguments);
  if (const auto* map = of.if_object()) return call_map(*map, name, arguments);
  const std::string text = text_of(of);
  if (name == "isEmpty") return json::value(text.empty());
  auto found = text_methods().find(name);
  if (found == text_methods().end()) return invalid(fmt::format("{} is no method of a text", name));
  return found->second(text, arguments);
}

}  // namespace localcloud::velocity
