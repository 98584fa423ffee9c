// What a request or a template says of a function's configuration: apply_configuration() and what it is made of.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/input.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxEnvironmentBytes = 4096;
constexpr std::size_t kMaxHandler = 128;
constexpr std::size_t kMaxDescription = 256;
constexpr std::size_t kMaxLayers = 5;
constexpr std::size_t kMaxTags = 50;

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

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : codec::to_text(value);
}

// [a-zA-Z][a-zA-Z0-9_]+
bool is_variable_name(std::string_view name) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return name.size() >= 2 && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

base::Result<std::map<std::string, std::string>> read_environment(const json::value& input) {
  std::map<std::string, std::string> environment;
  TRY(only_members(input, "Environment", {"Variables"}));
  const auto* variables = codec::find(input, "Variables");
  if (variables == nullptr || variables->is_null()) return environment;
  if (!variables->is_object()) return invalid_parameter("Environment.Variables must be an object");
  std::vector<std::string> reserved;
  for (const auto& [key, value] : variables->get_object()) {
    if (reserved_variables().contains(key)) {
      reserved.emplace_back(key);
    } else if (!is_variable_name(key)) {
      return constraint(std::string_view(key), "environment.variables",
                        "satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+");
    }
    environment[std::string(key)] = text_of(value);
  }
  if (!reserved.empty()) {
    return invalid_parameter(
        fmt::format("Lambda was unable to configure your environment variables because the environment variables you "
                    "have provided contains reserved keys that are currently not supported for modification. Reserved "
                    "keys used in this request: {}",
                    fmt::join(reserved, ", ")));
  }
  if (codec::to_text(*variables).size() > kMaxEnvironmentBytes) {
    return invalid_parameter(
        "Lambda was unable to configure your environment variables because the environment variables you have provided "
        "exceeded the 4KB limit.");
  }
  return environment;
}

base::Result<std::vector<std::string>> read_layers(const json::value& list) {
  if (!list.is_array()) return invalid_parameter("Layers must be a list of ARNs");
  std::vector<std::string> arns;
  for (const auto& one : list.get_array()) arns.push_back(text_of(one));
  if (arns.size() > kMaxLayers) return invalid_parameter("Cannot reference more than 5 layers.");
  return arns;
}

// Members that are read as whole objects; what they may hold is checked.
base::Result<> apply_objects(FunctionVersion& version, const json::object& input) {
  auto given = [&](std::string_view name) -> const json::value* {
    const auto* value = input.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  if (const auto* value = given("Environment")) {
    TRY(version.environment, read_environment(*value));
  }
  if (const auto* value = given("Layers")) {
    TRY(version.layer_arns, read_layers(*value));
  }
  if (const auto* value = given("DeadLetterConfig")) {
    TRY(only_members(*value, "DeadLetterConfig", {"TargetArn"}));
    version.dead_letter_arn = codec::find_string(*value, "TargetArn");
  }
  if (const auto* value = given("TracingConfig")) {
    TRY(only_members(*value, "TracingConfig", {"Mode"}));
    version.tracing_mode = codec::find_string(*value, "Mode");
    if (version.tracing_mode != "Active" && version.tracing_mode != "PassThrough") {
      return constraint(version.tracing_mode, "tracingConfig.mode", "satisfy enum value set: [Active, PassThrough]");
    }
  }
  if (const auto* value = given("EphemeralStorage")) {
    TRY(only_members(*value, "EphemeralStorage", {"Size"}));
    TRY(auto size, number_member(value->get_object(), "Size", 512, 10'240));
    if (size) version.ephemeral_storage_mb = *size;
  }
  if (const auto* value = given("LoggingConfig")) {
    TRY(only_members(*value, "LoggingConfig", {"LogFormat", "LogGroup", "ApplicationLogLevel", "SystemLogLevel"}));
    version.logging = value->get_object();
  }
  if (const auto* value = given("VpcConfig")) {
    TRY(only_members(*value, "VpcConfig", {"SubnetIds", "SecurityGroupIds", "Ipv6AllowedForDualStack"}));
    version.vpc = value->get_object();
  }
  if (const auto* value = given("SnapStart")) {
    TRY(only_members(*value, "SnapStart", {"ApplyOn"}));
    version.snap_start = value->get_object();
  }
  if (const auto* value = given("DurableConfig")) {
    TRY(only_members(*value, "DurableConfig", {"ExecutionTimeout", "RetentionPeriodInDays"}));
    version.durable = value->get_object();
  }
  return {};
}

base::Result<> apply_texts(FunctionVersion& version, const json::object& input) {
  auto take = [&](std::string_view name, std::string& into) {
    const auto* value = input.if_contains(name);
    if (value != nullptr && !value->is_null()) into = text_of(*value);
  };
  take("Runtime", version.runtime);
  take("Handler", version.handler);
  take("Role", version.role);
  take("Description", version.description);
  if (version.handler.size() > kMaxHandler) {
    return constraint(version.handler, "handler", "have length less than or equal to 128");
  }
  if (version.handler.find_first_of(" \t\r\n") != std::string::npos) {
    return constraint(version.handler, "handler", "satisfy regular expression pattern: [^\\s]+");
  }
  if (version.description.size() > kMaxDescription) {
    return constraint(version.description, "description", "have length less than or equal to 256");
  }
  return {};
}

}  // namespace

base::Result<> apply_configuration(FunctionVersion& version, const json::object& input) {
  TRY(apply_texts(version, input));
  TRY(auto kind, version.image.empty() ? runtime_kind(version.runtime) : RuntimeKind::elsewhere);
  if (version.handler.empty() && version.image.empty()) {
    return invalid_parameter(
        kind == RuntimeKind::provided
            ? "Handler is mandatory for functions created with a deployment package."
            : "Runtime and Handler are mandatory parameters for functions created with deployment packages.");
  }
  if (!version.role.starts_with("arn:")) {
    return constraint(
        version.role, "role",
        "satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+");
  }
  TRY(auto timeout, number_member(input, "Timeout", 1, 900));
  if (timeout) version.timeout_seconds = *timeout;
  TRY(auto memory, number_member(input, "MemorySize", 128, 10'240));
  if (memory) version.memory_mb = *memory;
  TRY(apply_objects(version, input));
  if (kind != RuntimeKind::provided && version.environment.contains("AWS_LAMBDA_EXEC_WRAPPER")) {
    return invalid_parameter("AWS_LAMBDA_EXEC_WRAPPER is not implemented by the local cloud");  // provided.* has none
  }
  version.revision = base::random_uuid();
  return {};
}

base::Result<FunctionVersion> read_function(const json::object& input) {
  FunctionVersion version;
  std::string type = text_property(input, "PackageType", "Zip");
  const auto* code = input.if_contains("Code");
  if (type == "Image" && code != nullptr && code->is_object()) {
    TRY(only_members(*code, "Code", {"ImageUri"}));
    version.image = text_property(code->get_object(), "ImageUri");
  }
  if (type != "Zip" && version.image.empty()) {
    return invalid_parameter(fmt::format("PackageType {} needs an image of its own in Code.ImageUri", type));
  }
  TRY(apply_configuration(version, input));
  TRY(version.architecture, read_architecture(input));
  return version;
}

base::Result<std::string> read_architecture(const json::object& input) {
  const auto* list = input.if_contains("Architectures");
  if (list == nullptr || list->is_null()) return std::string("x86_64");
  if (!list->is_array() || list->get_array().size() != 1) {
    return invalid_parameter("Architectures must name exactly one");
  }
  std::string architecture = text_of(list->get_array().front());
  if (architecture != "x86_64" && architecture != "arm64") {
    return constraint(architecture, "architectures", "satisfy enum value set: [x86_64, arm64]");
  }
  return architecture;
}

base::Result<std::map<std::string, std::string>> read_tags(const json::value* tags) {
  std::map<std::string, std::string> read;
  if (tags == nullptr || tags->is_null()) return read;
  if (const auto* object = tags->if_object()) {
    for (const auto& [key, value] : *object) read[std::string(key)] = text_of(value);
  } else if (const auto* list = tags->if_array()) {
    for (const auto& tag : *list) {
      TRY(only_members(tag, "Tags", {"Key", "Value"}));
      read[codec::find_string(tag, "Key")] = text_property(tag.get_object(), "Value");
    }
  } else {
    return invalid_parameter("Tags must be a map or a list");
  }
  for (const auto& [key, value] : read) {
    if (key.empty() || key.size() > 128) return constraint(key, "tags", "have length between 1 and 128");
    if (value.size() > 256) return constraint(value, "tags", "have length less than or equal to 256");
    if (key.starts_with("aws:")) return invalid_parameter("Tags with the prefix aws: are reserved: " + key);
  }
  if (read.size() > kMaxTags) return invalid_parameter("A function can have 50 tags at most.");
  return read;
}

}  // namespace localcloud
