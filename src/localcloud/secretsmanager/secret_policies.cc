// Who may do what with a secret, and its tags.
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/json_members.h"
#include "localcloud/secretsmanager/secrets_service.h"

namespace localcloud {

namespace {

constexpr std::size_t kMostTags = 50;

bool is_everyone(const json::value* principal) {
  if (principal == nullptr) return false;
  if (principal->is_string()) return principal->get_string() == "*";
  if (const auto* list = principal->if_array()) {
    return std::any_of(list->begin(), list->end(), [](const json::value& one) { return is_everyone(&one); });
  }
  return is_everyone(codec::find(*principal, "AWS"));
}

// Does a statement, or one of a list, allow everyone without a condition?
bool is_public(const json::value& statement) {
  if (const auto* list = statement.if_array()) return std::any_of(list->begin(), list->end(), is_public);
  return codec::find_string(statement, "Effect") == "Allow" && codec::find(statement, "Condition") == nullptr &&
         is_everyone(codec::find(statement, "Principal"));
}

void add_context(ConditionContext& context, const json::object& input, std::string_view member) {
  const auto* value = input.if_contains(member);
  if (value == nullptr || value->is_object() || value->is_array()) return;
  context[fmt::format("secretsmanager:{}", member)] =
      value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

// A secret has one policy, whose name is "default".
base::Result<> check_policy_name(const json::object& input, std::string_view code) {
  auto name = text_in(input, "PolicyName");
  if (name.empty() || name == "default") return {};
  return aws_error(400, std::string(code), fmt::format("There is no resource policy with the name {}.", name));
}

}  // namespace

ConditionContext secret_context(const json::object& input, const Secret* secret) {
  ConditionContext context;
  static constexpr std::string_view kMembers[] = {"Name",
                                                  "Description",
                                                  "KmsKeyId",
                                                  "VersionId",
                                                  "VersionStage",
                                                  "RecoveryWindowInDays",
                                                  "ForceDeleteWithoutRecovery",
                                                  "BlockPublicPolicy"};
  for (auto member : kMembers) add_context(context, input, member);
  std::vector<std::string> keys = texts_in(input, "TagKeys");
  for (const auto& tag : list_in(input, "Tags")) {
    auto key = codec::find_string(tag, "Key");
    context["aws:RequestTag/" + key] = codec::find_string(tag, "Value");
    keys.push_back(std::move(key));
  }
  if (!keys.empty()) context["aws:TagKeys"] = std::move(keys);
  if (secret == nullptr) return context;
  context["secretsmanager:SecretId"] = secret->arn;
  for (const auto& [key, value] : secret->tags) {
    context["aws:ResourceTag/" + key] = value;
    context["secretsmanager:ResourceTag/" + key] = value;
  }
  return context;
}

base::Result<json::value> parse_secret_policy(std::string_view text, bool block_public) {
  auto policy = codec::parse_json(text);
  if (!policy || !check_policy(*policy, true)) {
    return aws_error(400, "MalformedPolicyDocumentException", "This resource policy contains a syntax error.");
  }
  if (block_public && is_public(*codec::find(*policy, "Statement"))) {
    return aws_error(400, "PublicPolicyException",
                     "The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad "
                     "access to the secret.");
  }
  return *policy;
}

SecretsService::Answer SecretsService::put_resource_policy(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "PutResourcePolicy", input));
  TRY(check_policy_name(input, "InvalidParameterException"));
  TRY(secret->policy, parse_secret_policy(text_in(input, "ResourcePolicy"), flag_in(input, "BlockPublicPolicy")));
  return json::object{{"ARN", secret->arn}, {"Name", secret->name}};
}

SecretsService::Answer SecretsService::get_resource_policy(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "GetResourcePolicy", input));
  TRY(check_policy_name(input, "ResourceNotFoundException"));
  json::object answer{{"ARN", secret->arn}, {"Name", secret->name}};
  if (!secret->policy.is_null()) answer["ResourcePolicy"] = codec::to_text(secret->policy);
  return answer;
}

SecretsService::Answer SecretsService::delete_resource_policy(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "DeleteResourcePolicy", input));
  TRY(check_policy_name(input, "ResourceNotFoundException"));
  secret->policy = nullptr;
  return json::object{{"ARN", secret->arn}, {"Name", secret->name}};
}

// --- Tags

base::Result<> add_secret_tags(Secret& secret, const json::object& input) {
  auto tags = secret.tags;
  for (const auto& tag : list_in(input, "Tags")) {
    tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  if (tags.size() > kMostTags) {
    return aws_error(400, "InvalidParameterException", "A secret can have at most 50 tags.");
  }
  secret.tags = std::move(tags);
  return {};
}

json::array tag_list(const Secret& secret) {
  json::array list;
  for (const auto& [key, value] : secret.tags) list.push_back(json::object{{"Key", key}, {"Value", value}});
  return list;
}

SecretsService::Answer SecretsService::tag_resource(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "TagResource", input));
  TRY(add_secret_tags(*secret, input));
  return json::object();
}

SecretsService::Answer SecretsService::untag_resource(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "UntagResource", input));
  for (const auto& key : texts_in(input, "TagKeys")) secret->tags.erase(key);
  return json::object();
}

}  // namespace localcloud
