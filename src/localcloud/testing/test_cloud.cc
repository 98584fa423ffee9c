#include "localcloud/testing/test_cloud.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/iam/iam_service.h"

namespace localcloud {

namespace {

awaitable<void> take_response(Service& service, Call call, net::Response& response) {
  response = co_await service.handle(std::move(call));
}

awaitable<void> take_state(ResourceType& type, ResourceRequest request, base::Result<ResourceState>& state) {
  state = co_await type.create(std::move(request));
}

}  // namespace

json::value parse(std::string_view text) {
  auto value = codec::parse_json(text);
  if (!value) throw std::invalid_argument(std::string(text));
  return std::move(*value);
}

base::Result<FunctionFacts> RecordingLambda::facts(std::string_view reference) const {
  auto found = functions.find(reference);
  if (found != functions.end()) return found->second;
  return aws_error(404, "ResourceNotFoundException", fmt::format("Function not found: {}", reference));
}

bool RecordingLambda::permits(std::string_view function_arn, std::string_view service,
                              std::string_view source_arn) const {
  auto wanted = fmt::format("{}|{}|{}", function_arn, service, source_arn);
  return std::find(permitted.begin(), permitted.end(), wanted) != permitted.end();
}

TestCloud::TestCloud() : clock(loop.get_executor()), tasks(loop.get_executor()) {
  cloud.executor = loop.get_executor();
  cloud.clock = &clock;
  cloud.tasks = &tasks;
  cloud.lambda = &lambda;
  iam = make_iam(cloud);
  cloud.iam = iam.get();
}

Principal TestCloud::root() const {
  return iam->find_key(iam->root_credentials().access_key_id, "")->first;
}

Principal TestCloud::role(const std::string& name, std::string_view policy) {
  auto& service = dynamic_cast<IamService&>(*iam);
  Role role;
  role.name = name;
  role.trust = parse(R"({"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},
                         "Action":"sts:AssumeRole"}]})");
  role.inline_policies["test"] = parse(policy);
  auto created = service.create_role(std::move(role));
  if (!created) throw std::invalid_argument(created.error().message);
  auto credentials = service.issue(**created, "session", std::chrono::hours(1));
  return iam->find_key(credentials.access_key_id, credentials.session_token)->first;
}

net::Response TestCloud::call(Service& service, net::Request request, std::string_view scope, Principal caller) {
  Call one{.request = std::move(request),
           .caller = std::move(caller),
           .service = std::string(scope),
           .region = cloud.region,
           .request_id = base::random_uuid()};
  net::Response response;
  base::run_until_done(loop, take_response(service, std::move(one), response));
  base::run_until_done(loop, tasks.join());
  return response;
}

TestCloud::JsonAnswer TestCloud::json_call(Service& service, std::string_view operation, std::string_view body,
                                           std::string_view scope, Principal caller) {
  net::Request request{.method = "POST", .target = "/", .headers = {}, .body = std::string(body)};
  request.headers.add("X-Amz-Target", fmt::format("Prefix.{}", operation));
  auto response = call(service, std::move(request), scope, std::move(caller));
  return {.status = response.status, .body = parse(response.body)};
}

TestCloud::JsonAnswer TestCloud::json_call(Service& service, std::string_view operation, std::string_view body,
                                           std::string_view scope) {
  return json_call(service, operation, body, scope, root());
}

net::Response TestCloud::query_call(Service& service, std::string_view form, std::string_view scope) {
  net::Request request{.method = "POST", .target = "/", .headers = {}, .body = std::string(form)};
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  return call(service, std::move(request), scope, root());
}

base::Result<ResourceState> TestCloud::create(const ResourceTypes& types, std::string_view name,
                                              std::string_view properties) {
  for (const auto& type : types) {
    if (type->name() != name) continue;
    ResourceRequest request{.stack_name = "stack",
                            .stack_id = "id",
                            .logical_id = "Thing",
                            .physical_id = {},
                            .properties = parse(properties).as_object(),
                            .old_properties = {},
                            .tags = {}};
    base::Result<ResourceState> state = base::fail(base::ErrorKind::internal, "not run");
    base::run_until_done(loop, take_state(*type, std::move(request), state));
    return state;
  }
  return base::fail(base::ErrorKind::not_found, std::string(name));
}

}  // namespace localcloud
