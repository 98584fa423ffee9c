// POST, GET and DELETE /{stage}/@connections/{id} (botocore apigatewaymanagementapi/2018-11-29; aws-facts §1).
// Permission comes first, then the id's form, then whether there is such a connection.
#include <fmt/format.h>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/apigateway/websocket_gateway.h"
#include "localcloud/http_text.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

net::Response failure(int status, std::string_view code, std::string_view message) {
  auto response = message_response(status, message);
  response.headers.add("x-amzn-ErrorType", std::string(code));
  return response;
}

net::Response description(const Connection& connection) {
  json::object body;
  body["connectedAt"] = iso_time(connection.connected_at);
  body["identity"] =
      json::object{{"sourceIp", connection.source_ip}, {"userAgent", repaired_utf8(connection.user_agent)}};
  body["lastActiveAt"] = iso_time(connection.last_active);
  net::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = codec::to_text(body);
  return response;
}

}  // namespace

net::Response WebSocketGateway::connections_api(const net::Request& request, std::string_view api_id,
                                                std::string_view stage, std::string_view id) {
  bool post = request.method == "POST";
  if (!post && request.method != "GET" && request.method != "DELETE")
    return failure(403, "ForbiddenException", "Forbidden");
  if (request.headers.get_or("x-amz-content-sha256", "") == "UNSIGNED-PAYLOAD") {
    return failure(403, "InvalidSignatureException", "The request signature does not cover the payload");
  }
  // The resource that AWS evaluates has no id in it, so that no policy can name a single connection.
  std::string resource =
      store_.arn_of(api_id, fmt::format("{}/{}/@connections/{{connectionId}}", stage, request.method));
  if (auto allowed = check_caller(request, "execute-api:ManageConnections", resource); !allowed) {
    return failure(403, allowed.error().status == 403 ? allowed.error().code : "ForbiddenException",
                   allowed.error().message);
  }
  if (!throttles_.admit(cloud_.clock->now())) return failure(429, "LimitExceededException", "Too Many Requests");
  if (!Connections::well_formed(id)) {
    return failure(400, "BadRequestException", fmt::format("Invalid connectionId: {}", id));
  }
  if (post && request.body.size() > kMaxPost) {
    return failure(413, "PayloadTooLargeException", "Message too long");
  }
  auto connection = connections_.find(api_id, stage, id);
  if (!connection) return failure(410, "GoneException", "Gone");
  net::Response done;
  done.headers.add("x-amzn-RequestId", base::random_uuid());
  if (request.method == "GET") return description(*connection);
  if (request.method == "DELETE") {
    connection->close(1000, "Connection Closed Normally");
    done.status = 204;
    return done;
  }
  recorder_.record("post", connection->id, request.body);
  if (!connection->send(request.body)) {
    return failure(429, "LimitExceededException", "The WebSocket client side buffer is full");
  }
  connection->last_active = cloud_.clock->now();
  return done;
}

}  // namespace localcloud
