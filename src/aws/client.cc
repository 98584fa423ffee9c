#include "aws/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "aws/xml.h"
#include "base/task_group.h"
#include "codec/json.h"

namespace aws {
namespace {

constexpr std::string_view kEndpointVariable = "AWS_ENDPOINT_URL";

bool contains(std::span<const std::string_view> codes, std::string_view code) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

base::ErrorKind kind_of(std::string_view code, int status) {
  static constexpr std::string_view kCredentials[] = {"ExpiredToken",          "ExpiredTokenException",
                                                      "RequestExpired",        "UnrecognizedClientException",
                                                      "InvalidClientTokenId",  "InvalidSignatureException",
                                                      "SignatureDoesNotMatch", "MissingAuthenticationToken",
                                                      "InvalidAccessKeyId",    "IncompleteSignature",
                                                      "AuthFailure",           "MissingAuthenticationTokenException"};
  static constexpr std::string_view kPermission[] = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation",
                                                     "AuthorizationError", "ForbiddenException"};
  if (contains(kCredentials, code)) return base::ErrorKind::credentials;
  if (contains(kPermission, code)) return base::ErrorKind::permission;
  return status == 403 && code.empty() ? base::ErrorKind::permission : base::ErrorKind::service;
}

double random_fraction() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

// The name by which an endpoint is configured, where it is not the host's.
std::string configured_name(std::string_view service) {
  if (service == "portal.sso") return "sso";
  if (service == "oidc") return "ssooidc";
  if (service == "execute-api") return "apigatewaymanagementapi";
  return std::string(service);
}

// "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException:http://…" → "ResourceNotFoundException".
std::string short_code(std::string code) {
  if (std::size_t hash = code.find('#'); hash != std::string::npos) code.erase(0, hash + 1);
  if (std::size_t colon = code.find(':'); colon != std::string::npos) code.erase(colon);
  return code;
}

}  // namespace

std::string endpoint_name(std::string_view service) {
  std::string name;
  for (char c : service) {
    if (c != '_' && c != '-' && c != ' ') name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return name;
}

std::map<std::string, std::string> endpoints_from_environment(const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> endpoints;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kEndpointVariable) || value.empty()) continue;
    std::string_view suffix = std::string_view(name).substr(kEndpointVariable.size());
    if (suffix.empty()) endpoints[""] = value;
    if (suffix.starts_with('_')) endpoints[endpoint_name(suffix.substr(1))] = value;
  }
  return endpoints;
}

base::Result<net::Url> service_url(const ClientConfig& config, std::string_view service) {
  for (const std::string& key : {configured_name(service), std::string()}) {
    if (auto found = config.endpoints.find(key); found != config.endpoints.end()) return net::parse_url(found->second);
  }
  return net::parse_url("https://" + service_host(service, config.region, config.variant));
}

base::WallTime signing_time(const ClientConfig& config) {
  return config.clock->wall_now() + config.memory->clock_offset;
}

base::Error read_service_error(const net::Response& response, std::string_view service) {
  base::Error error{.kind = base::ErrorKind::service, .message = {}};
  error.status = response.status;
  std::string text;
  if (auto body = codec::parse_json(response.body); body && body->is_object()) {
    error.code = codec::find_string(*body, "__type");
    if (error.code.empty()) error.code = codec::find_string(*body, "code");
    text = codec::find_string(*body, "message");
    if (text.empty()) text = codec::find_string(*body, "Message");
  } else if (auto root = parse_xml(response.body)) {
    const XmlNode* list = root->child("Errors");  // EC2's shape: <Response><Errors><Error>
    const XmlNode* node = (list == nullptr ? &*root : list)->child("Error");
    if (node == nullptr) node = &*root;
    error.code = node->text_of("Code");
    text = node->text_of("Message");
  }
  if (auto header = response.headers.get("x-amzn-ErrorType"); header && error.code.empty()) error.code = *header;
  error.code = short_code(std::move(error.code));
  error.kind = kind_of(error.code, error.status);
  error.message = std::move(text);
  if (error.message.empty()) {  // as answers to HEAD are
    error.message = fmt::format("{} {} status {}{}{}", service,
                                response.status == 403 ? "denied the request with" : "answered with", response.status,
                                error.code.empty() ? "" : " ", error.code);
  }
  if (error.kind == base::ErrorKind::credentials) {
    error.hint = "Renew them (`aws sso login`, `aws configure`), then run the command again.";
  }
  return error;
}

awaitable<base::Result<net::Response>> exchange(ClientConfig config, net::Url url, net::Request request,
                                                std::string service, CallOptions options) {
  const int attempts = options.attempts > 0 ? options.attempts : config.attempts;
  std::optional<FailureKind> retried;
  for (int attempt = 1;; ++attempt) {
    net::Request signed_request = request;
    if (config.credentials) {
      CO_TRY(auto keys, co_await config.credentials->get());
      sign_headers(signed_request, url, {service, config.region}, keys, signing_time(config));
    }
    auto response = co_await config.http->send(url, std::move(signed_request),
                                               {.connect_timeout = options.connect_timeout,
                                                .timeout = options.timeout,
                                                .fresh_connection = options.fresh_connection || attempt > 1,
                                                .repeatable = options.repeatable});
    if (response && response->status < 400) {
      give_tokens(*config.memory, retried);
      co_return std::move(*response);
    }
    base::Error error = response ? read_service_error(*response, service) : response.error();
    FailureKind kind = failure_kind(error);
    if (response && correct_clock(*config.memory, error, response->headers, config.clock->wall_now())) {
      kind = FailureKind::transient;
    }
    if (attempt >= attempts || kind == FailureKind::final || !take_tokens(*config.memory, kind)) co_return response;
    retried = kind;
    co_await base::sleep_for(retry_pause(kind, attempt, random_fraction(), response ? &response->headers : nullptr));
  }
}

awaitable<base::Result<net::Response>> call(ClientConfig config, net::Url url, net::Request request,
                                            std::string service, CallOptions options) {
  CO_TRY(auto response, co_await exchange(std::move(config), std::move(url), std::move(request), service, options));
  if (response.status >= 400) co_return base::fail(read_service_error(response, service));
  co_return response;
}

}  // namespace aws
