// What CloudFormation makes of Secrets Manager.
#include <fmt/format.h>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/json_members.h"
#include "localcloud/secretsmanager/password.h"
#include "localcloud/secretsmanager/secrets_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return base::fail(base::ErrorKind::invalid_input, std::move(message));
}

bool flag(const json::object& properties, std::string_view name, std::string_view fallback = "false") {
  return text_property(properties, name, fallback) == "true";
}

// The property GenerateSecretString: a password, or a JSON object that has one at a key.
base::Result<std::string> generated_secret(const json::object& wanted) {
  TRY(known_members(
      wanted, "secretsmanager", "GenerateSecretString",
      {"ExcludeCharacters", "ExcludeLowercase", "ExcludeNumbers", "ExcludePunctuation", "ExcludeUppercase",
       "GenerateStringKey", "IncludeSpace", "PasswordLength", "RequireEachIncludedType", "SecretStringTemplate"}));
  PasswordRules rules{.excluded_characters = text_property(wanted, "ExcludeCharacters"),
                      .exclude_lowercase = flag(wanted, "ExcludeLowercase"),
                      .exclude_numbers = flag(wanted, "ExcludeNumbers"),
                      .exclude_punctuation = flag(wanted, "ExcludePunctuation"),
                      .exclude_uppercase = flag(wanted, "ExcludeUppercase"),
                      .include_space = flag(wanted, "IncludeSpace"),
                      .require_each_included_type = flag(wanted, "RequireEachIncludedType", "true")};
  auto length = codec::parse_json(text_property(wanted, "PasswordLength", "32"));
  if (!length || !length->is_int64()) return invalid("GenerateSecretString.PasswordLength must be a number");
  rules.length = length->get_int64();
  TRY(auto password, random_password(rules));
  auto key = text_property(wanted, "GenerateStringKey");
  auto text = text_property(wanted, "SecretStringTemplate");
  if (key.empty() != text.empty()) return invalid("GenerateStringKey and SecretStringTemplate go together");
  if (key.empty()) return password;
  auto document = codec::parse_json(text);
  if (!document || !document->is_object()) return invalid("SecretStringTemplate must be a JSON object");
  document->get_object()[key] = password;
  return codec::to_text(*document);
}

class SecretType final : public SyncType {
 public:
  explicit SecretType(SecretsService& secrets)
      : SyncType({.name = "AWS::SecretsManager::Secret",
                  .works = {"Name", "Description", "SecretString", "GenerateSecretString", "KmsKeyId", "Tags"},
                  .accepted = {},
                  .replaces = {"Name"}}),
        secrets_(secrets) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    auto name = text_property(request.properties, "Name");
    if (name.empty()) name = generated_secret_name(request.logical_id);
    TRY(check(request.properties));
    TRY(auto content, new_content(request.properties));
    TRY(check_secret_content(content));
    TRY(auto tags, tags_property(request));
    auto& store = secrets_.store();
    TRY(auto* secret, store.create(name, secrets_.new_arn(name), secrets_.now()));
    describe(*secret, request.properties, std::move(tags));
    if (!content.empty()) TRY(store.put(*secret, base::random_uuid(), std::move(content), {}, secrets_.now()));
    return state(*secret);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(check(request.properties));
    auto& store = secrets_.store();
    TRY(auto* secret, store.find(request.physical_id));
    TRY(check_not_deleted(*secret));
    TRY(auto tags, tags_property(request));
    auto changed = [&](std::string_view name) {
      const auto* now = request.properties.if_contains(name);
      const auto* before = request.old_properties.if_contains(name);
      return now != nullptr && (before == nullptr || *now != *before);
    };
    if (changed("SecretString") || changed("GenerateSecretString")) {
      TRY(auto content, new_content(request.properties));
      TRY(store.put(*secret, base::random_uuid(), std::move(content), {}, secrets_.now()));
    }
    describe(*secret, request.properties, std::move(tags));
    return state(*secret);
  }

  // CloudFormation leaves no time for recovery.
  base::Result<> destroy(const ResourceRequest& request) override {
    if (auto secret = secrets_.store().find(request.physical_id)) {
      secrets_.store().remove(std::string((*secret)->name));
    }
    return {};
  }

 private:
  static std::string generated_secret_name(std::string_view logical_id) {
    constexpr std::int64_t kCharacters = 12;
    auto random = random_password({.length = kCharacters, .exclude_punctuation = true});
    return fmt::format("{}-{}", logical_id, random.value_or(""));
  }

  static base::Result<> check(const json::object& properties) {
    auto key = text_property(properties, "KmsKeyId");
    if (!key.empty() && key != "alias/aws/secretsmanager") {
      return invalid(fmt::format("The local cloud does not implement the KmsKeyId {}", key));
    }
    if (properties.contains("SecretString") && properties.contains("GenerateSecretString")) {
      return invalid("You can't specify both SecretString and GenerateSecretString.");
    }
    return {};
  }

  static base::Result<SecretContent> new_content(const json::object& properties) {
    SecretContent content;
    if (properties.contains("SecretString")) content.text = text_property(properties, "SecretString");
    if (properties.contains("GenerateSecretString")) {
      TRY(content.text, generated_secret(object_in(properties, "GenerateSecretString")));
    }
    return content;
  }

  static void describe(Secret& secret, const json::object& properties, std::map<std::string, std::string> tags) {
    secret.description = text_property(properties, "Description");
    secret.kms_key = text_property(properties, "KmsKeyId");
    secret.tags = std::move(tags);
  }

  static ResourceState state(const Secret& secret) {
    return {.physical_id = secret.arn, .ref = {}, .attributes = {{"Id", secret.arn}}};
  }

  SecretsService& secrets_;
};

class ResourcePolicyType final : public SyncType {
 public:
  explicit ResourcePolicyType(SecretsService& secrets)
      : SyncType({.name = "AWS::SecretsManager::ResourcePolicy",
                  .works = {"SecretId", "ResourcePolicy", "BlockPublicPolicy"},
                  .accepted = {},
                  .replaces = {"SecretId"}}),
        secrets_(secrets) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override { return put(request); }
  base::Result<ResourceState> change(const ResourceRequest& request) override { return put(request); }

  base::Result<> destroy(const ResourceRequest& request) override {
    if (auto secret = secrets_.store().find(request.physical_id)) (*secret)->policy = nullptr;
    return {};
  }

 private:
  base::Result<ResourceState> put(const ResourceRequest& request) {
    TRY(auto id, needed_property(request.properties, "SecretId"));
    TRY(auto policy, needed_property(request.properties, "ResourcePolicy"));
    TRY(auto* secret, secrets_.store().find(id));
    TRY(check_not_deleted(*secret));
    TRY(secret->policy, parse_secret_policy(policy, flag(request.properties, "BlockPublicPolicy")));
    return ResourceState{.physical_id = secret->arn, .ref = {}, .attributes = {{"Id", secret->arn}}};
  }

  SecretsService& secrets_;
};

}  // namespace

ResourceTypes secret_resource_types(SecretsService& secrets) {
  ResourceTypes types;
  types.push_back(std::make_unique<SecretType>(secrets));
  types.push_back(std::make_unique<ResourcePolicyType>(secrets));
  return types;
}

}  // namespace localcloud
