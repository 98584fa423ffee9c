// AWS::Lambda::Function and AWS::Lambda::Permission.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/lambda/lambda_service.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

using Names = std::set<std::string_view>;

class FunctionType final : public ResourceType {
 public:
  explicit FunctionType(LambdaService& service) : service_(service) {}

  std::string_view name() const override { return "AWS::Lambda::Function"; }
  const Names& works() const override {
    static const Names names{"Code",        "Handler",         "Runtime",     "Role",
                             "Environment", "Timeout",         "MemorySize",  "Architectures",
                             "Description", "FunctionName",    "PackageType", "ReservedConcurrentExecutions",
                             "Tags",        "DeadLetterConfig"};
    return names;
  }
  const Names& accepted() const override {
    static const Names names{"TracingConfig", "LoggingConfig", "EphemeralStorage", "RuntimeManagementConfig"};
    return names;
  }
  const Names& replaces() const override {
    static const Names names{"FunctionName", "PackageType"};
    return names;
  }

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override {
    std::string function = codec::find_string(json::value(request.properties), "FunctionName");
    if (function.empty()) function = generated_name(request.stack_name, request.logical_id, 64);
    if (service_.exists(function)) {
      co_return aws_error(409, "ResourceConflictException", fmt::format("Function already exist: {}", function));
    }
    co_return put(std::move(function), request);
  }
  awaitable<base::Result<ResourceState>> update(ResourceRequest request) override {
    CO_TRY(service_.find(request.physical_id));
    co_return put(request.physical_id, request);
  }
  awaitable<base::Result<void>> remove(ResourceRequest request) override {
    service_.remove(request.physical_id);
    co_return base::Result<void>{};
  }

 private:
  base::Result<ResourceState> put(std::string function, const ResourceRequest& request) {
    TRY(auto version, read_function(request.properties));
    TRY(auto code, read_code_location(request.properties));
    for (const auto& [key, value] : request.tags) version.tags.try_emplace(key, value);
    TRY(service_.put(function, std::move(version), code));
    ResourceState state;
    state.physical_id = function;
    state.attributes["Arn"] = service_.arn_of(function);
    return state;
  }

  LambdaService& service_;
};

class PermissionType final : public ResourceType {
 public:
  explicit PermissionType(LambdaService& service) : service_(service) {}

  std::string_view name() const override { return "AWS::Lambda::Permission"; }
  const Names& works() const override {
    static const Names names{"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount"};
    return names;
  }
  const Names& replaces() const override { return works(); }

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override {
    json::value properties = request.properties;
    std::string reference = codec::find_string(properties, "FunctionName");
    CO_TRY(auto* function, service_.find(reference));
    std::string principal = codec::find_string(properties, "Principal");
    json::object statement;
    std::string id = generated_name(request.stack_name, request.logical_id, 100);
    statement["Sid"] = id;
    statement["Effect"] = "Allow";
    if (principal == "*") {
      statement["Principal"] = "*";
    } else {
      bool service = principal.ends_with(".amazonaws.com");
      std::string who = principal.size() == 12 && !service ? fmt::format("arn:aws:iam::{}:root", principal) : principal;
      statement["Principal"] = json::object{{service ? "Service" : "AWS", who}};
    }
    statement["Action"] = codec::find_string(properties, "Action");
    statement["Resource"] = function->version->arn;
    json::object condition;
    if (std::string arn = codec::find_string(properties, "SourceArn"); !arn.empty()) {
      condition["ArnLike"] = json::object{{"AWS:SourceArn", arn}};
    }
    if (std::string account = codec::find_string(properties, "SourceAccount"); !account.empty()) {
      condition["StringEquals"] = json::object{{"AWS:SourceAccount", account}};
    }
    if (!condition.empty()) statement["Condition"] = std::move(condition);
    function->statements.emplace_back(std::move(statement));
    co_return ResourceState{.physical_id = id};
  }
  awaitable<base::Result<ResourceState>> update(ResourceRequest request) override {
    co_return ResourceState{.physical_id = request.physical_id};  // every property replaces
  }
  awaitable<base::Result<void>> remove(ResourceRequest request) override {
    auto function = service_.find(codec::find_string(json::value(request.properties), "FunctionName"));
    if (!function) co_return base::Result<void>{};  // deleted before
    auto& statements = (*function)->statements;
    for (auto at = statements.begin(); at != statements.end();) {
      at = codec::find_string(*at, "Sid") == request.physical_id ? statements.erase(at) : at + 1;
    }
    co_return base::Result<void>{};
  }

 private:
  LambdaService& service_;
};

}  // namespace

ResourceTypes lambda_resource_types(Cloud&, LambdaService& service) {
  ResourceTypes types;
  types.push_back(std::make_unique<FunctionType>(service));
  types.push_back(std::make_unique<PermissionType>(service));
  for (auto& type : async_invocation_types(service.async_invocations())) types.push_back(std::move(type));
  return types;
}

}  // namespace localcloud
