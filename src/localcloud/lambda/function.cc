#include "localcloud/lambda/function.h"

#include <fmt/format.h>

#include <set>

#include "localcloud/service.h"
#include "localcloud/wire.h"

namespace localcloud {

std::string FunctionVersion::log_group() const {
  const auto* group = logging.if_contains("LogGroup");
  if (group != nullptr && group->is_string() && !group->get_string().empty()) return std::string(group->get_string());
  return "/aws/lambda/" + name;
}

base::Result<RuntimeKind> runtime_kind(std::string_view runtime) {
  if (runtime.starts_with("provided")) return RuntimeKind::provided;
  if (runtime.starts_with("nodejs")) return RuntimeKind::nodejs;
  if (runtime.starts_with("python3.")) return RuntimeKind::python;
  // What AWS still makes functions of (Lambda runtimes, "Supported runtimes").
  static const std::set<std::string_view> kElsewhere = {
      "dotnet10", "dotnet8",   "java11",       "java11.al2023", "java17",  "java17.al2023", "java21",
      "java25",   "java8.al2", "java8.al2023", "ruby3.2",       "ruby3.3", "ruby3.4",       "ruby4.0"};
  if (kElsewhere.contains(runtime)) return RuntimeKind::elsewhere;
  return aws_error(400, "InvalidParameterValueException",
                   fmt::format("runtime {}: the local cloud knows provided.*, nodejs*.x, python3.* and the supported "
                               "java, dotnet and ruby runtimes",
                               runtime.empty() ? "(none)" : runtime));
}

std::string lambda_time(base::WallTime time) {
  std::string text = iso_time(time);  // "…T03:04:05.678Z"
  return text.substr(0, text.size() - 1) + "+0000";
}

namespace {

json::object logging_of(const FunctionVersion& version) {
  json::object logging = version.logging;
  if (!logging.contains("LogFormat")) logging["LogFormat"] = "Text";
  logging["LogGroup"] = version.log_group();
  return logging;
}

json::array layers_of(const FunctionVersion& version) {
  json::array layers;
  for (const auto& arn : version.layer_arns) layers.push_back(json::object{{"Arn", arn}});
  return layers;
}

}  // namespace

json::object configuration_of(const FunctionVersion& version, std::string_view arn) {
  json::object variables;
  for (const auto& [key, value] : version.environment) variables[key] = value;
  json::object configuration;
  configuration["FunctionName"] = version.name;
  configuration["FunctionArn"] = arn;
  if (version.image.empty()) configuration["Runtime"] = version.runtime;
  configuration["Role"] = version.role;
  if (version.image.empty()) configuration["Handler"] = version.handler;
  configuration["CodeSize"] = version.package ? version.package->size() : 0;
  configuration["Description"] = version.description;
  configuration["Timeout"] = version.timeout_seconds;
  configuration["MemorySize"] = version.memory_mb;
  configuration["LastModified"] = lambda_time(version.modified);
  configuration["CodeSha256"] = version.package ? version.package->sha256() : "";
  configuration["Version"] = version.number;
  if (!version.vpc.empty()) configuration["VpcConfig"] = version.vpc;
  if (!version.durable.empty()) configuration["DurableConfig"] = version.durable;
  if (!version.dead_letter_arn.empty()) {
    configuration["DeadLetterConfig"] = json::object{{"TargetArn", version.dead_letter_arn}};
  }
  if (!variables.empty()) configuration["Environment"] = json::object{{"Variables", variables}};
  configuration["TracingConfig"] = json::object{{"Mode", version.tracing_mode}};
  configuration["RevisionId"] = version.revision;
  if (auto layers = layers_of(version); !layers.empty()) configuration["Layers"] = std::move(layers);
  configuration["State"] = "Active";
  configuration["LastUpdateStatus"] = "Successful";
  configuration["PackageType"] = version.image.empty() ? "Zip" : "Image";
  json::array architectures;
  architectures.emplace_back(version.architecture);
  configuration["Architectures"] = std::move(architectures);
  configuration["EphemeralStorage"] = json::object{{"Size", version.ephemeral_storage_mb}};
  configuration["LoggingConfig"] = logging_of(version);
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
