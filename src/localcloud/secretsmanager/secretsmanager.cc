#include "localcloud/secretsmanager/secretsmanager.h"

#include <fmt/format.h>

#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"
#include "localcloud/secretsmanager/password.h"
#include "localcloud/secretsmanager/secrets_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.1";
constexpr std::string_view kDefaultKey = "alias/aws/secretsmanager";

tl::unexpected<base::Error> bad_parameter(std::string message) {
  return aws_error(400, "InvalidParameterException", std::move(message));
}

SecretContent content_of(const json::object& input) {
  SecretContent content;
  if (input.contains("SecretString")) content.text = text_in(input, "SecretString");
  if (input.contains("SecretBinary")) content.binary = text_in(input, "SecretBinary");
  return content;
}

base::Result<std::string> request_token(const json::object& input) {
  constexpr std::size_t kShortest = 32;
  constexpr std::size_t kLongest = 64;
  auto token = text_in(input, "ClientRequestToken");
  if (token.empty()) {
    return aws_error(400, "InvalidRequestException",
                     "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
  }
  if (token.size() >= kShortest && token.size() <= kLongest) return token;
  return bad_parameter("ClientRequestToken must be 32-64 characters long.");
}

// What a secret may have on AWS and not here.
base::Result<> check_members(std::string_view operation, const json::object& input) {
  static constexpr std::string_view kMissing[] = {"AddReplicaRegions", "ForceOverwriteReplicaSecret", "Type",
                                                  "CrossAccountPrimaryARN", "RotationToken"};
  for (auto member : kMissing) {
    const auto* value = input.if_contains(member);
    if (value == nullptr || *value == json::value(false)) continue;
    return base::fail(not_implemented("secretsmanager", fmt::format("{} with {}", operation, member)));
  }
  auto key = text_in(input, "KmsKeyId");
  if (!key.empty() && key != kDefaultKey) {
    return base::fail(not_implemented("secretsmanager", fmt::format("{} with KmsKeyId {}", operation, key)));
  }
  constexpr std::size_t kLongestDescription = 2048;
  if (text_in(input, "Description").size() > kLongestDescription) {
    return aws_error(400, "ValidationException",
                     "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must "
                     "have length less than or equal to 2048");
  }
  return {};
}

void describe(Secret& secret, const json::object& input) {
  if (input.contains("Description")) secret.description = text_in(input, "Description");
  if (input.contains("KmsKeyId")) secret.kms_key = text_in(input, "KmsKeyId");
}

json::object named(const Secret& secret) {
  return {{"ARN", secret.arn}, {"Name", secret.name}};
}

json::object named(const Secret& secret, const SecretVersion& version) {
  return {{"ARN", secret.arn}, {"Name", secret.name}, {"VersionId", version.id}};
}

}  // namespace

const std::map<std::string_view, SecretsService::Operation>& SecretsService::table() {
  static const std::map<std::string_view, Operation> kOperations{
      {"CreateSecret", &SecretsService::create_secret},
      {"GetSecretValue", &SecretsService::get_secret_value},
      {"BatchGetSecretValue", &SecretsService::batch_get_secret_value},
      {"PutSecretValue", &SecretsService::put_secret_value},
      {"UpdateSecret", &SecretsService::update_secret},
      {"DescribeSecret", &SecretsService::describe_secret},
      {"ListSecrets", &SecretsService::list_secrets},
      {"ListSecretVersionIds", &SecretsService::list_secret_version_ids},
      {"DeleteSecret", &SecretsService::delete_secret},
      {"RestoreSecret", &SecretsService::restore_secret},
      {"TagResource", &SecretsService::tag_resource},
      {"UntagResource", &SecretsService::untag_resource},
      {"GetRandomPassword", &SecretsService::get_random_password},
      {"PutResourcePolicy", &SecretsService::put_resource_policy},
      {"GetResourcePolicy", &SecretsService::get_resource_policy},
      {"DeleteResourcePolicy", &SecretsService::delete_resource_policy},
  };
  return kOperations;
}

std::vector<std::string> SecretsService::operations() const {
  std::vector<std::string> names;
  for (const auto& [name, operation] : table()) names.emplace_back(name);
  return names;
}

awaitable<net::Response> SecretsService::handle(Call call) {
  auto name = json_operation(call.request);
  auto operation = table().find(name);
  if (operation == table().end()) co_return json_failure(call, not_implemented("secretsmanager", name), kVersion);
  auto input = json_input(call.request);
  if (!input) co_return json_failure(call, input.error(), kVersion);
  auto answer = (this->*operation->second)(call, *input);
  if (!answer) co_return json_failure(call, answer.error(), kVersion);
  co_return json_answer(call, json::value(std::move(*answer)), kVersion);
}

base::WallTime SecretsService::now() const {
  return cloud_.clock->now();
}

SecretStore& SecretsService::store() {
  store_.expire(now());
  return store_;
}

std::string SecretsService::new_arn(std::string_view name) const {
  constexpr std::int64_t kSuffix = 6;
  auto suffix = random_password({.length = kSuffix, .exclude_punctuation = true});
  return fmt::format("arn:aws:secretsmanager:{}:{}:secret:{}-{}", cloud_.region, cloud_.account_id, name,
                     suffix.value_or(""));
}

ResourceTypes SecretsService::resource_types() {
  return secret_resource_types(*this);
}

// --- Permission

base::Result<Secret*> SecretsService::permitted(const Principal& caller, std::string_view operation,
                                                const json::object& input) {
  auto id = text_in(input, "SecretId");
  auto action = fmt::format("secretsmanager:{}", operation);
  auto found = store().find(id);
  const auto* secret = found ? *found : nullptr;
  auto arn = secret != nullptr ? secret->arn
             : id.starts_with("arn:")
                 ? id
                 : fmt::format("arn:aws:secretsmanager:{}:{}:secret:{}", cloud_.region, cloud_.account_id, id);
  const auto* policy = secret != nullptr && !secret->policy.is_null() ? &secret->policy : nullptr;
  TRY(cloud_.iam->authorize(caller, action, arn, secret_context(input, secret), policy));
  return found;
}

base::Result<Secret*> SecretsService::live(const Principal& caller, std::string_view operation,
                                           const json::object& input) {
  TRY(auto* secret, permitted(caller, operation, input));
  TRY(check_not_deleted(*secret));
  return secret;
}

base::Result<> SecretsService::permitted_on_all(const Call& call, std::string_view operation) const {
  return cloud_.iam->authorize(call.caller, fmt::format("secretsmanager:{}", operation), "*");
}

// --- Writing

SecretsService::Answer SecretsService::create_secret(const Call& call, const json::object& input) {
  auto name = text_in(input, "Name");
  auto arn = new_arn(name);
  TRY(cloud_.iam->authorize(call.caller, "secretsmanager:CreateSecret", arn, secret_context(input, nullptr)));
  TRY(check_members("CreateSecret", input));
  auto content = content_of(input);
  TRY(check_secret_content(content));
  std::string token;
  if (!content.empty()) {
    TRY(token, request_token(input));
  }
  if (auto there = store().find(name); there && !(*there)->deletion && !content.empty()) {
    // The same request once more.
    auto version = store_.select(**there, token, "");
    if (version && (*version)->content == content) return named(**there, **version);
  }
  Secret tagged;
  TRY(add_secret_tags(tagged, input));
  TRY(auto* secret, store_.create(name, std::move(arn), now()));
  describe(*secret, input);
  secret->tags = std::move(tagged.tags);
  if (content.empty()) return named(*secret);
  TRY(const auto* version, store_.put(*secret, std::move(token), std::move(content), {}, now()));
  return named(*secret, *version);
}

SecretsService::Answer SecretsService::put_secret_value(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "PutSecretValue", input));
  TRY(check_members("PutSecretValue", input));
  auto content = content_of(input);
  if (content.empty()) {
    return aws_error(400, "InvalidRequestException", "You must provide either SecretString or SecretBinary.");
  }
  TRY(auto token, request_token(input));
  TRY(const auto* version,
      store_.put(*secret, std::move(token), std::move(content), texts_in(input, "VersionStages"), now()));
  auto answer = named(*secret, *version);
  answer["VersionStages"] = stage_list(*version);
  return answer;
}

SecretsService::Answer SecretsService::update_secret(const Call& call, const json::object& input) {
  TRY(auto* secret, live(call.caller, "UpdateSecret", input));
  TRY(check_members("UpdateSecret", input));
  auto content = content_of(input);
  if (content.empty()) {
    describe(*secret, input);
    secret->changed = now();
    return named(*secret);
  }
  TRY(auto token, request_token(input));
  TRY(const auto* version, store_.put(*secret, std::move(token), std::move(content), {}, now()));
  describe(*secret, input);
  return named(*secret, *version);
}

SecretsService::Answer SecretsService::delete_secret(const Call& call, const json::object& input) {
  constexpr std::int64_t kShortest = 7;
  constexpr std::int64_t kLongest = 30;
  auto found = permitted(call.caller, "DeleteSecret", input);
  bool force = flag_in(input, "ForceDeleteWithoutRecovery");
  auto days = number_in(input, "RecoveryWindowInDays");
  bool missing = !found && found.error().code == "ResourceNotFoundException";
  if (!found && !(missing && force)) return base::fail(found.error());
  if (force && days) {
    return bad_parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  if (days && (*days < kShortest || *days > kLongest)) {
    return bad_parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
  }
  if (missing) {  // To force the deletion of what is not there is no error.
    auto id = text_in(input, "SecretId");
    auto arn = id.starts_with("arn:") ? id : new_arn(id);
    return json::object{{"ARN", arn}, {"Name", id}, {"DeletionDate", epoch_seconds(now())}};
  }
  auto& secret = **found;
  auto answer = named(secret);
  if (force) {
    answer["DeletionDate"] = epoch_seconds(now());
    store_.remove(std::string(secret.name));
    return answer;
  }
  TRY(check_not_deleted(secret));
  secret.deletion = now() + std::chrono::hours(24) * days.value_or(kLongest);
  answer["DeletionDate"] = epoch_seconds(*secret.deletion);
  return answer;
}

SecretsService::Answer SecretsService::restore_secret(const Call& call, const json::object& input) {
  TRY(auto* secret, permitted(call.caller, "RestoreSecret", input));
  secret->deletion.reset();
  return named(*secret);
}

// --- Reading

base::Result<json::object> SecretsService::secret_value(const Principal& caller, const SecretReference& reference) {
  json::object input{{"SecretId", reference.id}};
  if (!reference.version_id.empty()) input["VersionId"] = reference.version_id;
  if (!reference.stage.empty()) input["VersionStage"] = reference.stage;
  TRY(auto* secret, live(caller, "GetSecretValue", input));
  TRY(auto* version, store_.select(*secret, reference.version_id, reference.stage));
  secret->accessed = version->accessed = std::chrono::floor<std::chrono::days>(now());
  auto answer = named(*secret, *version);
  if (version->content.text) answer["SecretString"] = *version->content.text;
  if (version->content.binary) answer["SecretBinary"] = *version->content.binary;
  answer["VersionStages"] = stage_list(*version);
  answer["CreatedDate"] = epoch_seconds(version->created);
  return answer;
}

SecretsService::Answer SecretsService::get_secret_value(const Call& call, const json::object& input) {
  return secret_value(call.caller, {.id = text_in(input, "SecretId"),
                                    .version_id = text_in(input, "VersionId"),
                                    .stage = text_in(input, "VersionStage")});
}

SecretsService::Answer SecretsService::describe_secret(const Call& call, const json::object& input) {
  TRY(auto* secret, permitted(call.caller, "DescribeSecret", input));
  return secret_description(*secret, "VersionIdsToStages");
}

SecretsService::Answer SecretsService::get_random_password(const Call& call, const json::object& input) {
  TRY(permitted_on_all(call, "GetRandomPassword"));
  PasswordRules rules{.excluded_characters = text_in(input, "ExcludeCharacters"),
                      .exclude_lowercase = flag_in(input, "ExcludeLowercase"),
                      .exclude_numbers = flag_in(input, "ExcludeNumbers"),
                      .exclude_punctuation = flag_in(input, "ExcludePunctuation"),
                      .exclude_uppercase = flag_in(input, "ExcludeUppercase"),
                      .include_space = flag_in(input, "IncludeSpace")};
  if (auto length = number_in(input, "PasswordLength")) rules.length = *length;
  if (input.contains("RequireEachIncludedType")) {
    rules.require_each_included_type = flag_in(input, "RequireEachIncludedType");
  }
  TRY(auto password, random_password(rules));
  return json::object{{"RandomPassword", password}};
}

std::unique_ptr<SecretsManager> make_secrets_manager(Cloud& cloud) {
  return std::make_unique<SecretsService>(cloud);
}

}  // namespace localcloud
