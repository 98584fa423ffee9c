// Layers: their versions and the policies of these.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/code.h"
#include "localcloud/lambda/lambda_api.h"
#include "localcloud/lambda/permissions.h"

namespace localcloud {

namespace {

constexpr std::size_t kPage = 50;

json::object content_answer(const LayerVersion& version) {
  return layer_answer(version, true);
}

base::Result<> may(LambdaService& service, const ApiRequest& request, std::string_view action, std::string_view arn) {
  return service.cloud().iam->authorize(request.call.caller, action, arn);
}

// The version that the two parts of the path name.
base::Result<LayerVersion*> layer_version(LambdaService& service, const ApiRequest& request, std::string_view action) {
  int number = 0;
  const auto& text = request.parts[1];
  std::from_chars(text.data(), text.data() + text.size(), number);
  auto& layers = service.layers();
  TRY(may(service, request, action, fmt::format("{}:{}", layers.arn_of(layer_name(request.parts[0])), number)));
  return layers.find(request.parts[0], number);
}

ApiAnswer publish_layer(LambdaService& service, const ApiRequest& request) {
  std::string name = layer_name(request.parts[0]);
  TRY(may(service, request, "lambda:PublishLayerVersion", service.layers().arn_of(name)));
  TRY(only_parameters(request, "PublishLayerVersion",
                      {"Description", "Content", "CompatibleRuntimes", "LicenseInfo", "CompatibleArchitectures"}));
  const auto* content = request.body.if_contains("Content");
  if (content == nullptr || !content->is_object()) return invalid_parameter("Content is required");
  TRY(auto archive, read_archive(service.cloud(), content->get_object(), "Content"));
  TRY(const auto* version, service.layers().publish(name, request.body, archive));
  return json_response(request, 201, content_answer(*version));
}

ApiAnswer get_layer(LambdaService& service, const ApiRequest& request) {
  TRY(const auto* version, layer_version(service, request, "lambda:GetLayerVersion"));
  return json_response(request, 200, content_answer(*version));
}

ApiAnswer get_layer_by_arn(LambdaService& service, const ApiRequest& request) {
  std::string arn = request.query_or_empty("Arn");
  TRY(may(service, request, "lambda:GetLayerVersion", arn));
  TRY(const auto* version, service.layers().find_arn(arn));
  return json_response(request, 200, content_answer(*version));
}

ApiAnswer delete_layer(LambdaService& service, const ApiRequest& request) {
  TRY(auto* version, [&]() -> base::Result<LayerVersion*> {
    auto found = layer_version(service, request, "lambda:DeleteLayerVersion");
    if (!found && found.error().status == 404) return static_cast<LayerVersion*>(nullptr);
    return found;
  }());
  if (version != nullptr) service.layers().remove(request.parts[0], version->number);
  return empty_response(request);
}

// Is a version for the runtime and architecture that a list asks for?
bool is_wanted(const ApiRequest& request, const LayerVersion& version) {
  auto has = [&](std::string_view name, const std::vector<std::string>& list) {
    std::string wanted = request.query_or_empty(name);
    return wanted.empty() || std::find(list.begin(), list.end(), wanted) != list.end();
  };
  return has("CompatibleRuntime", version.runtimes) && has("CompatibleArchitecture", version.architectures);
}

ApiAnswer list_layers(LambdaService& service, const ApiRequest& request) {
  TRY(may(service, request, "lambda:ListLayers", "*"));
  json::array all;
  for (const auto& [name, versions] : service.layers().all()) {
    for (auto at = versions.rbegin(); at != versions.rend(); ++at) {
      if (!is_wanted(request, at->second)) continue;
      all.push_back(json::object{{"LayerName", name},
                                 {"LayerArn", at->second.layer_arn},
                                 {"LatestMatchingVersion", layer_answer(at->second, false)}});
      break;
    }
  }
  TRY(auto page, page_of(request, all.size(), kPage));
  json::array list;
  for (std::size_t i = page.begin; i < page.end; ++i) list.push_back(all[i]);
  json::object answer{{"Layers", std::move(list)}};
  if (!page.next.empty()) answer["NextMarker"] = page.next;
  return json_response(request, 200, std::move(answer));
}

ApiAnswer list_layer_versions(LambdaService& service, const ApiRequest& request) {
  std::string name = layer_name(request.parts[0]);
  TRY(may(service, request, "lambda:ListLayerVersions", service.layers().arn_of(name)));
  json::array all;
  if (auto found = service.layers().all().find(name); found != service.layers().all().end()) {
    for (auto at = found->second.rbegin(); at != found->second.rend(); ++at) {
      if (is_wanted(request, at->second)) all.push_back(layer_answer(at->second, false));
    }
  }
  TRY(auto page, page_of(request, all.size(), kPage));
  json::array list;
  for (std::size_t i = page.begin; i < page.end; ++i) list.push_back(all[i]);
  json::object answer{{"LayerVersions", std::move(list)}};
  if (!page.next.empty()) answer["NextMarker"] = page.next;
  return json_response(request, 200, std::move(answer));
}

// --- Policies

ApiAnswer add_layer_permission(LambdaService& service, const ApiRequest& request) {
  TRY(auto* version, layer_version(service, request, "lambda:AddLayerVersionPermission"));
  TRY(only_parameters(request, "AddLayerVersionPermission", {"StatementId", "Action", "Principal", "OrganizationId"}));
  TRY(check_revision(request.query_or_empty("RevisionId"), version->policy_revision));
  TRY(auto statement, add_layer_statement(*version, request.body, text_property(request.body, "StatementId")));
  return json_response(request, 201,
                       {{"Statement", codec::to_text(statement)}, {"RevisionId", version->policy_revision}});
}

ApiAnswer get_layer_policy(LambdaService& service, const ApiRequest& request) {
  TRY(const auto* version, layer_version(service, request, "lambda:GetLayerVersionPolicy"));
  if (version->statements.empty()) {
    return aws_error(404, "ResourceNotFoundException", "No policy is associated with the given resource.");
  }
  json::object policy{{"Version", "2012-10-17"}, {"Id", "default"}, {"Statement", version->statements}};
  return json_response(request, 200, {{"Policy", codec::to_text(policy)}, {"RevisionId", version->policy_revision}});
}

ApiAnswer remove_layer_permission(LambdaService& service, const ApiRequest& request) {
  TRY(auto* version, layer_version(service, request, "lambda:RemoveLayerVersionPermission"));
  TRY(check_revision(request.query_or_empty("RevisionId"), version->policy_revision));
  if (!erase_statement(version->statements, request.parts[2])) {
    return aws_error(404, "ResourceNotFoundException",
                     fmt::format("Statement {} is not found in resource policy.", request.parts[2]));
  }
  version->policy_revision = base::random_uuid();
  return empty_response(request);
}

}  // namespace

std::span<const ApiRoute> layer_routes() {
  static constexpr ApiRoute kRoutes[] = {
      {"PublishLayerVersion", "POST", "2018-10-31/layers/*/versions", publish_layer},
      {"ListLayerVersions", "GET", "2018-10-31/layers/*/versions", list_layer_versions},
      {"GetLayerVersion", "GET", "2018-10-31/layers/*/versions/*", get_layer},
      {"DeleteLayerVersion", "DELETE", "2018-10-31/layers/*/versions/*", delete_layer},
      {"GetLayerVersionByArn", "GET", "2018-10-31/layers?find=LayerVersion", get_layer_by_arn},
      {"ListLayers", "GET", "2018-10-31/layers", list_layers},
      {"AddLayerVersionPermission", "POST", "2018-10-31/layers/*/versions/*/policy", add_layer_permission},
      {"GetLayerVersionPolicy", "GET", "2018-10-31/layers/*/versions/*/policy", get_layer_policy},
      {"RemoveLayerVersionPermission", "DELETE", "2018-10-31/layers/*/versions/*/policy/*", remove_layer_permission}};
  return kRoutes;
}

}  // namespace localcloud
