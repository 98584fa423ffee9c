// The configuration of function URLs.
#include <fmt/format.h>

#include "localcloud/lambda/lambda_api.h"

namespace localcloud {

namespace {

constexpr std::size_t kPage = 50;

base::Result<FunctionUrl*> find_config(const FunctionTarget& target) {
  auto found = target.function->urls.find(target.qualifier);
  if (found != target.function->urls.end()) return &found->second;
  return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

ApiAnswer create_url(LambdaService& service, const ApiRequest& request) {
  TRY(auto target,
      authorized(service, request, "lambda:CreateFunctionUrlConfig", request.parts[0], request.qualifier()));
  TRY(only_parameters(request, "CreateFunctionUrlConfig", {"AuthType", "Cors", "InvokeMode"}));
  if (text_property(request.body, "AuthType").empty()) {
    return constraint("null", "authType", "not be null");
  }
  TRY(auto* url, service.add_url(target, request.body));
  auto answer = url_answer(service.cloud(), *url, target.arn);
  answer.erase("LastModifiedTime");
  return json_response(request, 201, std::move(answer));
}

ApiAnswer get_url(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:GetFunctionUrlConfig", request.parts[0], request.qualifier()));
  TRY(auto* url, find_config(target));
  return json_response(request, 200, url_answer(service.cloud(), *url, target.arn));
}

ApiAnswer update_url(LambdaService& service, const ApiRequest& request) {
  TRY(auto target,
      authorized(service, request, "lambda:UpdateFunctionUrlConfig", request.parts[0], request.qualifier()));
  TRY(only_parameters(request, "UpdateFunctionUrlConfig", {"AuthType", "Cors", "InvokeMode"}));
  TRY(auto* url, find_config(target));
  TRY(apply_url_input(*url, request.body));
  url->modified = service.cloud().clock->now();
  return json_response(request, 200, url_answer(service.cloud(), *url, target.arn));
}

ApiAnswer delete_url(LambdaService& service, const ApiRequest& request) {
  TRY(auto target,
      authorized(service, request, "lambda:DeleteFunctionUrlConfig", request.parts[0], request.qualifier()));
  TRY(find_config(target));
  target.function->urls.erase(target.qualifier);
  return empty_response(request);
}

ApiAnswer list_urls(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:ListFunctionUrlConfigs", request.parts[0]));
  json::array all;
  for (const auto& [qualifier, url] : target.function->urls) {
    std::string arn = target.function->version->arn + (qualifier.empty() ? "" : ":" + qualifier);
    all.push_back(url_answer(service.cloud(), url, arn));
  }
  TRY(auto page, page_of(request, all.size(), kPage));
  json::array list;
  for (std::size_t i = page.begin; i < page.end; ++i) list.push_back(all[i]);
  json::object answer{{"FunctionUrlConfigs", std::move(list)}};
  if (!page.next.empty()) answer["NextMarker"] = page.next;
  return json_response(request, 200, std::move(answer));
}

}  // namespace

std::span<const ApiRoute> url_routes() {
  static constexpr ApiRoute kRoutes[] = {
      {"CreateFunctionUrlConfig", "POST", "2021-10-31/functions/*/url", create_url},
      {"GetFunctionUrlConfig", "GET", "2021-10-31/functions/*/url", get_url},
      {"UpdateFunctionUrlConfig", "PUT", "2021-10-31/functions/*/url", update_url},
      {"DeleteFunctionUrlConfig", "DELETE", "2021-10-31/functions/*/url", delete_url},
      {"ListFunctionUrlConfigs", "GET", "2021-10-31/functions/*/urls", list_urls}};
  return kRoutes;
}

}  // namespace localcloud
