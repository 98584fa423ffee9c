// What CloudFormation makes of the parameter store.
#include <fmt/format.h>

#include "localcloud/ssm/ssm_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class ParameterType final : public SyncType {
 public:
  explicit ParameterType(SsmService& ssm)
      : SyncType({.name = "AWS::SSM::Parameter",
                  .works = {"Name", "Type", "Value", "Description", "AllowedPattern", "Tier", "DataType", "Tags"},
                  .accepted = {},
                  .replaces = {"Name"}}),
        ssm_(ssm) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 200;
    auto name = text_property(request.properties, "Name");
    if (name.empty()) name = generated_name("CFN", request.logical_id, kLongest);
    return put(request, std::move(name), false);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    return put(request, request.physical_id, true);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    if (ssm_.store().find(request.physical_id)) return ssm_.store().remove(request.physical_id);
    return {};
  }

 private:
  base::Result<ResourceState> put(const ResourceRequest& request, std::string name, bool overwrite) {
    const auto& properties = request.properties;
    TRY(auto type, needed_property(properties, "Type"));
    TRY(auto value, needed_property(properties, "Value"));
    if (type == "SecureString") {
      return base::fail(base::ErrorKind::invalid_input,
                        "AWS CloudFormation doesn't support creating a SecureString parameter type.");
    }
    if (auto data = text_property(properties, "DataType", "text"); data != "text") {
      return base::fail(base::ErrorKind::invalid_input, "The local cloud does not implement the DataType " + data);
    }
    const auto* tags = properties.if_contains("Tags");
    if (tags != nullptr && !tags->is_object()) {
      return base::fail(base::ErrorKind::invalid_input, "Tags must be an object");
    }
    TRY(ssm_.store().put({.name = name,
                          .type = type,
                          .value = value,
                          .description = text_property(properties, "Description"),
                          .allowed_pattern = text_property(properties, "AllowedPattern"),
                          .tier = text_property(properties, "Tier"),
                          .user = "cloudformation.amazonaws.com",
                          .overwrite = overwrite},
                         ssm_.now()));
    TRY(auto* parameter, ssm_.store().find(name));
    parameter->tags = request.tags;
    if (tags != nullptr) {
      for (const auto& [key, text] : tags->get_object()) {
        parameter->tags[std::string(key)] = text_property(tags->get_object(), key);
      }
    }
    return ResourceState{.physical_id = std::move(name), .ref = {}, .attributes = {{"Type", type}, {"Value", value}}};
  }

  SsmService& ssm_;
};

}  // namespace

ResourceTypes ssm_resource_types(SsmService& ssm) {
  ResourceTypes types;
  types.push_back(std::make_unique<ParameterType>(ssm));
  return types;
}

}  // namespace localcloud
