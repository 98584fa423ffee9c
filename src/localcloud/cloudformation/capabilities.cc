#include "localcloud/cloudformation/capabilities.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "localcloud/service.h"

namespace localcloud {
namespace {

// The types that grant permissions, and the property that names them.
const std::map<std::string_view, std::string_view>& iam_types() {
  static const std::map<std::string_view, std::string_view> kTypes = {
      {"AWS::IAM::AccessKey", ""},
      {"AWS::IAM::Group", "GroupName"},
      {"AWS::IAM::GroupPolicy", ""},
      {"AWS::IAM::InstanceProfile", "InstanceProfileName"},
      {"AWS::IAM::ManagedPolicy", "ManagedPolicyName"},
      {"AWS::IAM::Policy", ""},
      {"AWS::IAM::Role", "RoleName"},
      {"AWS::IAM::RolePolicy", ""},
      {"AWS::IAM::User", "UserName"},
      {"AWS::IAM::UserPolicy", ""},
      {"AWS::IAM::UserToGroupAddition", ""}};
  return kTypes;
}

bool has(const std::vector<std::string>& given, std::string_view capability) {
  return std::find(given.begin(), given.end(), capability) != given.end();
}

}  // namespace

std::vector<std::string> required_capabilities(const Template& declared) {
  bool any = false;
  for (const auto& [id, resource] : declared.resources) {
    const auto found = iam_types().find(resource.type);
    if (found == iam_types().end()) continue;
    any = true;
    if (!found->second.empty() && resource.properties.contains(found->second)) return {"CAPABILITY_NAMED_IAM"};
  }
  return any ? std::vector<std::string>{"CAPABILITY_IAM"} : std::vector<std::string>{};
}

std::string capabilities_reason(const Template& declared) {
  std::set<std::string> types;
  for (const auto& [id, resource] : declared.resources) {
    if (iam_types().contains(resource.type)) types.insert(resource.type);
  }
  if (types.empty()) return {};
  return fmt::format("The following resource(s) require capabilities: [{}]", fmt::join(types, ", "));
}

base::Result<> check_capabilities(const Template& declared, const std::vector<std::string>& given,
                                  bool macros_directly) {
  std::vector<std::string> missing;
  for (const auto& needed : required_capabilities(declared)) {
    if (!has(given, needed) && !has(given, "CAPABILITY_NAMED_IAM")) missing.push_back(needed);
  }
  if (macros_directly && !has(given, "CAPABILITY_AUTO_EXPAND")) missing.emplace_back("CAPABILITY_AUTO_EXPAND");
  if (missing.empty()) return {};
  return aws_error(400, "InsufficientCapabilitiesException",
                   fmt::format("Requires capabilities : [{}]", join(missing)));
}

}  // namespace localcloud
