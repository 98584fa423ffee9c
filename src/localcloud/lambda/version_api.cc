// Versions and aliases.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/lambda/aliases.h"
#include "localcloud/lambda/lambda_api.h"

namespace localcloud {

namespace {

constexpr std::size_t kPage = 50;

ApiAnswer publish_version(LambdaService& service, const ApiRequest& request) {
  const auto& body = request.body;
  TRY(auto target, authorized(service, request, "lambda:PublishVersion", request.parts[0]));
  TRY(only_parameters(request, "PublishVersion", {"CodeSha256", "Description", "RevisionId"}));
  auto& function = *target.function;
  TRY(check_revision(text_property(body, "RevisionId"), function.version->revision));
  if (std::string sha = text_property(body, "CodeSha256"); !sha.empty() && sha != function.version->package->sha256()) {
    return invalid_parameter(
        fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                    "CodeSHA256 in $LATEST.",
                    sha, function.version->package->sha256()));
  }
  std::optional<std::string> description;
  if (body.contains("Description")) description = text_property(body, "Description");
  auto version = service.publish(function, std::move(description));
  return json_response(request, 201, configuration_of(*version));
}

ApiAnswer list_versions(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:ListVersionsByFunction", request.parts[0]));
  std::vector<std::shared_ptr<const FunctionVersion>> all{target.function->version};
  for (const auto& [number, version] : target.function->published) all.push_back(version);
  TRY(auto page, page_of(request, all.size(), kPage));
  json::array list;
  for (std::size_t i = page.begin; i < page.end; ++i) {
    list.push_back(configuration_of(*all[i], i == 0 ? all[i]->arn + ":$LATEST" : all[i]->arn));
  }
  json::object answer{{"Versions", std::move(list)}};
  if (!page.next.empty()) answer["NextMarker"] = page.next;
  return json_response(request, 200, std::move(answer));
}

// --- Aliases

json::object answer_of(const FunctionTarget& target, const Alias& alias) {
  json::object answer;
  answer["AliasArn"] = fmt::format("{}:{}", target.function->version->arn, alias.name);
  answer["Name"] = alias.name;
  answer["FunctionVersion"] = alias.version;
  answer["Description"] = alias.description;
  if (!alias.weights.empty()) {
    json::object weights;
    for (const auto& [version, weight] : alias.weights) weights[version] = weight;
    answer["RoutingConfig"] = json::object{{"AdditionalVersionWeights", std::move(weights)}};
  }
  answer["RevisionId"] = alias.revision;
  return answer;
}

base::Result<Alias*> find_alias(const FunctionTarget& target, std::string_view name) {
  auto found = target.function->aliases.find(name);
  if (found != target.function->aliases.end()) return &found->second;
  return aws_error(404, "ResourceNotFoundException",
                   fmt::format("Cannot find alias arn: {}:{}", target.function->version->arn, name));
}

ApiAnswer create_alias(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:CreateAlias", request.parts[0]));
  TRY(only_parameters(request, "CreateAlias", {"Name", "FunctionVersion", "Description", "RoutingConfig"}));
  std::string name = text_property(request.body, "Name");
  TRY(check_alias_name(*target.function, name));
  Alias alias{.name = name, .version = {}, .description = {}, .weights = {}, .revision = {}};
  TRY(apply_alias(*target.function, alias, request.body));
  target.function->aliases[name] = alias;
  return json_response(request, 201, answer_of(target, alias));
}

ApiAnswer update_alias(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:UpdateAlias", request.parts[0]));
  TRY(only_parameters(request, "UpdateAlias", {"FunctionVersion", "Description", "RoutingConfig", "RevisionId"}));
  TRY(auto* alias, find_alias(target, request.parts[1]));
  TRY(check_revision(text_property(request.body, "RevisionId"), alias->revision));
  TRY(apply_alias(*target.function, *alias, request.body));
  return json_response(request, 200, answer_of(target, *alias));
}

ApiAnswer get_alias(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:GetAlias", request.parts[0]));
  TRY(auto* alias, find_alias(target, request.parts[1]));
  return json_response(request, 200, answer_of(target, *alias));
}

ApiAnswer delete_alias(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:DeleteAlias", request.parts[0]));
  remove_alias(*target.function, request.parts[1]);
  return empty_response(request);
}

ApiAnswer list_aliases(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:ListAliases", request.parts[0]));
  std::string version = request.query_or_empty("FunctionVersion");
  json::array all;
  for (const auto& [name, alias] : target.function->aliases) {
    if (version.empty() || alias.version == version) all.push_back(answer_of(target, alias));
  }
  TRY(auto page, page_of(request, all.size(), kPage));
  json::array list;
  for (std::size_t i = page.begin; i < page.end; ++i) list.push_back(all[i]);
  json::object answer{{"Aliases", std::move(list)}};
  if (!page.next.empty()) answer["NextMarker"] = page.next;
  return json_response(request, 200, std::move(answer));
}

}  // namespace

std::span<const ApiRoute> version_routes() {
  static constexpr ApiRoute kRoutes[] = {
      {"PublishVersion", "POST", "2015-03-31/functions/*/versions", publish_version},
      {"ListVersionsByFunction", "GET", "2015-03-31/functions/*/versions", list_versions},
      {"CreateAlias", "POST", "2015-03-31/functions/*/aliases", create_alias},
      {"ListAliases", "GET", "2015-03-31/functions/*/aliases", list_aliases},
      {"GetAlias", "GET", "2015-03-31/functions/*/aliases/*", get_alias},
      {"UpdateAlias", "PUT", "2015-03-31/functions/*/aliases/*", update_alias},
      {"DeleteAlias", "DELETE", "2015-03-31/functions/*/aliases/*", delete_alias}};
  return kRoutes;
}

}  // namespace localcloud
