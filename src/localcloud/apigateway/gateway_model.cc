#include "localcloud/apigateway/gateway_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/ids.h"
#include "codec/base64.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/usage_plan.h"
#include "localcloud/local_clock.h"
#include "localcloud/service.h"

namespace localcloud {

std::string_view type_name(const Integration& integration) {
  using Type = Integration::Type;
  if (integration.type == Type::mock) return "MOCK";
  if (integration.type == Type::http) return integration.proxy ? "HTTP_PROXY" : "HTTP";
  return integration.proxy ? "AWS_PROXY" : "AWS";
}

void Api::edit(const std::function<void(Definition&)>& change) {
  auto next = std::make_shared<Definition>(*live);
  change(*next);
  live = std::move(next);
}

std::shared_ptr<const Definition> Api::served(std::string_view stage) const {
  auto found = stages.find(std::string(stage));
  if (found == stages.end()) return nullptr;
  if (found->second.auto_deploy) return live;
  auto deployment = deployments.find(found->second.deployment);
  return deployment == deployments.end() ? nullptr : deployment->second;
}

GatewayStore::GatewayStore(Cloud& cloud) : cloud_(cloud), usage_(std::make_unique<UsagePlans>()) {}

GatewayStore::~GatewayStore() = default;

Api& GatewayStore::create(GatewayKind kind, std::string name) {
  std::string id = random_id(10);
  Api& api = apis_[id];
  api.kind = kind;
  api.id = id;
  api.name = std::move(name);
  api.created = cloud_.clock->now();
  if (kind == GatewayKind::rest) {
    api.root_resource = random_id(10);
    api.resources[api.root_resource] = {.parent = {}, .path = "/"};
  }
  return api;
}

void GatewayStore::remove(std::string_view id) {
  if (auto found = apis_.find(id); found != apis_.end()) apis_.erase(found);
}

Api* GatewayStore::find(std::string_view id) {
  auto found = apis_.find(id);
  return found == apis_.end() ? nullptr : &found->second;
}

const Api* GatewayStore::find(std::string_view id) const {
  auto found = apis_.find(id);
  return found == apis_.end() ? nullptr : &found->second;
}

base::Result<Api*> GatewayStore::need(std::string_view id, GatewayKind kind) {
  Api* api = find(id);
  if (api == nullptr || api->kind != kind) {
    return aws_error(404, "NotFoundException",
                     fmt::format("Invalid API identifier specified {}:{}", cloud_.account_id, id));
  }
  return api;
}

base::Result<Api*> GatewayStore::need_v2(std::string_view id) {
  Api* api = find(id);
  if (api == nullptr || api->kind == GatewayKind::rest) return need(id, GatewayKind::http);
  return api;
}

std::string GatewayStore::domain_of(std::string_view id) const {
  return fmt::format("{}.execute-api.{}.amazonaws.com", id, cloud_.region);
}

std::string GatewayStore::arn_of(std::string_view id, std::string_view rest) const {
  return fmt::format("arn:aws:execute-api:{}:{}:{}/{}", cloud_.region, cloud_.account_id, id, rest);
}

std::string GatewayStore::random_id(std::size_t length) {
  static constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::vector<std::uint8_t> bytes(length);
  base::fill_random(bytes);
  std::string id;
  for (std::uint8_t byte : bytes) id += kAlphabet[byte % kAlphabet.size()];
  return id;
}

std::string GatewayStore::random_token() {
  auto bytes = base::random_bytes<11>();
  std::string token = codec::base64_encode(std::span<const std::uint8_t>(bytes));
  std::replace(token.begin(), token.end(), '+', '-');
  std::replace(token.begin(), token.end(), '/', '_');
  return token;
}

base::Result<std::string> function_of_uri(std::string_view uri) {
  constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {":lambda:path/2015-03-31/functions/", "/invocations"},
      {":lambda:path/2021-11-15/functions/", "/response-streaming-invocations"}};
  for (const auto& [functions, invocations] : kForms) {
    std::size_t at = uri.find(functions);
    if (at == std::string_view::npos || !uri.ends_with(invocations)) continue;
    uri.remove_suffix(invocations.size());
    return std::string(uri.substr(at + functions.size()));
  }
  if (uri.starts_with("arn:aws:lambda:")) return std::string(uri);
  return bad_request(fmt::format("integration URI {}: the local cloud calls Lambda functions only", uri));
}

}  // namespace localcloud
