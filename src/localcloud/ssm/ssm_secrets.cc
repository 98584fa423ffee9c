// Secrets as parameters, after "Referencing AWS Secrets Manager secrets from Parameter Store parameters" of the Systems
// Manager user guide: /aws/reference/secretsmanager/NAME, with a version's id or staging label after a colon.
#include <fmt/format.h>

#include "codec/json.h"
#include "localcloud/json_members.h"
#include "localcloud/ssm/ssm_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kPrefix = "/aws/reference/secretsmanager/";
constexpr std::string_view kType = "SecureString";

SecretReference reference_of(std::string_view selector) {
  constexpr std::size_t kShortestVersion = 32;
  selector.remove_prefix(kPrefix.size());
  auto colon = selector.find(':');
  SecretReference reference{.id = std::string(selector.substr(0, colon))};
  if (colon == std::string_view::npos) return reference;
  auto version = selector.substr(colon + 1);
  (version.size() < kShortestVersion ? reference.stage : reference.version_id) = version;
  return reference;
}

}  // namespace

bool is_secret_parameter(std::string_view name) {
  return name.starts_with(kPrefix);
}

SsmService::Answer SsmService::secret_parameter(const Principal& caller, std::string_view selector,
                                                bool decrypt) const {
  if (!decrypt) {
    return aws_error(400, "ValidationException",
                     "WithDecryption flag must be True for retrieving a Secret Manager secret.");
  }
  auto secret = secrets_.secret_value(caller, reference_of(selector));
  auto name = selector.substr(0, selector.find(':'));
  if (!secret) {
    if (secret.error().code != "ResourceNotFoundException") return base::fail(secret.error());
    return aws_error(400, "ParameterNotFound",
                     fmt::format("An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret {} "
                                 "not found.",
                                 name));
  }
  if (!secret->contains("SecretString")) {
    return aws_error(400, "ValidationException", "Parameter Store references no secrets with binary values.");
  }
  json::object answer{{"Name", name},
                      {"Type", kType},
                      {"Value", text_in(*secret, "SecretString")},
                      {"Version", 0},
                      {"SourceResult", codec::to_text(*secret)},
                      {"LastModifiedDate", *secret->if_contains("CreatedDate")},
                      {"ARN", arn_of(name)}};
  if (name.size() < selector.size()) answer["Selector"] = selector.substr(name.size());
  return answer;
}

// Whoever asks for a parameter here has made sure that its reader may have it.
std::optional<StoredParameter> SsmService::secret_as_parameter(std::string_view selector) const {
  Principal account{
      .arn = fmt::format("arn:aws:iam::{}:root", cloud_.account_id), .user_id = cloud_.account_id, .is_root = true};
  auto secret = secret_parameter(account, selector, true);
  if (!secret) return std::nullopt;
  return StoredParameter{.type = std::string(kType), .value = text_in(*secret, "Value"), .version = 0};
}

base::Result<std::string> SsmService::secret_text(const Principal& caller, const SecretReference& reference) const {
  TRY(auto secret, secrets_.secret_value(caller, reference));
  if (secret.contains("SecretString")) return text_in(secret, "SecretString");
  return aws_error(400, "InvalidRequestException", "The secret has no SecretString.");
}

}  // namespace localcloud
