#include "localcloud/lambda/function_url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/input.h"

namespace localcloud {

namespace {

constexpr int kMostMaxAge = 86'400;

std::vector<std::string> text_list(const json::object& input, std::string_view name) {
  std::vector<std::string> list;
  const auto* value = input.if_contains(name);
  if (value == nullptr || !value->is_array()) return list;
  for (const auto& one : value->get_array()) {
    if (one.is_string()) list.emplace_back(one.get_string());
  }
  return list;
}

base::Result<UrlCors> read_cors(const json::value& input) {
  TRY(only_members(input, "Cors",
                   {"AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge"}));
  const auto& object = input.get_object();
  UrlCors cors;
  cors.credentials = true_member(object, "AllowCredentials");
  cors.headers = text_list(object, "AllowHeaders");
  cors.methods = text_list(object, "AllowMethods");
  cors.origins = text_list(object, "AllowOrigins");
  cors.exposed = text_list(object, "ExposeHeaders");
  TRY(cors.max_age, number_member(object, "MaxAge", 0, kMostMaxAge));
  return cors;
}

json::object cors_answer(const UrlCors& cors) {
  json::object answer;
  auto add = [&](std::string_view name, const std::vector<std::string>& list) {
    if (!list.empty()) answer[name] = json::array(list.begin(), list.end());
  };
  answer["AllowCredentials"] = cors.credentials;
  add("AllowHeaders", cors.headers);
  add("AllowMethods", cors.methods);
  add("AllowOrigins", cors.origins);
  add("ExposeHeaders", cors.exposed);
  if (cors.max_age) answer["MaxAge"] = *cors.max_age;
  return answer;
}

bool allows(const std::vector<std::string>& list, std::string_view one) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& allowed) { return allowed == "*" || net::same_name(allowed, one); });
}

bool origin_allowed(const UrlCors& cors, const net::Request& request) {
  auto origin = request.headers.get("Origin");
  return origin && allows(cors.origins, *origin);
}

}  // namespace

base::Result<> apply_url_input(FunctionUrl& url, const json::object& input) {
  if (std::string type = text_property(input, "AuthType"); !type.empty()) {
    if (type != "NONE" && type != "AWS_IAM") {
      return constraint(type, "authType", "satisfy enum value set: [NONE, AWS_IAM]");
    }
    url.iam = type == "AWS_IAM";
  }
  if (std::string mode = text_property(input, "InvokeMode"); !mode.empty()) {
    if (mode != "BUFFERED" && mode != "RESPONSE_STREAM") {
      return constraint(mode, "invokeMode", "satisfy enum value set: [RESPONSE_STREAM, BUFFERED]");
    }
    url.stream = mode == "RESPONSE_STREAM";
  }
  if (const auto* cors = input.if_contains("Cors"); cors != nullptr && !cors->is_null()) {
    TRY(url.cors, read_cors(*cors));
  }
  return {};
}

std::string fresh_url_id() {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  std::string id;
  for (auto byte : base::random_bytes<32>()) id += kAlphabet[byte % kAlphabet.size()];
  return id;
}

std::string address_of(const Cloud& cloud, const FunctionUrl& url) {
  return fmt::format("{}/_aws/lambda-url/{}/", cloud.endpoint, url.id);
}

json::object url_answer(const Cloud& cloud, const FunctionUrl& url, std::string_view function_arn) {
  json::object answer{
      {"FunctionUrl", address_of(cloud, url)},    {"FunctionArn", function_arn},
      {"AuthType", url.iam ? "AWS_IAM" : "NONE"}, {"InvokeMode", url.stream ? "RESPONSE_STREAM" : "BUFFERED"},
      {"CreationTime", lambda_time(url.created)}, {"LastModifiedTime", lambda_time(url.modified)}};
  if (url.cors) answer["Cors"] = cors_answer(*url.cors);
  return answer;
}

std::optional<net::Response> url_preflight(const FunctionUrl& url, const net::Request& request) {
  auto method = request.headers.get("Access-Control-Request-Method");
  if (!url.cors || request.method != "OPTIONS" || !method || !request.headers.has("Origin")) return std::nullopt;
  const auto& cors = *url.cors;
  net::Response response;
  if (!origin_allowed(cors, request) || !allows(cors.methods, *method)) return response;
  add_url_cors(url, request, response.headers);
  response.headers.set("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(cors.methods, ",")));
  if (!cors.headers.empty()) {
    response.headers.set("Access-Control-Allow-Headers", fmt::format("{}", fmt::join(cors.headers, ",")));
  }
  if (cors.max_age) response.headers.set("Access-Control-Max-Age", std::to_string(*cors.max_age));
  return response;
}

void add_url_cors(const FunctionUrl& url, const net::Request& request, net::Headers& headers) {
  if (!url.cors || !origin_allowed(*url.cors, request)) return;
  const auto& cors = *url.cors;
  bool any = std::find(cors.origins.begin(), cors.origins.end(), "*") != cors.origins.end();
  std::string origin(*request.headers.get("Origin"));
  headers.set("Access-Control-Allow-Origin", any && !cors.credentials ? "*" : origin);
  headers.set("Vary", "Origin");
  if (cors.credentials) headers.set("Access-Control-Allow-Credentials", "true");
  if (!cors.exposed.empty()) {
    headers.set("Access-Control-Expose-Headers", fmt::format("{}", fmt::join(cors.exposed, ",")));
  }
}

}  // namespace localcloud
