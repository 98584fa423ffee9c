#include "aws/query.h"

#include <fmt/format.h>

namespace aws {

namespace {

// As a form writes it: a space is '+'. (moto, which judges the signatures, encodes the form anew and knows no %20.)
std::string form_encode(std::string_view text) {
  std::string encoded = net::percent_encode(text);
  for (auto at = encoded.find("%20"); at != std::string::npos; at = encoded.find("%20", at))
    encoded.replace(at, 3, "+");
  return encoded;
}

}  // namespace

awaitable<base::Result<XmlNode>> call_query(ClientConfig config, QueryCall query) {
  CO_TRY(auto url, service_url(config, query.service));
  net::Request request{.method = "POST", .target = url.target};
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = fmt::format("Action={}&Version={}", query.action, query.version);
  for (const auto& [name, value] : query.parameters) {
    request.body += fmt::format("&{}={}", form_encode(name), form_encode(value));
  }
  CO_TRY(auto response, co_await call(config, url, std::move(request), query.service, query.options));
  CO_TRY(auto root, parse_xml(response.body));
  const XmlNode* result = root.child(query.action + "Result");
  co_return result == nullptr ? XmlNode{} : *result;
}

}  // namespace aws
