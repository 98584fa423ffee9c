#include "localcloud/apigateway/failure.h"

#include <array>

#include "codec/json.h"
#include "localcloud/http_text.h"

namespace localcloud {

namespace {

struct Words {
  FailureKind kind;
  std::string_view name;
  int status;
  std::string_view error_type;  // x-amzn-ErrorType
  std::string_view message;     // empty: null
  int http_status;              // of an HTTP API
  std::string_view http_message;
};

constexpr std::string_view kServerError = "Internal server error";
constexpr std::string_view kHttpServerError = "Internal Server Error";

using Kind = FailureKind;
constexpr std::array<Words, 18> kWords{{
    {Kind::access_denied, "ACCESS_DENIED", 403, "AccessDeniedException", "Forbidden", 403, "Forbidden"},
    {Kind::api_configuration_error, "API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", kServerError, 500,
     kHttpServerError},
    {Kind::authorizer_configuration_error,
     "AUTHORIZER_CONFIGURATION_ERROR",
     500,
     "AuthorizerConfigurationException",
     {},
     500,
     kHttpServerError},
    {Kind::authorizer_failure, "AUTHORIZER_FAILURE", 500, "AuthorizerFailureException", {}, 500, kHttpServerError},
    {Kind::bad_request_body, "BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body", 400,
     "Bad Request"},
    {Kind::bad_request_parameters, "BAD_REQUEST_PARAMETERS", 400, "BadRequestException",
     "Missing required request parameters", 400, "Bad Request"},
    {Kind::expired_token, "EXPIRED_TOKEN", 403, "ExpiredTokenException",
     "The security token included in the request is expired", 403, "Forbidden"},
    {Kind::integration_failure, "INTEGRATION_FAILURE", 504, "IntegrationFailureException",
     "Network error communicating with endpoint", 503, "Service Unavailable"},
    {Kind::integration_timeout, "INTEGRATION_TIMEOUT", 504, "IntegrationTimeoutException", "Endpoint request timed out",
     503, "Service Unavailable"},
    {Kind::invalid_api_key, "INVALID_API_KEY", 403, "ForbiddenException", "Forbidden", 403, "Forbidden"},
    {Kind::invalid_signature, "INVALID_SIGNATURE", 403, "InvalidSignatureException",
     "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
     "and signing method. Consult the service documentation for details.",
     403, "Forbidden"},
    {Kind::missing_authentication_token, "MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException",
     "Missing Authentication Token", 403, "Forbidden"},
    {Kind::quota_exceeded, "QUOTA_EXCEEDED", 429, "LimitExceededException", "Limit Exceeded", 429, "Too Many Requests"},
    {Kind::request_too_large, "REQUEST_TOO_LARGE", 413, "RequestTooLargeException",
     "HTTP content length exceeded 10485760 bytes.", 413, "Request Entity Too Large"},
    {Kind::resource_not_found, "RESOURCE_NOT_FOUND", 404, "NotFoundException", "Not Found", 404, "Not Found"},
    {Kind::throttled, "THROTTLED", 429, "TooManyRequestsException", "Too Many Requests", 429, "Too Many Requests"},
    {Kind::unauthorized, "UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized", 401, "Unauthorized"},
    {Kind::unsupported_media_type, "UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "Unsupported Media Type", 415,
     "Unsupported Media Type"},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i].kind != static_cast<Kind>(i)) return false;
  }
  return true;
}
static_assert(in_order());

const Words& words_of(FailureKind kind) {
  return kWords[static_cast<std::size_t>(kind)];
}

// A denial is the one failure that AWS writes with a capital letter.
std::string rest_body(const Words& words, const Failure& failure) {
  codec::json::object body;
  std::string_view text = failure.message.empty() ? words.message : std::string_view(failure.message);
  bool denial = failure.kind == FailureKind::access_denied && !failure.message.empty();
  body[denial ? "Message" : "message"] = text.empty() ? codec::json::value(nullptr) : codec::json::value(text);
  return codec::to_text(body);
}

}  // namespace

std::string_view name_of(FailureKind kind) {
  return words_of(kind).name;
}

net::Response failure_response(GatewayKind api, const Failure& failure) {
  const auto& words = words_of(failure.kind);
  if (api == GatewayKind::http) return message_response(words.http_status, words.http_message);
  net::Response response;
  response.status = words.status;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("x-amzn-ErrorType", std::string(words.error_type));
  response.body = rest_body(words, failure);
  return response;
}

}  // namespace localcloud
