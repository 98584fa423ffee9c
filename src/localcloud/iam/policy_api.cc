// IAM's operations on managed policies and their versions.
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/iam/iam_service.h"
#include "localcloud/iam/managed_policies.h"
#include "localcloud/iam/paging.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kOfAws = "arn:aws:iam::aws:policy/";

void write_version(XmlWriter& xml, const PolicyVersion& version, bool in_force) {
  xml.element("VersionId", version.id).element("IsDefaultVersion", in_force);
  xml.element("CreateDate", iso_time(version.created));
}

tl::unexpected<base::Error> no_version(std::string_view arn, std::string_view version) {
  return aws_error(404, "NoSuchEntity",
                   fmt::format("Policy {} version {} does not exist or is not attachable.", arn, version));
}

}  // namespace

void IamService::write_policy(XmlWriter& xml, const CustomerPolicy& policy) const {
  xml.element("PolicyName", policy.name).element("PolicyId", policy.id).element("Arn", policy.arn);
  xml.element("Path", policy.path).element("DefaultVersionId", policy.default_version);
  xml.element("AttachmentCount", std::to_string(roles_with(policy.arn).size())).element("IsAttachable", true);
  if (!policy.description.empty()) xml.element("Description", policy.description);
  xml.element("CreateDate", iso_time(policy.created));
  xml.element("UpdateDate", iso_time(policy.in_force().created));
  if (!policy.tags.empty()) write_iam_tags(xml, policy.tags);
}

base::Result<std::string> IamService::create_policy_operation(const Call& call, const QueryInput& input) {
  CustomerPolicy fresh;
  TRY(fresh.name, input.need("PolicyName"));
  fresh.path = input.get_or("Path", "/");
  fresh.description = input.get_or("Description", "");
  TRY(fresh.tags, parse_iam_tags(input));
  auto arn = fmt::format("arn:aws:iam::{}:policy{}{}", cloud_.account_id, fresh.path, fresh.name);
  TRY(authorize(call.caller, "iam:CreatePolicy", arn, {}, nullptr));
  TRY(auto text, input.need("PolicyDocument"));
  TRY(auto document, parse_policy_document(text));
  TRY(auto* created, create_policy(std::move(fresh), std::move(document)));
  XmlWriter xml;
  write_policy(xml.open("Policy"), *created);
  return xml.take();
}

base::Result<std::string> IamService::list_policies(const Call& call, const QueryInput& input) {
  TRY(authorize(call.caller, "iam:ListPolicies", fmt::format("arn:aws:iam::{}:policy/", cloud_.account_id), {},
                nullptr));
  if (input.get_or("Scope", "All") != "Local") {
    return base::fail(not_implemented("iam", "ListPolicies of the policies of AWS: only Scope=Local"));
  }
  auto prefix = input.get_or("PathPrefix", "/");
  bool attached = input.get_or("OnlyAttached", "false") == "true";
  std::vector<std::string> arns;
  for (const auto& [arn, policy] : policies_) {
    if (policy.path.starts_with(prefix) && (!attached || !roles_with(arn).empty())) arns.push_back(arn);
  }
  XmlWriter xml;
  TRY(arns, write_page(xml, input, std::move(arns)));
  xml.open("Policies");
  for (const auto& arn : arns) {
    write_policy(xml.open("member"), policies_.find(arn)->second);
    xml.close();
  }
  return xml.take();
}

base::Result<std::string> IamService::policy_operation(const Call& call, const QueryInput& input) {
  auto action = input.action();
  TRY(auto arn, input.need("PolicyArn"));
  TRY(authorize(call.caller, "iam:" + action, arn, {}, nullptr));
  XmlWriter xml;
  if (action == "ListEntitiesForPolicy") {
    TRY(policy_document(arn));
    auto kind = input.get_or("EntityFilter", "Role");
    auto prefix = input.get_or("PathPrefix", "/");
    std::vector<std::string> names;
    for (const auto* role : roles_with(arn)) {
      if (kind == "Role" && role->path.starts_with(prefix)) names.push_back(role->name);
    }
    TRY(names, write_page(xml, input, std::move(names)));
    xml.open("PolicyGroups").close().open("PolicyUsers").close().open("PolicyRoles");
    for (const auto& name : names) {
      xml.open("member").element("RoleName", name).element("RoleId", roles_.find(name)->second.id).close();
    }
    return xml.take();
  }
  if (action == "DeletePolicy") {
    TRY(auto* doomed, policy(arn));
    if (doomed->versions.size() > 1) {
      return aws_error(409, "DeleteConflict",
                       "This policy has more than one version. Before you delete a policy, you "
                       "must delete the policy's versions.");
    }
    TRY(delete_policy(arn));
    return std::string();
  }
  if (arn.starts_with(kOfAws)) {
    TRY(policy_document(arn));
    auto slash = arn.rfind('/');
    xml.open("Policy").element("PolicyName", arn.substr(slash + 1)).element("Arn", arn);
    xml.element("Path", arn.substr(kOfAws.size() - 1, slash + 2 - kOfAws.size())).element("DefaultVersionId", "v1");
    xml.element("AttachmentCount", std::to_string(roles_with(arn).size())).element("IsAttachable", true);
    return xml.take();
  }
  TRY(auto* found, policy(arn));
  write_policy(xml.open("Policy"), *found);
  return xml.take();
}

base::Result<std::string> IamService::policy_version_operation(const Call& call, const QueryInput& input) {
  auto action = input.action();
  TRY(auto arn, input.need("PolicyArn"));
  TRY(authorize(call.caller, "iam:" + action, arn, {}, nullptr));
  XmlWriter xml;
  if (arn.starts_with(kOfAws) && action == "GetPolicyVersion") {
    TRY(auto document, policy_document(arn));
    if (input.get_or("VersionId", "") != "v1") return no_version(arn, input.get_or("VersionId", ""));
    xml.open("PolicyVersion").element("Document", net::percent_encode(codec::to_text(document)));
    xml.element("VersionId", "v1").element("IsDefaultVersion", true);
    return xml.take();
  }
  TRY(auto* found, policy(arn));
  if (action == "ListPolicyVersions") {
    xml.open("Versions");
    for (auto version = found->versions.rbegin(); version != found->versions.rend(); ++version) {
      write_version(xml.open("member"), *version, version->id == found->default_version);
      xml.close();
    }
    xml.close().element("IsTruncated", false);
    return xml.take();
  }
  if (action == "CreatePolicyVersion") {
    TRY(auto text, input.need("PolicyDocument"));
    TRY(auto document, parse_policy_document(text));
    auto before = found->default_version;
    TRY(update_policy(arn, std::move(document)));
    const auto& made = found->versions.back();
    if (input.get_or("SetAsDefault", "false") != "true") found->default_version = before;
    write_version(xml.open("PolicyVersion"), made, made.id == found->default_version);
    return xml.take();
  }
  TRY(auto id, input.need("VersionId"));
  auto version =
      std::find_if(found->versions.begin(), found->versions.end(), [&](const auto& one) { return one.id == id; });
  if (version == found->versions.end()) return no_version(arn, id);
  if (action == "GetPolicyVersion") {
    xml.open("PolicyVersion").element("Document", net::percent_encode(codec::to_text(version->document)));
    write_version(xml, *version, id == found->default_version);
  } else if (action == "SetDefaultPolicyVersion") {
    found->default_version = id;
  } else {
    if (id == found->default_version) {
      return aws_error(409, "DeleteConflict", "Cannot delete the default version of a policy.");
    }
    found->versions.erase(version);
  }
  return xml.take();
}

}  // namespace localcloud
