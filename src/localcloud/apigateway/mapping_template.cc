#include "localcloud/apigateway/mapping_template.h"

#include <fmt/format.h>

#include <regex>
#include <set>

#include "codec/json.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

const std::set<std::string_view>& known_variables() {
  static const std::set<std::string_view> names{"accountId",
                                                "apiId",
                                                "connectedAt",
                                                "connectionId",
                                                "domainName",
                                                "eventType",
                                                "extendedRequestId",
                                                "messageId",
                                                "requestId",
                                                "requestTime",
                                                "requestTimeEpoch",
                                                "routeKey",
                                                "stage",
                                                "identity.sourceIp",
                                                "messageDirection",
                                                "identity.userAgent"};
  return names;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A reference at text[0] == '$': "$context.a.b", "$!context.a", "${context.a}". `name` without "context.".
struct Reference {
  std::size_t length = 0;  // 0: a plain '$'
  std::string whole;
  std::string name;  // empty: not a $context variable
};

Reference read_reference(std::string_view text) {
  std::size_t at = 1;
  if (at < text.size() && text[at] == '!') ++at;
  bool braces = at < text.size() && text[at] == '{';
  if (braces) ++at;
  std::size_t begin = at;
  if (at < text.size() && text[at] >= '0' && text[at] <= '9') return {};  // a name begins with a letter
  while (at < text.size() &&
         (is_word(text[at]) || (text[at] == '.' && at + 1 < text.size() && is_word(text[at + 1])))) {
    ++at;
  }
  if (at == begin) return {};
  Reference reference;
  reference.whole = text.substr(begin, at - begin);
  constexpr std::string_view kContext = "context.";
  if (reference.whole.starts_with(kContext)) reference.name = reference.whole.substr(kContext.size());
  if (braces && at < text.size() && text[at] == '}') ++at;
  reference.length = at;
  return reference;
}

// "/200/" is a pattern over the status, "$default" takes what no other takes.
const IntegrationResponse* find_response(const Integration& integration, const std::string& status) {
  const IntegrationResponse* fallback = nullptr;
  for (const auto& [id, response] : integration.responses) {
    if (response.key == "$default") fallback = &response;
    if (response.key.size() > 2 && response.key.front() == '/' && response.key.back() == '/') {
      try {
        if (std::regex_match(status, std::regex(response.key.substr(1, response.key.size() - 2)))) return &response;
      } catch (const std::regex_error&) {
        continue;  // matches nothing
      }
    }
  }
  return fallback;
}

const std::string* find_template(const Templates& templates, std::string_view key) {
  auto found = templates.find(key);
  return found == templates.end() ? nullptr : &found->second;
}

}  // namespace

base::Result<> check_template(std::string_view text) {
  constexpr std::size_t kLongest = 300 * 1024;  // aws-facts §1
  if (text.size() > kLongest) {
    return aws_error(400, "BadRequestException", fmt::format("A mapping template may have {} bytes", kLongest));
  }
  auto refused = [](std::string what) {
    return aws_error(400, "BadRequestException",
                     fmt::format("mapping template with {}: the local cloud knows $context variables only", what));
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] == '#' && ((next >= 'a' && next <= 'z') || next == '#' || next == '*' || next == '{')) {
      return refused(std::string(text.substr(at, 8)));
    }
    if (text[at] != '$') continue;
    auto reference = read_reference(text.substr(at));
    if (reference.length == 0) continue;
    if (reference.name.empty() || !known_variables().contains(reference.name)) return refused("$" + reference.whole);
    at += reference.length - 1;
  }
  return {};
}

std::string render_template(std::string_view text, const ContextVariables& context) {
  std::string rendered;
  for (std::size_t at = 0; at < text.size();) {
    auto reference = text[at] == '$' ? read_reference(text.substr(at)) : Reference{};
    if (reference.length == 0) {
      rendered += text[at++];
      continue;
    }
    if (auto found = context.find(reference.name); found != context.end()) rendered += found->second;
    at += reference.length;
  }
  return rendered;
}

base::Result<std::string> read_template_key(std::string_view expression) {
  if (expression.empty()) return std::string("$default");
  if (expression.starts_with("\\$")) return std::string(expression.substr(1));
  if (expression.find('$') == std::string_view::npos) return std::string(expression);
  return aws_error(
      400, "BadRequestException",
      fmt::format("TemplateSelectionExpression {}: the local cloud has fixed keys only, such as \\$default",
                  expression));
}

std::optional<MockAnswer> answer_of_mock(const Integration& integration, std::string_view body,
                                         const ContextVariables& context) {
  const auto* request_template = find_template(integration.request_templates, integration.template_key);
  auto request =
      codec::parse_json(request_template != nullptr ? render_template(*request_template, context) : std::string(body));
  if (!request) return std::nullopt;
  const auto* status = codec::find(*request, "statusCode");
  if (status == nullptr || !status->is_int64()) return std::nullopt;
  MockAnswer answer;
  answer.status = static_cast<int>(status->get_int64());
  const auto* response = find_response(integration, std::to_string(answer.status));
  if (response == nullptr) return std::nullopt;
  const auto* text = find_template(response->templates, response->template_key);
  if (text != nullptr) answer.body = render_template(*text, context);
  return answer;
}

}  // namespace localcloud
