// The query APIs of IAM and STS, as far as deploys and tests use them.
#include <fmt/format.h>

#include <charconv>
#include <set>

#include "codec/json.h"
#include "localcloud/iam/iam_service.h"
#include "localcloud/local_clock.h"
#include "net/url.h"

namespace localcloud {

namespace {

constexpr std::string_view kIamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
constexpr std::string_view kStsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";

base::Result<json::value> parse_document(const std::string& text) {
  auto document = codec::parse_json(text);
  if (!document) return aws_error(400, "MalformedPolicyDocument", "Syntax errors in policy.");
  return document;
}

void write_role(XmlWriter& xml, const Role& role) {
  xml.open("Role").element("Path", role.path).element("RoleName", role.name).element("RoleId", role.id);
  xml.element("Arn", role.arn).element("CreateDate", iso_time(role.created));
  xml.element("AssumeRolePolicyDocument", net::percent_encode(codec::to_text(role.trust)));
  if (!role.description.empty()) xml.element("Description", role.description);
  xml.element("MaxSessionDuration", std::to_string(role.max_session_seconds)).close();
}

}  // namespace

awaitable<net::Response> IamService::handle(Call call) {
  QueryInput input(call.request);
  auto xmlns = call.service == "sts" ? kStsNamespace : kIamNamespace;
  auto result = act(call, input);
  if (!result) co_return query_failure(call, xmlns, result.error());
  co_return query_answer(call, xmlns, input.action(), *result);
}

base::Result<std::string> IamService::act(const Call& call, const QueryInput& input) {
  auto action = input.action();
  static const std::set<std::string_view> kRolePolicyActions{
      "PutRolePolicy",    "GetRolePolicy",    "DeleteRolePolicy",        "ListRolePolicies",
      "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"};
  if (call.service == "sts") {
    if (action == "AssumeRole") return assume_role(call, input);
    if (action != "GetCallerIdentity") return base::fail(not_implemented("sts", action));
    // AWS lets every caller ask, whatever its policies say.
    XmlWriter xml;
    xml.element("Arn", call.caller.arn).element("UserId", call.caller.user_id).element("Account", cloud_.account_id);
    return xml.take();
  }
  if (action == "CreateRole" || action == "GetRole" || action == "DeleteRole" || kRolePolicyActions.contains(action)) {
    return role_action(call, input);
  }
  return base::fail(not_implemented("iam", action));
}

base::Result<std::string> IamService::role_action(const Call& call, const QueryInput& input) {
  auto action = input.action();
  TRY(auto name, input.need("RoleName"));
  auto path = input.get_or("Path", "/");
  auto existing = roles_.find(name);
  auto arn = existing != roles_.end() ? existing->second.arn
                                      : fmt::format("arn:aws:iam::{}:role{}{}", cloud_.account_id, path, name);
  TRY(authorize(call.caller, "iam:" + action, arn, {}, nullptr));
  XmlWriter xml;
  if (action == "CreateRole") {
    if (input.get("PermissionsBoundary")) {
      return base::fail(not_implemented("iam", "CreateRole with PermissionsBoundary"));
    }
    TRY(auto text, input.need("AssumeRolePolicyDocument"));
    TRY(auto trust, parse_document(text));
    Role fresh;
    fresh.name = name;
    fresh.path = path;
    fresh.description = input.get_or("Description", "");
    fresh.trust = std::move(trust);
    auto seconds = input.get_or("MaxSessionDuration", "3600");
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), fresh.max_session_seconds);
    TRY(auto* created, create_role(std::move(fresh)));
    write_role(xml, *created);
    return xml.take();
  }
  if (action == "GetRole") {
    TRY(auto* found, role(name));
    write_role(xml, *found);
    return xml.take();
  }
  if (action == "DeleteRole") {
    TRY(delete_role(name));
    return std::string();
  }
  return policy_action(call, input, name);
}

base::Result<std::string> IamService::policy_action(const Call&, const QueryInput& input, std::string_view role_name) {
  auto action = input.action();
  XmlWriter xml;
  TRY(auto* its_role, role(role_name));
  if (action == "ListRolePolicies") {
    std::vector<std::string> names;
    for (const auto& [name, document] : its_role->inline_policies) names.push_back(name);
    xml.element("IsTruncated", false).list("PolicyNames", names);
    return xml.take();
  }
  if (action == "ListAttachedRolePolicies") {
    xml.element("IsTruncated", false).open("AttachedPolicies");
    for (const auto& arn : its_role->attached) {
      xml.open("member").element("PolicyName", arn.substr(arn.rfind('/') + 1)).element("PolicyArn", arn).close();
    }
    return xml.take();
  }
  if (action == "AttachRolePolicy" || action == "DetachRolePolicy") {
    TRY(auto arn, input.need("PolicyArn"));
    TRY(action == "AttachRolePolicy" ? attach(role_name, arn) : detach(role_name, arn));
    return std::string();
  }
  TRY(auto name, input.need("PolicyName"));
  if (action == "PutRolePolicy") {
    TRY(auto text, input.need("PolicyDocument"));
    TRY(auto document, parse_document(text));
    TRY(put_inline(role_name, name, std::move(document)));
    return std::string();
  }
  if (action == "DeleteRolePolicy") {
    TRY(delete_inline(role_name, name));
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

base::Result<std::string> IamService::assume_role(const Call& call, const QueryInput& input) {
  TRY(auto arn, input.need("RoleArn"));
  TRY(auto session_name, input.need("RoleSessionName"));
  for (auto unsupported : {"Policy", "SerialNumber", "TokenCode"}) {
    if (input.get(unsupported)) {
      return base::fail(not_implemented("sts", fmt::format("AssumeRole with {}", unsupported)));
    }
  }
  if (input.has_below("PolicyArns")) return base::fail(not_implemented("sts", "AssumeRole with PolicyArns"));
  auto refused = [&] {
    return aws_error(
        403, "AccessDenied",
        fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}", call.caller.arn, arn));
  };
  auto found = roles_.begin();
  while (found != roles_.end() && found->second.arn != arn) ++found;
  // AWS says the same for a role that is not there. (It also refuses root, which is the only long-lived caller here.)
  if (found == roles_.end()) return refused();
  ConditionContext context;
  if (auto id = input.get("ExternalId")) context["sts:ExternalId"] = *id;
  // The trust policy is the role's resource policy; naming the account leaves it to the caller's own policies.
  PolicyQuestion question{.action = "sts:AssumeRole", .resource = {}, .context = context, .principal_kind = "AWS"};
  question.principals = {call.caller.arn, cloud_.account_id, fmt::format("arn:aws:iam::{}:root", cloud_.account_id)};
  if (auto own = roles_.find(call.caller.role_name); own != roles_.end())
    question.principals.push_back(own->second.arn);
  if (evaluate(found->second.trust, question, true) != Decision::allow) return refused();
  TRY(authorize(call.caller, "sts:AssumeRole", arn, context, &found->second.trust));

  auto text = input.get_or("DurationSeconds", "3600");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int kShortest = 900;
  if (seconds < kShortest || seconds > found->second.max_session_seconds) {
    return aws_error(400, "ValidationError",
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  auto credentials = issue(found->second, session_name, std::chrono::seconds(seconds));
  XmlWriter xml;
  xml.open("Credentials").element("AccessKeyId", credentials.access_key_id);
  xml.element("SecretAccessKey", credentials.secret_access_key).element("SessionToken", credentials.session_token);
  xml.element("Expiration", iso_time(credentials.expires_at)).close();
  xml.open("AssumedRoleUser").element("AssumedRoleId", fmt::format("{}:{}", found->second.id, session_name));
  xml.element("Arn",
              fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", cloud_.account_id, found->second.name, session_name));
  return xml.take();
}

}  // namespace localcloud
