#include "localcloud/secretsmanager/secret_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "codec/base64.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::size_t kSuffix = 7;  // "-AbCdEf"
constexpr std::size_t kMostVersions = 100;
constexpr std::size_t kMostStages = 20;

void move_stage(Secret& secret, SecretVersion& to, std::string_view stage) {
  for (auto& version : secret.versions) {
    if (&version == &to) continue;
    auto held = version.stages.find(stage);
    if (held == version.stages.end()) continue;
    version.stages.erase(held);
    if (stage == kCurrentStage) move_stage(secret, version, kPreviousStage);
  }
  to.stages.emplace(stage);
  if (stage == kCurrentStage) to.stages.erase(std::string(kPreviousStage));
}

// Versions without a label go, the oldest first, when there are too many and they are older than a day.
void forget_versions(Secret& secret, base::WallTime now) {
  auto old = [&](const SecretVersion& version) {
    return version.stages.empty() && now - version.created > std::chrono::hours(24);
  };
  while (secret.versions.size() > kMostVersions) {
    auto found = std::find_if(secret.versions.begin(), secret.versions.end(), old);
    if (found == secret.versions.end()) return;
    secret.versions.erase(found);
  }
}

tl::unexpected<base::Error> too_long(std::string_view member, std::size_t most) {
  return aws_error(400, "ValidationException",
                   fmt::format("1 validation error detected: Value at '{}' failed to satisfy constraint: Member must "
                               "have length less than or equal to {}",
                               member, most));
}

}  // namespace

base::Result<> check_secret_name(std::string_view name) {
  constexpr std::size_t kLongest = 512;
  if (name.size() > kLongest) return too_long("name", kLongest);
  bool spelled = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-/_+=.@!").find(c) != std::string::npos;
  });
  if (!name.empty() && spelled) return {};
  return aws_error(400, "ValidationException",
                   "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
                   "-/_+=.@!");
}

base::Result<> check_secret_content(const SecretContent& content) {
  constexpr std::size_t kLargest = 65536;
  if (content.text && content.binary) {
    return aws_error(400, "InvalidParameterException",
                     "You can't specify both a binary secret value and a string secret value in the same secret.");
  }
  if (content.text && content.text->size() > kLargest) return too_long("secretString", kLargest);
  if (!content.binary) return {};
  auto bytes = codec::base64_decode(*content.binary);
  if (!bytes) return aws_error(400, "SerializationException", "SecretBinary is not Base64");
  if (bytes->size() > kLargest) return too_long("secretBinary", kLargest);
  return {};
}

base::Result<> check_not_deleted(const Secret& secret) {
  if (!secret.deletion) return {};
  return aws_error(400, "InvalidRequestException",
                   "You can't perform this operation on the secret because it was marked for deletion.");
}

base::Result<Secret*> SecretStore::find(std::string_view id) {
  for (auto& [name, secret] : secrets_) {
    std::string_view arn = secret.arn;
    if (id == name || id == arn || id == arn.substr(0, arn.size() - kSuffix)) return &secret;
  }
  return aws_error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
}

base::Result<Secret*> SecretStore::create(std::string_view name, std::string arn, base::WallTime now) {
  TRY(check_secret_name(name));
  if (auto there = secrets_.find(name); there != secrets_.end()) {
    if (there->second.deletion) {
      return aws_error(
          400, "InvalidRequestException",
          "You can't create this secret because a secret with this name is already scheduled for deletion.");
    }
    return aws_error(400, "ResourceExistsException",
                     fmt::format("The operation failed because the secret {} already exists.", name));
  }
  Secret secret{.number = ++count_, .name = std::string(name), .arn = std::move(arn), .created = now, .changed = now};
  return &secrets_.emplace(name, std::move(secret)).first->second;
}

base::Result<const SecretVersion*> SecretStore::put(Secret& secret, std::string version_id, SecretContent content,
                                                    const std::vector<std::string>& stages, base::WallTime now) {
  TRY(check_secret_content(content));
  auto same = [&](const SecretVersion& version) { return version.id == version_id; };
  auto there = std::find_if(secret.versions.begin(), secret.versions.end(), same);
  if (there != secret.versions.end()) {
    if (there->content == content) return &*there;
    return aws_error(
        400, "ResourceExistsException",
        fmt::format("You can't use ClientRequestToken {} because that value is already in use for a version of secret "
                    "{}.",
                    version_id, secret.arn));
  }
  if (stages.size() > kMostStages) {
    return aws_error(400, "LimitExceededException", "A version can have at most 20 staging labels.");
  }
  auto& version = secret.versions.emplace_back(
      SecretVersion{.id = std::move(version_id), .content = std::move(content), .created = now});
  for (const auto& stage : stages) move_stage(secret, version, stage);
  if (stages.empty() || secret.versions.size() == 1) move_stage(secret, version, kCurrentStage);
  secret.changed = now;
  forget_versions(secret, now);
  return &secret.versions.back();
}

base::Result<SecretVersion*> SecretStore::select(Secret& secret, std::string_view version_id, std::string_view stage) {
  if (version_id.empty() && stage.empty()) stage = kCurrentStage;
  auto& versions = secret.versions;
  if (version_id.empty()) {
    auto found = std::find_if(versions.begin(), versions.end(),
                              [&](const SecretVersion& one) { return one.stages.contains(stage); });
    if (found != versions.end()) return &*found;
    return aws_error(400, "ResourceNotFoundException",
                     fmt::format("Secrets Manager can't find the specified secret value for staging label: {}", stage));
  }
  auto found =
      std::find_if(versions.begin(), versions.end(), [&](const SecretVersion& one) { return one.id == version_id; });
  if (found == versions.end()) {
    return aws_error(
        400, "ResourceNotFoundException",
        fmt::format("Secrets Manager can't find the specified secret value for VersionId: {}", version_id));
  }
  if (stage.empty() || found->stages.contains(stage)) return &*found;
  return aws_error(400, "InvalidRequestException",
                   "You provided a VersionStage that is not associated to the provided VersionId.");
}

void SecretStore::remove(std::string_view name) {
  if (auto there = secrets_.find(name); there != secrets_.end()) secrets_.erase(there);
}

void SecretStore::expire(base::WallTime now) {
  std::erase_if(secrets_, [&](const auto& one) { return one.second.deletion && *one.second.deletion <= now; });
}

}  // namespace localcloud
