// IAM's operations on roles.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "codec/json.h"
#include "localcloud/iam/iam_service.h"
#include "localcloud/iam/paging.h"
#include "net/url.h"

namespace localcloud {

namespace {

void write_role_members(XmlWriter& xml, const Role& role) {
  xml.element("Path", role.path).element("RoleName", role.name).element("RoleId", role.id);
  xml.element("Arn", role.arn).element("CreateDate", iso_time(role.created));
  xml.element("AssumeRolePolicyDocument", net::percent_encode(codec::to_text(role.trust)));
  if (!role.description.empty()) xml.element("Description", role.description);
  xml.element("MaxSessionDuration", std::to_string(role.max_session_seconds));
  if (!role.boundary.empty()) {
    xml.open("PermissionsBoundary").element("PermissionsBoundaryType", "PermissionsBoundaryPolicy");
    xml.element("PermissionsBoundaryArn", role.boundary).close();
  }
  if (!role.tags.empty()) write_iam_tags(xml, role.tags);
}

base::Result<int> session_seconds(const QueryInput& input, int fallback) {
  auto text = input.get("MaxSessionDuration");
  if (!text) return fallback;
  int seconds = 0;
  std::from_chars(text->data(), text->data() + text->size(), seconds);
  TRY(check_session_seconds(seconds));
  return seconds;
}

}  // namespace

base::Result<std::string> IamService::create_role_operation(const Call& call, const QueryInput& input) {
  Role fresh;
  TRY(fresh.name, input.need("RoleName"));
  fresh.path = input.get_or("Path", "/");
  auto arn = fmt::format("arn:aws:iam::{}:role{}{}", cloud_.account_id, fresh.path, fresh.name);
  fresh.boundary = input.get_or("PermissionsBoundary", "");
  ConditionContext context;
  if (!fresh.boundary.empty()) context["iam:PermissionsBoundary"] = fresh.boundary;
  TRY(authorize(call.caller, "iam:CreateRole", arn, context, nullptr));
  TRY(auto text, input.need("AssumeRolePolicyDocument"));
  TRY(fresh.trust, parse_policy_document(text));
  fresh.description = input.get_or("Description", "");
  TRY(fresh.max_session_seconds, session_seconds(input, fresh.max_session_seconds));
  TRY(fresh.tags, parse_iam_tags(input));
  TRY(auto* created, create_role(std::move(fresh)));
  XmlWriter xml;
  write_role_members(xml.open("Role"), *created);
  return xml.take();
}

base::Result<std::string> IamService::list_roles(const Call& call, const QueryInput& input) {
  TRY(authorize(call.caller, "iam:ListRoles", fmt::format("arn:aws:iam::{}:role/", cloud_.account_id), {}, nullptr));
  auto prefix = input.get_or("PathPrefix", "/");
  std::vector<std::string> names;
  for (const auto& [name, role] : roles_) {
    if (role.path.starts_with(prefix)) names.push_back(name);
  }
  XmlWriter xml;
  TRY(names, write_page(xml, input, std::move(names)));
  xml.open("Roles");
  for (const auto& name : names) {
    write_role_members(xml.open("member"), roles_.find(name)->second);
    xml.close();
  }
  return xml.take();
}

base::Result<Role*> IamService::authorized_role(const Call& call, const QueryInput& input) {
  TRY(auto name, input.need("RoleName"));
  auto existing = roles_.find(name);
  auto arn =
      existing != roles_.end() ? existing->second.arn : fmt::format("arn:aws:iam::{}:role/{}", cloud_.account_id, name);
  ConditionContext context;
  if (auto policy = input.get("PolicyArn")) context["iam:PolicyARN"] = *policy;
  if (auto boundary = input.get("PermissionsBoundary")) context["iam:PermissionsBoundary"] = *boundary;
  TRY(authorize(call.caller, "iam:" + input.action(), arn, context, nullptr));
  return role(name);
}

base::Result<std::string> IamService::role_operation(const Call& call, const QueryInput& input) {
  auto action = input.action();
  TRY(auto* its_role, authorized_role(call, input));
  XmlWriter xml;
  if (action == "GetRole") {
    write_role_members(xml.open("Role"), *its_role);
  } else if (action == "ListRoleTags") {
    std::vector<std::string> keys;
    for (const auto& [key, value] : its_role->tags) keys.push_back(key);
    TRY(keys, write_page(xml, input, std::move(keys)));
    Tags page;
    for (const auto& key : keys) page[key] = its_role->tags[key];
    write_iam_tags(xml, page);
  } else if (action == "DeleteRole") {
    TRY(delete_role(its_role->name));
  } else if (action == "UpdateRole") {
    TRY(its_role->max_session_seconds, session_seconds(input, its_role->max_session_seconds));
    if (auto description = input.get("Description")) its_role->description = std::move(*description);
  } else if (action == "UpdateAssumeRolePolicy") {
    TRY(auto text, input.need("PolicyDocument"));
    TRY(auto trust, parse_policy_document(text));
    TRY(check_policy(trust, true));
    Role wanted = *its_role;
    wanted.trust = std::move(trust);
    TRY(check_quotas(wanted));
    *its_role = std::move(wanted);
  } else if (action == "TagRole") {
    TRY(auto tags, parse_iam_tags(input));
    auto all = its_role->tags;
    for (auto& [key, value] : tags) all[key] = std::move(value);
    TRY(check_tag_count(all));
    its_role->tags = std::move(all);
  } else if (action == "UntagRole") {
    for (const auto& key : input.list("TagKeys")) its_role->tags.erase(key);
  } else {
    auto boundary = input.get_or("PermissionsBoundary", "");
    if (action == "PutRolePermissionsBoundary" && boundary.empty()) {
      return aws_error(400, "ValidationError", "PermissionsBoundary is missing");
    }
    TRY(set_boundary(its_role->name, std::move(boundary)));
  }
  return xml.take();
}

base::Result<std::string> IamService::inline_policy_operation(const Call& call, const QueryInput& input) {
  auto action = input.action();
  TRY(auto* its_role, authorized_role(call, input));
  XmlWriter xml;
  if (action == "ListRolePolicies") {
    std::vector<std::string> names;
    for (const auto& [name, document] : its_role->inline_policies) names.push_back(name);
    TRY(names, write_page(xml, input, std::move(names)));
    xml.list("PolicyNames", names);
    return xml.take();
  }
  TRY(auto name, input.need("PolicyName"));
  if (action == "PutRolePolicy") {
    TRY(auto text, input.need("PolicyDocument"));
    TRY(auto document, parse_policy_document(text));
    TRY(put_inline(its_role->name, name, std::move(document)));
    return std::string();
  }
  if (action == "DeleteRolePolicy") {
    TRY(delete_inline(its_role->name, name));
    return std::string();
  }
  auto document = its_role->inline_policies.find(name);
  if (document == its_role->inline_policies.end()) {
    return aws_error(404, "NoSuchEntity", fmt::format("The role policy with name {} cannot be found.", name));
  }
  xml.element("RoleName", its_role->name).element("PolicyName", name);
  xml.element("PolicyDocument", net::percent_encode(codec::to_text(document->second)));
  return xml.take();
}

base::Result<std::string> IamService::attachment_operation(const Call& call, const QueryInput& input) {
  auto action = input.action();
  TRY(auto* its_role, authorized_role(call, input));
  if (action == "ListAttachedRolePolicies") {
    XmlWriter xml;
    // "arn:aws:iam::ACCOUNT:policy/PATH/NAME"
    auto prefix = input.get_or("PathPrefix", "/");
    std::vector<std::string> attached;
    for (const auto& arn : its_role->attached) {
      if (std::string_view(arn).substr(arn.find('/')).starts_with(prefix)) attached.push_back(arn);
    }
    std::sort(attached.begin(), attached.end());
    TRY(auto arns, write_page(xml, input, std::move(attached)));
    xml.open("AttachedPolicies");
    for (const auto& arn : arns) {
      xml.open("member").element("PolicyName", arn.substr(arn.rfind('/') + 1)).element("PolicyArn", arn).close();
    }
    return xml.take();
  }
  TRY(auto arn, input.need("PolicyArn"));
  TRY(action == "AttachRolePolicy" ? attach(its_role->name, arn) : detach(its_role->name, arn));
  return std::string();
}

}  // namespace localcloud
