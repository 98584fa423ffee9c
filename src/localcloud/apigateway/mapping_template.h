// The integrations of WebSocket APIs that answer by templates: which template is used, what its status selects.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"
#include "localcloud/apigateway/velocity.h"

namespace localcloud {

// A selection expression for templates: "\$default" (the backslash is part of it) or a plain word; "" means "$default".
// Errors: an expression that would be evaluated, by name.
base::Result<std::string> read_template_key(std::string_view expression);

// What a MOCK integration answers: the request template's statusCode selects the integration response, and its template
// is the body. nullopt where AWS fails: no template, no JSON, no status, no response that matches (aws-facts §2).
struct MockAnswer {
  int status = 200;
  std::string body;
};
std::optional<MockAnswer> answer_of_mock(const Integration& integration, const TemplateScope& scope);

// The body that an integration gets: its template's, or the message as it came. nullopt: the template fails.
std::optional<std::string> request_of_template(const Integration& integration, const TemplateScope& scope);
// The answer of a service as its integration response words it; `status` selects it. nullopt: none does.
std::optional<std::string> answer_of_template(const Integration& integration, int status, TemplateScope scope);

}  // namespace localcloud
