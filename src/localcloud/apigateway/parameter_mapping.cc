#include "localcloud/apigateway/parameter_mapping.h"

#include <fmt/format.h>

#include <array>

#include "codec/json.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/velocity_values.h"
#include "localcloud/http_text.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> refused(std::string_view expression) {
  return bad_request(
      fmt::format("Invalid mapping expression specified: {}: the local cloud does not know it", expression));
}

bool cut(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool is_static(std::string_view expression) {
  return expression.size() >= 2 && expression.front() == '\'' && expression.back() == '\'';
}

template <std::size_t N>
bool starts_with_any(std::string_view text, const std::array<std::string_view, N>& prefixes) {
  for (auto prefix : prefixes) {
    if (text.starts_with(prefix)) return true;
  }
  return false;
}

std::optional<std::string> present(const json::value& value) {
  if (value.is_null()) return std::nullopt;
  return velocity::text_of(value);
}

std::optional<std::string> parameter(const TemplateScope& scope, std::string_view place, std::string_view name) {
  auto all = velocity::member_of(json::value(scope.params), place);
  if (!all.is_object()) return std::nullopt;
  for (const auto& [key, value] : all.get_object()) {
    if (key == name || (place == "header" && lower_case(key) == lower_case(name))) return present(value);
  }
  return std::nullopt;
}

std::optional<std::string> context_value(const TemplateScope& scope, std::string_view path) {
  json::value value(scope.context);
  for (;;) {
    std::size_t dot = path.find('.');
    value = velocity::member_of(value, path.substr(0, dot));
    if (dot == std::string_view::npos) return present(value);
    path.remove_prefix(dot + 1);
  }
}

// A body, or what a JSONPath finds in it: "integration.response.body.id" → ".id".
std::optional<std::string> body_value(const std::string& body, std::string_view path) {
  if (path.empty()) return body;
  auto document = codec::parse_json(body);
  if (!document) return std::nullopt;
  auto found = velocity::at_json_path(*document, path);
  return found ? present(*found) : std::nullopt;
}

std::optional<std::string> stage_variable(const TemplateScope& scope, std::string_view name) {
  auto found = scope.stage_variables.find(std::string(name));
  if (found == scope.stage_variables.end()) return std::nullopt;
  return found->second;
}

// One reference of an HTTP API, without '$' and braces.
std::optional<std::string> http_reference(std::string_view name, const MappingSources& sources) {
  const auto& scope = sources.scope;
  if (cut(name, "request.header.")) return parameter(scope, "header", name);
  if (cut(name, "request.querystring.")) return parameter(scope, "querystring", name);
  if (name == "request.path") return context_value(scope, "path");
  if (cut(name, "request.path.")) return parameter(scope, "path", name);
  if (name.starts_with("request.body")) return body_value(scope.body, name.substr(12));
  if (cut(name, "stageVariables.")) return stage_variable(scope, name);
  if (cut(name, "context.")) return context_value(scope, name);
  if (sources.answer == nullptr) return std::nullopt;
  if (cut(name, "response.header.")) {
    auto value = sources.answer->headers.get(name);
    return value ? std::optional<std::string>(*value) : std::nullopt;
  }
  if (name.starts_with("response.body")) return body_value(sources.answer->body, name.substr(13));
  return std::nullopt;
}

// The references in "a${b}c$d"; each is cut from `text`, what is plain goes to `plain`.
bool next_reference(std::string_view& text, std::string& plain, std::string_view& name) {
  std::size_t at = text.find('$');
  plain += text.substr(0, at);
  if (at == std::string_view::npos) return false;
  text.remove_prefix(at + 1);
  bool braces = text.starts_with('{');
  std::size_t end = braces ? text.find('}') : text.size();
  if (end == std::string_view::npos) end = text.size();
  name = text.substr(braces ? 1 : 0, end - (braces ? 1 : 0));
  text.remove_prefix(std::min(text.size(), end + (braces ? 1 : 0)));
  return true;
}

base::Result<> check_http_expression(std::string_view expression, bool of_answer) {
  static constexpr std::array<std::string_view, 6> kOfRequest{"request.header.", "request.querystring.", "request.path",
                                                              "request.body",    "stageVariables.",      "context."};
  static constexpr std::array<std::string_view, 4> kOfAnswer{"response.header.", "response.body", "stageVariables.",
                                                             "context."};
  std::string plain;
  std::string_view name;
  std::string_view rest = expression;
  while (next_reference(rest, plain, name)) {
    if (!(of_answer ? starts_with_any(name, kOfAnswer) : starts_with_any(name, kOfRequest))) {
      return refused(expression);
    }
  }
  return {};
}

}  // namespace

base::Result<> check_rest_mapping(const ParameterMap& map, bool of_answer) {
  static constexpr std::array<std::string_view, 6> kOfRequest{"method.request.path.",   "method.request.querystring.",
                                                              "method.request.header.", "method.request.body",
                                                              "stageVariables.",        "context."};
  static constexpr std::array<std::string_view, 4> kOfAnswer{
      "integration.response.header.", "integration.response.body", "stageVariables.", "context."};
  static constexpr std::array<std::string_view, 3> kInRequest{
      "integration.request.path.", "integration.request.querystring.", "integration.request.header."};
  for (const auto& [to, from] : map) {
    bool known_place = of_answer ? to.starts_with("method.response.header.") : starts_with_any(to, kInRequest);
    if (!known_place) return refused(to);
    bool known = of_answer ? starts_with_any(from, kOfAnswer) : starts_with_any(from, kOfRequest);
    if (!known && !is_static(from)) return refused(from);
  }
  return {};
}

base::Result<> check_http_mapping(const ParameterMap& map, bool of_answer) {
  for (const auto& [to, from] : map) {
    std::string_view where = to;
    std::size_t colon = where.find(':');
    bool known = colon != std::string_view::npos;
    std::string_view operation = where.substr(0, colon);
    std::string_view place = known ? where.substr(colon + 1) : where;
    if (of_answer) {
      known = known && (place.starts_with("header.") || to == "overwrite:statuscode");
    } else {
      known = known && (place.starts_with("header.") || place.starts_with("querystring.") || to == "overwrite:path");
    }
    known = known && (operation == "append" || operation == "overwrite" || operation == "remove");
    if (!known) return refused(to);
    TRY(check_http_expression(from, of_answer));
  }
  return {};
}

std::optional<std::string> rest_value(std::string_view expression, const MappingSources& sources) {
  if (is_static(expression)) return std::string(expression.substr(1, expression.size() - 2));
  std::string_view name = expression;
  if (cut(name, "method.")) return http_reference(name, sources);
  if (cut(name, "integration.")) return http_reference(name, sources);
  return http_reference(name, sources);
}

std::string http_value(std::string_view expression, const MappingSources& sources) {
  std::string text;
  std::string_view name;
  while (next_reference(expression, text, name)) text += http_reference(name, sources).value_or("");
  return text;
}

}  // namespace localcloud
