// AWS::Lambda::Function, AWS::Lambda::Permission, and the types of the other files.
#include <fmt/format.h>

#include "codec/json.h"
#include "codec/zip.h"
#include "localcloud/lambda/code.h"
#include "localcloud/lambda/input.h"
#include "localcloud/lambda/permissions.h"
#include "localcloud/lambda/resource_types.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class FunctionType final : public SyncType {
 public:
  explicit FunctionType(LambdaService& service)
      : SyncType(
            {.name = "AWS::Lambda::Function",
             .works = {"Code", "Handler", "Runtime", "Role", "Environment", "Timeout", "MemorySize", "Architectures",
                       "Description", "FunctionName", "PackageType", "ReservedConcurrentExecutions", "Tags",
                       "DeadLetterConfig", "Layers", "DurableConfig", "EphemeralStorage"},
             // Of LoggingConfig, LogGroup works.
             .accepted = {"TracingConfig", "LoggingConfig", "RuntimeManagementConfig", "VpcConfig", "SnapStart"},
             .replaces = {"FunctionName", "PackageType"}}),
        service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    std::string function = text_property(request.properties, "FunctionName");
    if (function.empty()) function = generated_name(request.stack_name, request.logical_id, 64);
    if (service_.exists(function)) {
      return aws_error(409, "ResourceConflictException", fmt::format("Function already exist: {}", function));
    }
    return put(function, request);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(service_.find(request.physical_id));
    return put(request.physical_id, request);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    service_.remove(request.physical_id);
    return {};
  }

 private:
  // Code is read anew only if the template says something else of it: a template's bytes in S3 have a new key.
  base::Result<std::shared_ptr<const Package>> package_of(const std::string& function, const ResourceRequest& request) {
    const auto* code = request.properties.if_contains("Code");
    if (code == nullptr || !code->is_object()) return invalid_parameter("Please provide a source for function code.");
    const auto* before = request.old_properties.if_contains("Code");
    if (auto target = service_.find(function); target && before != nullptr && *before == *code) {
      return target->function->version->package;
    }
    TRY(auto archive, read_template_archive(service_.cloud(), service_.runtimes(), code->get_object(),
                                            text_property(request.properties, "Runtime")));
    return service_.unpack(archive);
  }

  base::Result<ResourceState> put(const std::string& function, const ResourceRequest& request) {
    TRY(auto version, read_function(request.properties));
    TRY(auto tags, read_tags(request.properties.if_contains("Tags")));
    TRY(auto reserved, number_member(request.properties, "ReservedConcurrentExecutions", 0, 1'000'000));
    if (version.image.empty()) {
      TRY(version.package, package_of(function, request));
    } else {
      TRY(version.package, service_.unpack(codec::make_zip({})));
    }
    TRY(service_.put(function, std::move(version)));
    TRY(auto target, service_.find(function));
    for (const auto& [key, value] : request.tags) tags.try_emplace(key, value);
    target.function->tags = std::move(tags);
    target.function->reserved_concurrency.reset();
    if (reserved) {
      if (auto done = service_.reserve_concurrency(*target.function, *reserved); !done) {
        if (request.physical_id.empty()) service_.remove(function);
        return base::fail(done.error());
      }
    }
    ResourceState state;
    state.physical_id = function;
    state.attributes["Arn"] = service_.arn_of(function);
    return state;
  }

  LambdaService& service_;
};

class PermissionType final : public SyncType {
 public:
  explicit PermissionType(LambdaService& service) : SyncType(description()), service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto target, service_.find(text_property(request.properties, "FunctionName")));
    std::string id = generated_name(request.stack_name, request.logical_id, 100);
    TRY(auto statement, make_statement(request.properties, id, target.arn));
    TRY(add_statement(*target.function, target.qualifier, std::move(statement)));
    ResourceState state{.physical_id = id};
    state.attributes["Id"] = id;
    return state;
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};  // every property replaces
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    auto target = service_.find(text_property(request.properties, "FunctionName"));
    if (!target) return {};  // deleted before
    return unless_gone(remove_statement(*target->function, target->qualifier, request.physical_id));
  }

 private:
  static TypeDescription description() {
    std::set<std::string_view> all{"Action",         "FunctionName",        "Principal",
                                   "SourceArn",      "SourceAccount",       "EventSourceToken",
                                   "PrincipalOrgID", "FunctionUrlAuthType", "InvokedViaFunctionUrl"};
    return {.name = "AWS::Lambda::Permission", .works = all, .accepted = {}, .replaces = all};
  }

  LambdaService& service_;
};

}  // namespace

ResourceTypes lambda_resource_types(LambdaService& service) {
  ResourceTypes types;
  types.push_back(std::make_unique<FunctionType>(service));
  types.push_back(std::make_unique<PermissionType>(service));
  add_version_types(service, types);
  add_layer_types(service, types);
  add_url_type(service, types);
  for (auto& type : async_invocation_types(service.async_invocations())) types.push_back(std::move(type));
  return types;
}

}  // namespace localcloud
