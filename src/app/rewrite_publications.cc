#include "app/rewrite_publications.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

// What a version keeps (docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html): a change of anything else
// publishes none.
constexpr std::string_view kKeptByVersions[] = {"Architectures",    "DeadLetterConfig",  "Description", "Environment",
                                                "EphemeralStorage", "FileSystemConfigs", "Handler",     "KmsKeyArn",
                                                "LoggingConfig",    "MemorySize",        "Role",        "Timeout",
                                                "TracingConfig",    "VpcConfig"};

// FNV-1a: the same on every machine and in every release, which std::hash is not.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::string content_of_version(const json::object& properties) {
  json::object kept;
  for (std::string_view name : kKeptByVersions) {
    if (const auto* value = properties.if_contains(name)) kept.emplace(name, *value);
  }
  return fmt::format("{:016x}", hash_of(codec::to_text(kept)));
}

const Function* published_function(const Draft& draft, const json::value& resource) {
  const auto* name = codec::find(resource, "Properties", "FunctionName");
  if (name == nullptr) return nullptr;
  for (const std::string& id : references_in(*name)) {
    if (const Function* function = draft.stack().function(id); function != nullptr && function->live) return function;
  }
  return nullptr;
}

// Serverless Framework writes CodeSha256; CDK's Function.currentVersion has this path.
bool has_hash_in_its_id(const json::value& version) {
  return codec::find(version, "Properties", "CodeSha256") != nullptr ||
         codec::find_string(version, "Metadata", "aws:cdk:path").ends_with("/CurrentVersion/Resource");
}

void drop(Draft& draft, std::string_view id, json::object& properties, std::string_view property) {
  if (properties.stable_erase(property) == 0) return;
  draft.note(id, fmt::format("has no {} while its function is live", property));
}

void drop_traffic_shifting(Draft& draft, std::string_view id) {
  auto& alias = draft.resource(id);
  auto* policy = alias.if_contains("UpdatePolicy");
  if (policy == nullptr || !policy->is_object()) return;
  drop(draft, id, policy->get_object(), "CodeDeployLambdaAliasUpdate");
  if (policy->get_object().empty()) alias.stable_erase("UpdatePolicy");
}

void describe(Draft& draft, std::string_view version, const Function& function) {
  auto& properties = draft.properties(version);
  auto& live = draft.properties(function.logical_id);
  json::array words;
  if (const auto* own = properties.if_contains("Description")) words.push_back(*own);
  words.emplace_back("live " + content_of_version(live));
  words.push_back(*codec::find(live["Code"], "S3Key"));
  properties["Description"] = json::object{{"Fn::Join", json::array{" ", std::move(words)}}};
}

}  // namespace

NewNames adapt_publications(Draft& draft) {
  NewNames names;
  for (const auto& [key, resource] : draft.source().get_object().at("Resources").get_object()) {
    std::string id(key);
    std::string type = codec::find_string(resource, "Type");
    if (type != "AWS::Lambda::Version" && type != "AWS::Lambda::Alias") continue;
    const Function* function = published_function(draft, resource);
    if (function == nullptr) continue;
    auto& properties = draft.properties(id);
    drop(draft, id, properties, "ProvisionedConcurrencyConfig");
    if (type == "AWS::Lambda::Alias") {
      drop_traffic_shifting(draft, id);
      continue;
    }
    drop(draft, id, properties, "RuntimePolicy");
    properties.stable_erase("CodeSha256");
    if (!has_hash_in_its_id(resource) || function->serverless) continue;
    describe(draft, id, *function);
    std::string wanted = function->logical_id + "LiveVersion";
    while (draft.resources().contains(wanted)) wanted += "X";
    bool first = std::ranges::none_of(names, [&wanted](const auto& name) { return name.second == wanted; });
    if (first) names[id] = wanted;
  }
  return names;
}

}  // namespace app
