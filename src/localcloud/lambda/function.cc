#include "localcloud/lambda/function.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <set>
#include <vector>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

// LDG configuration-envvars.md; aws-facts §4.
const std::set<std::string_view>& reserved_variables() {
  static const std::set<std::string_view> names{"_HANDLER",
                                                "_X_AMZN_TRACE_ID",
                                                "AWS_DEFAULT_REGION",
                                                "AWS_REGION",
                                                "AWS_EXECUTION_ENV",
                                                "AWS_LAMBDA_FUNCTION_NAME",
                                                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                "AWS_LAMBDA_FUNCTION_VERSION",
                                                "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                "AWS_LAMBDA_LOG_GROUP_NAME",
                                                "AWS_LAMBDA_LOG_STREAM_NAME",
                                                "AWS_ACCESS_KEY",
                                                "AWS_ACCESS_KEY_ID",
                                                "AWS_SECRET_ACCESS_KEY",
                                                "AWS_SESSION_TOKEN",
                                                "AWS_LAMBDA_RUNTIME_API",
                                                "LAMBDA_TASK_ROOT",
                                                "LAMBDA_RUNTIME_DIR",
                                                "AWS_LAMBDA_MAX_CONCURRENCY"};
  return names;
}

constexpr std::size_t kMaxEnvironmentBytes = 4096;

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "InvalidParameterValueException", std::move(message));
}

// CloudFormation gives numbers as numbers or as strings.
std::optional<int> whole_number(const json::value& value) {
  if (value.is_int64()) {
    std::int64_t number = value.get_int64();
    if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) return std::nullopt;
    return static_cast<int>(number);
  }
  if (!value.is_string() || value.get_string().empty() || value.get_string().size() > 9) return std::nullopt;
  int number = 0;
  for (char c : value.get_string()) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

base::Result<int> number_in(const json::object& properties, std::string_view key, int fallback, int low, int high) {
  const auto* value = properties.if_contains(key);
  if (value == nullptr) return fallback;
  auto number = whole_number(*value);
  if (!number || *number < low || *number > high) {
    return invalid(fmt::format("Value at '{}' failed to satisfy constraint: a number from {} to {}", key, low, high));
  }
  return *number;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : codec::to_text(value);
}

base::Result<std::map<std::string, std::string>> read_environment(const json::object& properties) {
  std::map<std::string, std::string> environment;
  const auto* variables =
      properties.contains("Environment") ? codec::find(properties.at("Environment"), "Variables") : nullptr;
  if (variables == nullptr) return environment;
  if (!variables->is_object()) return invalid("Environment.Variables must be an object");
  std::vector<std::string> reserved;
  for (const auto& [key, value] : variables->get_object()) {
    if (reserved_variables().contains(key)) reserved.emplace_back(key);
    environment[std::string(key)] = text_of(value);
  }
  if (!reserved.empty()) {
    return invalid(fmt::format(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "contains reserved keys that are currently not supported for modification. Reserved keys used in this request: "
        "{}",
        fmt::join(reserved, ", ")));
  }
  if (codec::to_text(*variables).size() > kMaxEnvironmentBytes) {
    return invalid(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "exceeded the 4KB limit.");
  }
  return environment;
}

base::Result<std::string> read_architecture(const json::object& properties) {
  const auto* list = properties.if_contains("Architectures");
  if (list == nullptr) return std::string("x86_64");
  if (!list->is_array() || list->get_array().size() != 1) return invalid("Architectures must name exactly one");
  std::string architecture = text_of(list->get_array().front());
  if (architecture != "x86_64" && architecture != "arm64") {
    return invalid(fmt::format("Architectures: {} is none of x86_64, arm64", architecture));
  }
  return architecture;
}

std::map<std::string, std::string> read_tags(const json::object& properties) {
  std::map<std::string, std::string> tags;
  const auto* list = properties.if_contains("Tags");
  if (list == nullptr || !list->is_array()) return tags;
  for (const auto& tag : list->get_array()) tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  return tags;
}

base::Result<std::string> read_dead_letter(const json::object& properties) {
  const auto* config = properties.if_contains("DeadLetterConfig");
  if (config == nullptr) return std::string();
  if (!config->is_object()) return invalid("DeadLetterConfig must be an object");
  for (const auto& [key, value] : config->get_object()) {
    if (key != "TargetArn") return invalid(fmt::format("DeadLetterConfig.{} is not known", std::string_view(key)));
  }
  return codec::find_string(*config, "TargetArn");
}

}  // namespace

base::Result<FunctionVersion> read_function(const json::object& properties) {
  FunctionVersion version;
  auto text = [&](std::string_view key) {
    const auto* value = properties.if_contains(key);
    return value != nullptr ? text_of(*value) : std::string();
  };
  version.runtime = text("Runtime");
  version.handler = text("Handler");
  version.role = text("Role");
  version.description = text("Description");
  if (std::string type = text("PackageType"); !type.empty() && type != "Zip") {
    return invalid(fmt::format("PackageType {}: the local cloud runs Zip packages only", type));
  }
  if (!version.runtime.starts_with("provided")) {
    return invalid(fmt::format("runtime {}: the local cloud runs provided.* only",
                               version.runtime.empty() ? "(none)" : version.runtime));
  }
  if (version.handler.empty()) return invalid("Handler is mandatory for functions created with a deployment package.");
  if (version.role.empty())
    return invalid("1 validation error detected: Value null at 'role' failed to satisfy constraint");
  TRY(version.timeout_seconds, number_in(properties, "Timeout", 3, 1, 900));
  TRY(version.memory_mb, number_in(properties, "MemorySize", 128, 128, 10240));
  if (properties.contains("ReservedConcurrentExecutions")) {
    TRY(auto reserved, number_in(properties, "ReservedConcurrentExecutions", 0, 0, 1000));
    version.reserved_concurrency = reserved;
  }
  TRY(version.environment, read_environment(properties));
  TRY(version.architecture, read_architecture(properties));
  version.tags = read_tags(properties);
  TRY(version.dead_letter_arn, read_dead_letter(properties));
  version.revision = base::random_uuid();
  return version;
}

base::Result<CodeLocation> read_code_location(const json::object& properties) {
  const auto* code = properties.if_contains("Code");
  if (code == nullptr || !code->is_object()) return invalid("Please provide a source for function code.");
  for (const auto& [key, value] : code->get_object()) {
    if (key != "S3Bucket" && key != "S3Key") {
      return invalid(
          fmt::format("Code.{}: the local cloud takes packages from S3Bucket and S3Key only", std::string_view(key)));
    }
  }
  CodeLocation location{codec::find_string(*code, "S3Bucket"), codec::find_string(*code, "S3Key")};
  if (location.bucket.empty() || location.key.empty()) return invalid("Please provide a source for function code.");
  return location;
}

json::object configuration_of(const FunctionVersion& version) {
  json::object variables;
  for (const auto& [key, value] : version.environment) variables[key] = value;
  json::object configuration;
  configuration["FunctionName"] = version.name;
  configuration["FunctionArn"] = version.arn;
  configuration["Runtime"] = version.runtime;
  configuration["Role"] = version.role;
  configuration["Handler"] = version.handler;
  configuration["CodeSize"] = version.package ? version.package->size() : 0;
  configuration["Description"] = version.description;
  configuration["Timeout"] = version.timeout_seconds;
  configuration["MemorySize"] = version.memory_mb;
  std::string modified = iso_time(version.modified);  // "…T03:04:05.678Z"; Lambda writes +0000
  configuration["LastModified"] = modified.substr(0, modified.size() - 1) + "+0000";
  configuration["CodeSha256"] = version.package ? version.package->sha256() : "";
  configuration["Version"] = "$LATEST";
  if (!variables.empty()) configuration["Environment"] = json::object{{"Variables", variables}};
  configuration["TracingConfig"] = json::object{{"Mode", "PassThrough"}};
  configuration["RevisionId"] = version.revision;
  configuration["State"] = "Active";
  configuration["LastUpdateStatus"] = "Successful";
  configuration["PackageType"] = "Zip";
  if (!version.dead_letter_arn.empty()) {
    configuration["DeadLetterConfig"] = json::object{{"TargetArn", version.dead_letter_arn}};
  }
  json::array architectures;
  architectures.emplace_back(version.architecture);
  configuration["Architectures"] = std::move(architectures);
  configuration["EphemeralStorage"] = json::object{{"Size", 512}};
  return configuration;
}

FunctionReference parse_function_reference(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0;;) {
    std::size_t colon = text.find(':', at);
    parts.emplace_back(text.substr(at, colon == std::string_view::npos ? colon : colon - at));
    if (colon == std::string_view::npos) break;
    at = colon + 1;
  }
  FunctionReference reference;
  std::size_t name = 0;
  if (parts.size() >= 7 && parts[0] == "arn") {  // arn:aws:lambda:region:account:function:name
    reference.region = parts[3];
    reference.account = parts[4];
    name = 6;
  } else if (parts.size() >= 3 && parts[1] == "function") {  // account:function:name
    reference.account = parts[0];
    name = 2;
  }
  reference.name = parts[name];
  if (parts.size() > name + 1) reference.qualifier = parts[name + 1];
  return reference;
}

}  // namespace localcloud
