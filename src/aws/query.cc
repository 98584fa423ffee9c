#include "aws/query.h"

#include <fmt/format.h>

namespace aws {

awaitable<base::Result<XmlNode>> call_query(ClientConfig config, QueryCall query) {
  CO_TRY(auto url, service_url(config, query.service));
  net::Request request{.method = "POST", .target = url.target};
  request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  request.body = fmt::format("Action={}&Version={}", query.action, query.version);
  for (const auto& [name, value] : query.parameters) {
    request.body += fmt::format("&{}={}", net::percent_encode(name), net::percent_encode(value));
  }
  CO_TRY(auto response, co_await call(config, url, std::move(request), query.service, {}));
  CO_TRY(auto root, parse_xml(response.body));
  const XmlNode* result = root.child(query.action + "Result");
  co_return result == nullptr ? XmlNode{} : *result;
}

}  // namespace aws
