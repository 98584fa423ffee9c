#include "app/rewrite_functions.h"

#include <fmt/format.h>

#include "app/globals.h"

namespace app {
namespace {

namespace json = codec::json;

// What a live function must not have: it says where other code is, or only a managed runtime can do it, or a deployment
// would wait for it. `word`: whether the user should hear of it.
constexpr struct {
  std::string_view property;
  bool word;
  std::string_view advice = {};
} kDropped[] = {
    {"InlineCode", false},
    {"ImageUri", false},
    {"ImageConfig", false},
    {"SourceKMSKeyArn", false},
    {"AutoPublishCodeSha256", false},
    {"Layers", false},
    {"SnapStart", true},
    {"CodeSigningConfigArn", true,
     ", since the stub is not signed; where only signed code may be deployed, keep it in AWS by `live: false` "
     "in livelambda.yaml"},
    {"ProvisionedConcurrencyConfig", true},
    {"DeploymentPreference", true},
    {"RuntimeManagementConfig", true}};

// Globals are left as they are, for other functions; the function says that it takes none of this property.
void ignore_global(Draft& draft, const Function& function, std::string_view property) {
  const auto* globals = function_globals(draft.source());
  if (!function.serverless || globals == nullptr || !globals->contains(property)) return;
  auto& resource = draft.resource(function.logical_id);
  if (!takes_global(resource, property)) return;
  resource["IgnoreGlobals"] = with_element(resource.if_contains("IgnoreGlobals"), json::string(property));
}

// SAM merges two mappings; a path or URI gives way to the function's own.
bool is_object_global(const Draft& draft, std::string_view property) {
  const auto* globals = function_globals(draft.source());
  const auto* value = globals == nullptr ? nullptr : globals->if_contains(property);
  return value != nullptr && value->is_object();
}

std::string_view stub_parameter(const Function& function) {
  bool bridged = !function.outside_role.empty();
  if (function.architecture == Architecture::arm64) return bridged ? kBridgedStubArm64Parameter : kStubArm64Parameter;
  return bridged ? kBridgedStubX8664Parameter : kStubX8664Parameter;
}

// What a stub answers by itself has to be streamed there, or its status would be 200.
void tell_of_streamed_url(Draft& draft, const Function& function, json::object& properties) {
  auto& environment = properties["Environment"];
  if (environment.is_null()) environment.emplace_object();
  const bool known = environment.is_object() && !is_intrinsic(environment);
  auto* variables = known ? &environment.get_object()["Variables"] : nullptr;
  if (variables != nullptr && variables->is_null()) variables->emplace_object();
  if (variables != nullptr && variables->is_object() && !is_intrinsic(*variables)) {
    variables->get_object()[kStreamedUrlVariable] = "1";
  } else {
    draft.note(function,
               "streams by its function URL and computes its Environment: without a session the URL answers 200");
  }
}

void drop_build(json::object& resource) {
  auto* metadata = resource.if_contains("Metadata");
  if (metadata == nullptr || !metadata->is_object()) return;
  auto& object = metadata->get_object();
  bool dropped = object.stable_erase("BuildMethod") + object.stable_erase("BuildProperties") > 0;
  if (dropped && object.empty()) resource.stable_erase("Metadata");
}

}  // namespace

void put_stub(Draft& draft, const Function& function, const json::value& had) {
  auto& properties = draft.properties(function.logical_id);
  for (const auto& [property, word, advice] : kDropped) {
    properties.stable_erase(property);
    ignore_global(draft, function, property);
    if (word && codec::find(had, property) != nullptr) {
      draft.note(function, fmt::format("has no {} while it is live{}", property, advice));
    }
  }
  auto bucket = draft.parameter(kBucketParameter);
  auto key = draft.parameter(stub_parameter(function));
  if (function.serverless) {
    if (is_object_global(draft, "CodeUri")) ignore_global(draft, function, "CodeUri");
    properties["CodeUri"] = json::object{{"Bucket", bucket}, {"Key", key}};
  } else {
    properties["Code"] = json::object{{"S3Bucket", bucket}, {"S3Key", key}};
  }
  properties["Runtime"] = "provided.al2023";
  if (function.image) {
    properties.stable_erase("PackageType");
    ignore_global(draft, function, "PackageType");
    properties["Handler"] = function.handler;
  }
  if (function.response_stream) tell_of_streamed_url(draft, function, properties);
  drop_build(draft.resource(function.logical_id));
  if (codec::find(had, "FileSystemConfigs") != nullptr) {
    draft.note(function, "mounts a file system (FileSystemConfigs), which its code does not see on this machine");
  }
}

}  // namespace app
