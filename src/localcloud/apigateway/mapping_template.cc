#include "localcloud/apigateway/mapping_template.h"

#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/service.h"
#include "localcloud/text_pattern.h"

namespace localcloud {

namespace {

// "/200/" is a pattern over the status, "$default" takes what no other takes.
const IntegrationResponse* find_response(const Integration& integration, const std::string& status) {
  const IntegrationResponse* fallback = nullptr;
  for (const auto& [id, response] : integration.responses) {
    if (response.key == "$default") fallback = &response;
    if (response.key.size() > 2 && response.key.front() == '/' && response.key.back() == '/') {
      auto matches = matches_text_pattern(response.key.substr(1, response.key.size() - 2), status);
      if (matches.value_or(false)) return &response;
    }
  }
  return fallback;
}

const std::string* find_template(const Templates& templates, std::string_view key) {
  auto found = templates.find(key);
  return found == templates.end() ? nullptr : &found->second;
}

std::optional<std::string> rendered(const std::string& text, const TemplateScope& scope) {
  auto parsed = MappingTemplate::parse(text);
  if (!parsed) return std::nullopt;
  auto made = parsed->render(scope);
  if (!made) return std::nullopt;
  return std::move(made->text);
}

}  // namespace

base::Result<std::string> read_template_key(std::string_view expression) {
  if (expression.empty()) return std::string("$default");
  if (expression.starts_with("\\$")) return std::string(expression.substr(1));
  if (expression.find('$') == std::string_view::npos) return std::string(expression);
  return bad_request(fmt::format(
      "TemplateSelectionExpression {}: the local cloud has fixed keys only, such as \\$default", expression));
}

std::optional<std::string> request_of_template(const Integration& integration, const TemplateScope& scope) {
  const auto* text = find_template(integration.request_templates, integration.template_key);
  return text == nullptr ? scope.body : rendered(*text, scope);
}

std::optional<std::string> answer_of_template(const Integration& integration, int status, TemplateScope scope) {
  const auto* response = find_response(integration, std::to_string(status));
  if (response == nullptr) return std::nullopt;
  const auto* text = find_template(response->templates, response->template_key);
  return text == nullptr ? scope.body : rendered(*text, scope);
}

std::optional<MockAnswer> answer_of_mock(const Integration& integration, const TemplateScope& scope) {
  auto text = request_of_template(integration, scope);
  if (!text) return std::nullopt;
  auto request = codec::parse_json(*text);
  const auto* status = request ? codec::find(*request, "statusCode") : nullptr;
  if (status == nullptr || !status->is_int64()) return std::nullopt;
  MockAnswer answer;
  answer.status = static_cast<int>(status->get_int64());
  auto answered = scope;
  answered.body.clear();
  auto body = answer_of_template(integration, answer.status, std::move(answered));
  if (!body) return std::nullopt;
  answer.body = std::move(*body);
  return answer;
}

}  // namespace localcloud
