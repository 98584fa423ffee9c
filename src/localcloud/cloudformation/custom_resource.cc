#include "localcloud/cloudformation/custom_resource.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/cloudformation/template.h"
#include "localcloud/cloudformation/type_catalog.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/local_clock.h"
#include "localcloud/sns/sns.h"
#include "localcloud/sync_type.h"

namespace localcloud {
namespace {

constexpr std::int64_t kMaxTimeout = 3600;     // seconds
constexpr std::size_t kMaxResponse = 4096;     // bytes, of the response object
constexpr std::size_t kMaxPhysicalId = 1024;   // bytes
constexpr std::size_t kGeneratedNameMax = 64;  // of the id of what failed without naming one

constexpr std::string_view kUnasked = "\x01";  // no physical id

// "All property values are strings", as requests bring them.
json::value as_strings(const json::value& from) {
  if (const auto* list = from.if_array()) {
    json::array result;
    for (const auto& element : *list) result.push_back(as_strings(element));
    return result;
  }
  if (const auto* object = from.if_object()) {
    json::object result;
    for (const auto& [key, member] : *object) result[key] = as_strings(member);
    return result;
  }
  const auto text = scalar_text(from);
  return text ? json::value(json::string(*text)) : from;
}

tl::unexpected<base::Error> failed(std::string reason) {
  return base::fail(base::ErrorKind::service, std::move(reason));
}

struct Response {
  std::string physical_id;
  json::object data;
};

class CustomResource final : public ResourceType {
 public:
  CustomResource(Cloud& cloud, const StackStore& store, Callbacks& callbacks)
      : cloud_(cloud), store_(store), callbacks_(callbacks) {}

  std::string_view name() const override { return kCustomType; }
  const std::set<std::string_view>& works() const override {
    static const std::set<std::string_view> kWorks = {"ServiceToken", "ServiceTimeout"};
    return kWorks;
  }
  const std::set<std::string_view>& replaces() const override {
    static const std::set<std::string_view> kNone;
    return kNone;
  }

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override {
    auto initiated = request.initiated;
    const auto fallback = generated_name(request.stack_name, request.logical_id, kGeneratedNameMax);
    auto answer = co_await ask(std::move(request), "Create");
    if (!answer) {
      // What was asked, and failed, may have left something behind: it is asked to delete it.
      const auto& of_answer = answer.error().hint;
      if (initiated && of_answer != kUnasked) initiated(of_answer.empty() ? fallback : of_answer);
      co_return failed(answer.error().message);
    }
    co_return ResourceState{.physical_id = answer->physical_id, .attributes = std::move(answer->data)};
  }

  awaitable<base::Result<ResourceState>> update(ResourceRequest request) override {
    if (text_property(request.properties, "ServiceToken") != text_property(request.old_properties, "ServiceToken")) {
      co_return failed("Modifying service token is not allowed.");
    }
    CO_TRY(auto answer, co_await ask(std::move(request), "Update"));
    co_return ResourceState{.physical_id = answer.physical_id, .attributes = std::move(answer.data)};
  }

  awaitable<base::Result<void>> remove(ResourceRequest request) override {
    CO_TRY(co_await ask(std::move(request), "Delete"));
    co_return base::Result<>{};
  }

 private:
  // Sends one request and waits for its response. The hint of an error is the physical id that it came with, or
  // kUnasked where nobody was asked.
  awaitable<base::Result<Response>> ask(ResourceRequest request, std::string request_type) {
    const auto timeout = timeout_of(request.properties);
    if (!timeout) co_return base::fail(base::ErrorKind::service, timeout.error().message, std::string(kUnasked));
    const auto url = callbacks_.open();
    const auto request_id = base::random_uuid();
    const auto message = message_of(request, request_type, url, request_id);
    if (auto sent = co_await send(request, message); !sent) {
      callbacks_.close(url);
      co_return base::fail(base::ErrorKind::service, sent.error().message, std::string(kUnasked));
    }
    const auto bodies = co_await callbacks_.wait(
        url, 1, store_.not_after_deadline(request.stack_id, cloud_.clock->now() + std::chrono::seconds(*timeout)));
    callbacks_.close(url);
    if (bodies.empty()) {
      co_return failed(fmt::format(
          "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
          "[{}].",
          request_id));
    }
    co_return read_response(bodies.front(), request, request_type, request_id);
  }

  static base::Result<std::int64_t> timeout_of(const json::object& properties) {
    const auto text = text_property(properties, "ServiceTimeout", "3600");
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > kMaxTimeout) {
      return failed(fmt::format("ServiceTimeout must be a number between 1 and {}, not {}", kMaxTimeout, text));
    }
    return seconds;
  }

  static std::string message_of(const ResourceRequest& request, std::string_view request_type, const std::string& url,
                                const std::string& request_id) {
    json::object message{
        {"RequestType", request_type}, {"ServiceToken", text_property(request.properties, "ServiceToken")},
        {"ResponseURL", url},          {"StackId", request.stack_id},
        {"RequestId", request_id},     {"LogicalResourceId", request.logical_id}};
    if (request_type != "Create") message["PhysicalResourceId"] = request.physical_id;
    message["ResourceType"] = request.type;
    message["ResourceProperties"] = as_strings(request.properties);
    if (request_type == "Update") message["OldResourceProperties"] = as_strings(request.old_properties);
    return json::serialize(message);
  }

  awaitable<base::Result<>> send(const ResourceRequest& request, const std::string& message) {
    const auto token = text_property(request.properties, "ServiceToken");
    if (token.empty()) co_return failed("Missing required parameter ServiceToken");
    const auto stack = store_.find(request.stack_id);
    if (stack == nullptr) co_return failed("The stack is gone");
    const Principal caller = stack->definition.caller;
    if (token.starts_with("arn:aws:sns:")) {
      co_return cloud_.sns->publish({.service = {}, .source_arn = {}, .caller = caller}, token, message);
    }
    if (!token.starts_with("arn:aws:lambda:")) {
      co_return failed(
          fmt::format("Invalid service token: {}. It must be the ARN of a Lambda function or an SNS topic", token));
    }
    CO_TRY(cloud_.iam->authorize(caller, "lambda:InvokeFunction", token));
    CO_TRY(co_await cloud_.lambda->invoke(
        {.function = token, .payload = message, .type = InvocationType::event, .client_context = {}, .trace_id = {}}));
    co_return base::Result<>{};
  }

  static base::Result<Response> read_response(const std::string& body, const ResourceRequest& request,
                                              std::string_view request_type, const std::string& request_id) {
    if (body.size() > kMaxResponse) return failed("Response object is too long.");
    const auto parsed = codec::parse_json(body);
    if (!parsed || !parsed->is_object()) return failed("Invalid response object: it is no JSON object");
    const auto status = codec::find_string(*parsed, "Status");
    Response response{.physical_id = codec::find_string(*parsed, "PhysicalResourceId"), .data = {}};
    if (status != "SUCCESS") {
      auto error =
          failed(fmt::format("Received response status [{}] from custom resource. Message returned: {} (RequestId: {})",
                             status, codec::find_string(*parsed, "Reason"), request_id));
      error.value().hint = response.physical_id;
      return error;
    }
    if (request_type == "Delete") return response;
    if (response.physical_id.empty() || response.physical_id.size() > kMaxPhysicalId)
      return failed("Invalid PhysicalResourceId");
    for (const auto& [key, expected] : {std::pair<std::string_view, std::string_view>{"StackId", request.stack_id},
                                        {"RequestId", request_id},
                                        {"LogicalResourceId", request.logical_id}}) {
      if (codec::find_string(*parsed, key) != expected) return failed(fmt::format("Invalid {}", key));
    }
    if (const auto* data = codec::find(*parsed, "Data"); data != nullptr && data->is_object())
      response.data = data->get_object();
    return response;
  }

  Cloud& cloud_;
  const StackStore& store_;
  Callbacks& callbacks_;
};

}  // namespace

std::unique_ptr<ResourceType> make_custom_resource_type(Cloud& cloud, const StackStore& store, Callbacks& callbacks) {
  return std::make_unique<CustomResource>(cloud, store, callbacks);
}

}  // namespace localcloud
