#include "localcloud/apigateway/service_call.h"

#include <array>
#include <charconv>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/delivery.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/events/events.h"
#include "localcloud/logs/logs.h"
#include "localcloud/s3/s3.h"
#include "localcloud/service.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sqs/sqs.h"
#include "localcloud/ssm/ssm.h"

namespace localcloud {

namespace {

// A service by its name in URIs, and the prefix of X-Amz-Target where it speaks JSON; empty: the action is a parameter.
struct Callable {
  std::string_view name;
  std::string_view target;
  std::string_view version;  // of its JSON
  Service* (*find)(Cloud&);
};
constexpr std::array<Callable, 7> kCallable{{
    {"dynamodb", "DynamoDB_20120810", "1.0", [](Cloud& cloud) -> Service* { return cloud.dynamodb; }},
    {"events", "AWSEvents", "1.1", [](Cloud& cloud) -> Service* { return cloud.events; }},
    {"logs", "Logs_20140328", "1.1", [](Cloud& cloud) -> Service* { return cloud.logs; }},
    {"ssm", "AmazonSSM", "1.1", [](Cloud& cloud) -> Service* { return cloud.ssm; }},
    {"sqs", {}, {}, [](Cloud& cloud) -> Service* { return cloud.sqs; }},
    {"sns", {}, {}, [](Cloud& cloud) -> Service* { return cloud.sns; }},
    {"s3", {}, {}, [](Cloud& cloud) -> Service* { return cloud.s3; }},
}};

const Callable* callable(std::string_view name) {
  for (const auto& one : kCallable) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kSubtypes{
    {{"SQS-SendMessage", "AmazonSQS.SendMessage"},
     {"SQS-ReceiveMessage", "AmazonSQS.ReceiveMessage"},
     {"SQS-DeleteMessage", "AmazonSQS.DeleteMessage"},
     {"SQS-PurgeQueue", "AmazonSQS.PurgeQueue"},
     {"EventBridge-PutEvents", "AWSEvents.PutEvents"}}};

json::value typed(const std::string& name, const std::string& text) {
  static constexpr std::array<std::string_view, 4> kNumbers{"DelaySeconds", "MaxNumberOfMessages", "VisibilityTimeout",
                                                            "WaitTimeSeconds"};
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = error == std::errc{} && end == text.data() + text.size();
  for (auto known : kNumbers) {
    if (known == name && whole) return number;
  }
  bool structured = name == "MessageAttributes" || name == "MessageSystemAttributes" || name == "AttributeNames" ||
                    name == "MessageAttributeNames" || name == "Resources";
  if (auto parsed = codec::parse_json(text); structured && parsed) return *parsed;
  return json::value(json::string(text));
}

}  // namespace

bool is_callable_service(std::string_view service) {
  return callable(service) != nullptr;
}

bool is_service_subtype(std::string_view subtype) {
  for (const auto& [name, target] : kSubtypes) {
    if (name == subtype) return true;
  }
  return false;
}

awaitable<base::Result<net::Response>> call_service(Cloud& cloud, ServiceCall call) {
  const auto* known = callable(call.service);
  Service* service = known == nullptr ? nullptr : known->find(cloud);
  if (service == nullptr) co_return aws_error(500, "InternalServerErrorException", "Internal server error");
  CO_TRY(auto caller,
         principal_of_role(cloud, call.credentials, "apigateway.amazonaws.com", "BackplaneAssumeRoleSession"));
  auto& request = call.request;
  std::string query = request.target.starts_with('?') ? request.target.substr(1) : std::string();
  if (call.uri.starts_with("path/")) {
    request.target = "/" + call.uri.substr(call.uri.starts_with("path//") ? 6 : 5);
  } else {
    std::string action = call.uri.substr(call.uri.find('/') + 1);
    request.target = "/";
    if (known->target.empty()) {
      query = "Action=" + action + (query.empty() ? "" : "&" + query);
    } else if (!request.headers.has("X-Amz-Target")) {
      request.headers.set("X-Amz-Target", std::string(known->target) + "." + action);
      request.headers.set("Content-Type", "application/x-amz-json-" + std::string(known->version));
    }
  }
  if (!query.empty()) request.target += (request.target.find('?') == std::string::npos ? "?" : "&") + query;
  request.headers.set("Host", cloud.endpoint.substr(cloud.endpoint.find("://") + 3));
  co_return co_await service->handle(Call{.request = std::move(request),
                                          .caller = std::move(caller),
                                          .service = call.service,
                                          .region = cloud.region,
                                          .request_id = base::random_uuid()});
}

ServiceCall call_of_subtype(std::string_view subtype, const std::map<std::string, std::string>& parameters,
                            std::string credentials) {
  ServiceCall call{.service = subtype.starts_with("SQS") ? "sqs" : "events",
                   .uri = "path/",
                   .credentials = std::move(credentials),
                   .request = {.method = "POST"}};
  json::object input;
  for (const auto& [name, text] : parameters) {
    if (name != "Region") input[name] = typed(name, text);
  }
  if (call.service == "events") input = json::object{{"Entries", json::array{std::move(input)}}};
  for (const auto& [name, target] : kSubtypes) {
    if (name == subtype) call.request.headers.set("X-Amz-Target", std::string(target));
  }
  call.request.headers.set("Content-Type",
                           call.service == "sqs" ? "application/x-amz-json-1.0" : "application/x-amz-json-1.1");
  call.request.body = codec::to_text(input);
  return call;
}

}  // namespace localcloud
