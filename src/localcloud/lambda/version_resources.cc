// AWS::Lambda::Version and AWS::Lambda::Alias. Provisioned concurrency is refused by name.
#include <fmt/format.h>

#include <charconv>

#include "localcloud/lambda/aliases.h"
#include "localcloud/lambda/input.h"
#include "localcloud/lambda/resource_types.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

// What stands after the last ':' of an ARN.
std::string last_part(std::string_view arn) {
  return std::string(arn.substr(arn.rfind(':') + 1));
}

class VersionType final : public SyncType {
 public:
  explicit VersionType(LambdaService& service)
      : SyncType({.name = "AWS::Lambda::Version",
                  .works = {"FunctionName", "CodeSha256", "Description"},
                  .accepted = {"RuntimePolicy"},
                  .replaces = {"FunctionName", "CodeSha256", "Description"}}),
        service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto target, service_.find(text_property(request.properties, "FunctionName")));
    auto& function = *target.function;
    std::string sha = text_property(request.properties, "CodeSha256");
    if (!sha.empty() && sha != function.version->package->sha256()) {
      return invalid_parameter(
          fmt::format("CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the "
                      "CodeSHA256 in $LATEST.",
                      sha, function.version->package->sha256()));
    }
    std::optional<std::string> description;
    if (request.properties.contains("Description")) description = text_property(request.properties, "Description");
    int before = function.last_number;
    auto version = service_.publish(function, std::move(description));
    if (function.last_number == before) {
      // The engine would remove the version of the other resource with this one.
      return aws_error(
          409, "AlreadyExists",
          fmt::format("A version for this Lambda function exists ( {} ). Modify the function to create a new version.",
                      version->number));
    }
    ResourceState state{.physical_id = version->arn};
    state.attributes["Version"] = version->number;
    state.attributes["FunctionArn"] = version->arn;
    return state;
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};  // every property replaces
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    auto target = service_.find(request.physical_id);
    if (!target) return {};  // deleted before, with its function perhaps
    int number = 0;
    std::string text = last_part(request.physical_id);
    std::from_chars(text.data(), text.data() + text.size(), number);
    for (const auto& [name, alias] : target->function->aliases) {
      if (alias.version == text || alias.weights.contains(text)) {
        return aws_error(409, "ResourceConflictException",
                         fmt::format("Version {} can't be deleted because aliases [{}] reference it.", text, name));
      }
    }
    service_.remove_version(*target->function, number);
    return {};
  }

 private:
  LambdaService& service_;
};

class AliasType final : public SyncType {
 public:
  explicit AliasType(LambdaService& service)
      : SyncType({.name = "AWS::Lambda::Alias",
                  .works = {"FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"},
                  .accepted = {},
                  .replaces = {"FunctionName", "Name"}}),
        service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto target, service_.find(text_property(request.properties, "FunctionName")));
    TRY(auto name, needed_property(request.properties, "Name"));
    TRY(check_alias_name(*target.function, name));
    Alias alias{.name = name, .version = {}, .description = {}, .weights = {}, .revision = {}};
    TRY(apply_alias(*target.function, alias, request.properties));
    target.function->aliases[name] = std::move(alias);
    return state_of(fmt::format("{}:{}", service_.arn_of(target.name), name));
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto target, service_.find(request.physical_id));
    auto alias = target.function->aliases.find(target.qualifier);
    if (alias == target.function->aliases.end()) {
      return aws_error(404, "ResourceNotFoundException", "Cannot find alias arn: " + request.physical_id);
    }
    Alias changed{.name = target.qualifier, .version = {}, .description = {}, .weights = {}, .revision = {}};
    TRY(apply_alias(*target.function, changed, request.properties));
    alias->second = std::move(changed);
    return state_of(request.physical_id);
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    if (auto target = service_.find(request.physical_id)) remove_alias(*target->function, target->qualifier);
    return {};
  }

 private:
  static ResourceState state_of(const std::string& arn) {
    ResourceState state{.physical_id = arn};
    state.attributes["AliasArn"] = arn;
    return state;
  }

  LambdaService& service_;
};

}  // namespace

void add_version_types(LambdaService& service, ResourceTypes& types) {
  types.push_back(std::make_unique<VersionType>(service));
  types.push_back(std::make_unique<AliasType>(service));
}

}  // namespace localcloud
