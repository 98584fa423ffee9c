// AWS::Lambda::LayerVersion and AWS::Lambda::LayerVersionPermission.
#include "localcloud/lambda/code.h"
#include "localcloud/lambda/input.h"
#include "localcloud/lambda/permissions.h"
#include "localcloud/lambda/resource_types.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class LayerVersionType final : public SyncType {
 public:
  explicit LayerVersionType(LambdaService& service) : SyncType(description()), service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    const auto* content = request.properties.if_contains("Content");
    if (content == nullptr || !content->is_object()) return invalid_parameter("Content is required");
    std::string name = text_property(request.properties, "LayerName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, 140);
    TRY(auto archive, read_archive(service_.cloud(), content->get_object(), "Content"));
    TRY(const auto* version, service_.layers().publish(name, request.properties, archive));
    ResourceState state{.physical_id = version->arn};
    state.attributes["LayerVersionArn"] = version->arn;
    return state;
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};  // every property replaces
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    auto version = service_.layers().find_arn(request.physical_id);
    if (version) service_.layers().remove((*version)->layer_arn, (*version)->number);
    return {};
  }

 private:
  static TypeDescription description() {
    std::set<std::string_view> all{"Content",     "CompatibleRuntimes", "CompatibleArchitectures",
                                   "Description", "LayerName",          "LicenseInfo"};
    return {.name = "AWS::Lambda::LayerVersion", .works = all, .accepted = {}, .replaces = all};
  }

  LambdaService& service_;
};

class LayerPermissionType final : public SyncType {
 public:
  explicit LayerPermissionType(LambdaService& service) : SyncType(description()), service_(service) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    std::string arn = text_property(request.properties, "LayerVersionArn");
    TRY(auto* version, service_.layers().find_arn(arn));
    std::string id = generated_name(request.stack_name, request.logical_id, 100);
    TRY(add_layer_statement(*version, request.properties, id));
    return ResourceState{.physical_id = arn + "#" + id, .ref = arn + "#" + id};
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return ResourceState{.physical_id = request.physical_id};  // every property replaces
  }
  base::Result<> destroy(const ResourceRequest& request) override {
    std::size_t mark = request.physical_id.find('#');
    auto version = service_.layers().find_arn(request.physical_id.substr(0, mark));
    if (version && mark != std::string::npos) {
      erase_statement((*version)->statements, request.physical_id.substr(mark + 1));
    }
    return {};
  }

 private:
  static TypeDescription description() {
    std::set<std::string_view> all{"Action", "LayerVersionArn", "Principal", "OrganizationId"};
    return {.name = "AWS::Lambda::LayerVersionPermission", .works = all, .accepted = {}, .replaces = all};
  }

  LambdaService& service_;
};

}  // namespace

void add_layer_types(LambdaService& service, ResourceTypes& types) {
  types.push_back(std::make_unique<LayerVersionType>(service));
  types.push_back(std::make_unique<LayerPermissionType>(service));
}

}  // namespace localcloud
