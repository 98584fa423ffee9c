// Mapping templates, as far as MOCK integrations of WebSocket APIs need them: text with $context variables. A template
// that uses anything else of the language is refused when it is created, by name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/apigateway/gateway_model.h"

namespace localcloud {

using ContextVariables = std::map<std::string, std::string, std::less<>>;  // "connectionId" → value

// Errors: BadRequestException for a directive, a function, or a variable that the local cloud does not know.
base::Result<> check_template(std::string_view text);

// Variables that have no value become empty.
std::string render_template(std::string_view text, const ContextVariables& context);

// A selection expression for templates: "\$default" (the backslash is part of it) or a plain word; "" means "$default".
// Errors: an expression that would be evaluated, by name.
base::Result<std::string> read_template_key(std::string_view expression);

// What a MOCK integration answers: the request template's statusCode selects the integration response, and its template
// is the body. nullopt where AWS fails: no template, no JSON, no status, no response that matches (aws-facts §2).
struct MockAnswer {
  int status = 200;
  std::string body;
};
std::optional<MockAnswer> answer_of_mock(const Integration& integration, std::string_view body,
                                         const ContextVariables& context);

}  // namespace localcloud
