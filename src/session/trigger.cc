#include "session/trigger.h"

#include <fmt/format.h>

#include "codec/json.h"

namespace session {
namespace {

using codec::find_string;

std::string with(std::string_view trigger, std::string_view detail) {
  return detail.empty() ? std::string(trigger) : fmt::format("{} {}", trigger, detail);
}

// "arn:aws:sns:us-east-1:123456789012:topic" → "topic"; "arn:aws:s3:::bucket" → "bucket".
std::string last_part(const std::string& arn) {
  std::size_t colon = arn.rfind(':');
  return colon == std::string::npos ? arn : arn.substr(colon + 1);
}

// Of an event source: "…:queue" → "queue", "…:stream/clicks" → "clicks", "…:table/items/stream/2026-01-02T03:04" →
// "items".
std::string name_in(const std::string& arn) {
  for (std::string_view kind : {":table/", ":stream/"}) {
    std::size_t at = arn.find(kind);
    if (at == std::string::npos) continue;
    std::string name = arn.substr(at + kind.size());
    return name.substr(0, name.find('/'));
  }
  return last_part(arn);
}

std::string of_record(const codec::json::value& record) {
  std::string source = find_string(record, "eventSource");
  if (source.empty()) source = find_string(record, "EventSource");
  if (!source.starts_with("aws:")) return "invoke";
  source.erase(0, 4);
  if (source == "sns") return with(source, last_part(find_string(record, "Sns", "TopicArn")));
  if (source == "s3") return with(source, find_string(record, "s3", "bucket", "name"));
  return with(source, name_in(find_string(record, "eventSourceARN")));
}

std::string of_version_2(const codec::json::value& event) {
  std::string route =
      fmt::format("{} {}", find_string(event, "requestContext", "http", "method"), find_string(event, "rawPath"));
  bool url = find_string(event, "requestContext", "domainName").find(".lambda-url.") != std::string::npos;
  return with(url ? "function-url" : "http-api", route);
}

}  // namespace

std::string trigger_of(std::string_view text) {
  auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return "invoke";
  const codec::json::value& event = *parsed;
  if (codec::find(event, "methodArn") != nullptr || codec::find(event, "routeArn") != nullptr) return "authorizer";
  if (const auto* records = codec::find(event, "Records"); records != nullptr && records->is_array()) {
    return records->as_array().empty() ? "invoke" : of_record(records->as_array().front());
  }
  if (codec::find(event, "requestContext", "elb") != nullptr) {
    return with("alb", fmt::format("{} {}", find_string(event, "httpMethod"), find_string(event, "path")));
  }
  if (codec::find(event, "requestContext", "http") != nullptr) return of_version_2(event);
  if (codec::find(event, "requestContext", "eventType") != nullptr &&
      codec::find(event, "requestContext", "connectionId") != nullptr) {
    return with("websocket", find_string(event, "requestContext", "routeKey"));
  }
  if (codec::find(event, "httpMethod") != nullptr && codec::find(event, "requestContext") != nullptr) {
    return with("rest-api", fmt::format("{} {}", find_string(event, "httpMethod"), find_string(event, "path")));
  }
  if (codec::find(event, "detail-type") != nullptr) return with("eventbridge", find_string(event, "detail-type"));
  return "invoke";
}

}  // namespace session
