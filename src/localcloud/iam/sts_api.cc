// STS: who calls, and temporary credentials of a role.
#include <fmt/format.h>

#include <charconv>

#include "localcloud/iam/iam_service.h"
#include "localcloud/iam/names.h"

namespace localcloud {

// AWS lets every caller ask, whatever its policies say.
base::Result<std::string> IamService::get_caller_identity(const Call& call, const QueryInput&) {
  XmlWriter xml;
  xml.element("Arn", call.caller.arn).element("UserId", call.caller.user_id).element("Account", cloud_.account_id);
  return xml.take();
}

base::Result<std::vector<json::value>> IamService::session_policies(const QueryInput& input) const {
  std::vector<json::value> policies;
  if (auto text = input.get("Policy")) {
    constexpr std::size_t kLongest = 2048;
    if (text->size() > kLongest) {
      return aws_error(400, "PackedPolicyTooLarge", "The session policy must have at most 2048 characters.");
    }
    TRY(auto document, parse_policy_document(*text));
    TRY(check_policy(document, false));
    policies.push_back(std::move(document));
  }
  for (const auto& one : input.structures("PolicyArns")) {
    TRY(auto document, policy_document(one.get_or("arn", "")));
    policies.push_back(std::move(document));
  }
  return policies;
}

base::Result<std::string> IamService::assume_role(const Call& call, const QueryInput& input) {
  TRY(auto arn, input.need("RoleArn"));
  TRY(auto session_name, input.need("RoleSessionName"));
  TRY(check_iam_name("roleSessionName", session_name, 2, 64));
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
  context["sts:RoleSessionName"] = session_name;
  // The trust policy is the role's resource policy; naming the account leaves it to the caller's own policies.
  PolicyQuestion question{.action = "sts:AssumeRole", .resource = {}, .context = context, .principal_kind = "AWS"};
  question.principals = {call.caller.arn, cloud_.account_id, fmt::format("arn:aws:iam::{}:root", cloud_.account_id)};
  auto own = roles_.find(call.caller.role_name);
  if (own != roles_.end()) question.principals.push_back(own->second.arn);
  question.context["aws:PrincipalArn"] = own != roles_.end() ? own->second.arn : call.caller.arn;
  question.context["aws:PrincipalAccount"] = cloud_.account_id;
  if (evaluate(found->second.trust, question, true) != Decision::allow) return refused();
  TRY(authorize(call.caller, "sts:AssumeRole", arn, context, &found->second.trust));

  auto text = input.get_or("DurationSeconds", "3600");
  int seconds = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int kShortest = 900;
  constexpr int kLongestOfChained = 3600;
  if (error != std::errc() || end != text.data() + text.size() || seconds < kShortest) {
    return aws_error(400, "ValidationError",
                     fmt::format("1 validation error detected: Value '{}' at 'durationSeconds' failed to satisfy "
                                 "constraint: Member must have value greater than or equal to {}",
                                 text, kShortest));
  }
  if (seconds > found->second.max_session_seconds) {
    return aws_error(400, "ValidationError",
                     "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
  if (!call.caller.is_root && seconds > kLongestOfChained) {
    return aws_error(400, "ValidationError",
                     "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
                     "chaining");
  }
  TRY(auto policies, session_policies(input));
  auto credentials = issue(found->second, session_name, std::chrono::seconds(seconds), std::move(policies));
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
