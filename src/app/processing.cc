#include "app/processing.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/artifacts.h"
#include "app/for_each.h"
#include "app/rewrite_locations.h"
#include "codec/yaml.h"

namespace app {
namespace {

namespace json = codec::json;

constexpr std::string_view kMark = "livelambda-path:";

// Macros that CloudFormation itself has, and which make no function of their own.
bool is_known_macro(std::string_view name) {
  return name == "AWS::Serverless-2016-10-31" || name == "AWS::LanguageExtensions" ||
         name == "AWS::CodeDeployBlueGreen" || name.starts_with("AWS::SecretsManager-");
}

// The path of the first mark in the value; nothing if it has none.
std::optional<std::string> marked_path(const json::value& value) {
  if (const auto* text = value.if_string()) {
    std::size_t at = text->find(kMark);
    if (at == json::string::npos) return std::nullopt;
    return std::string(text->subview(at + kMark.size()));
  }
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (auto path = marked_path(member)) return path;
    }
  }
  return std::nullopt;
}

// A location is {"S3Bucket", "S3Key"}, {"Bucket", "Key"}, {"Fn::Sub"}, or the text that one of them became.
bool is_location(const json::value& value) {
  if (value.is_string()) return true;
  const auto* object = value.if_object();
  return object != nullptr && (object->contains("S3Key") || object->contains("Key") || object->contains("Fn::Sub"));
}

void restore_paths(json::value& value) {
  if (is_location(value)) {
    if (auto path = marked_path(value)) {
      value = json::string(*path);
      return;
    }
  }
  if (auto* array = value.if_array()) {
    for (auto& element : *array) restore_paths(element);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) restore_paths(member.value());
  }
}

}  // namespace

std::vector<Expansion> expansions(const json::value& document) {
  std::vector<Expansion> found;
  if (const auto* resources = codec::find(document, "Resources"); resources != nullptr && resources->is_object()) {
    for (const auto& [id, resource] : resources->get_object()) {
      if ((is_loop(id) && makes_functions(resource)) || id == "Fn::Transform") found.push_back({std::string(id), {}});
    }
  }
  const auto* transforms = codec::find(document, "Transform");
  if (transforms == nullptr) return found;
  for (const auto& transform : transforms->is_array() ? transforms->get_array() : json::array{*transforms}) {
    std::string name =
        transform.is_string() ? std::string(transform.get_string()) : codec::find_string(transform, "Name");
    if (!is_known_macro(name)) found.push_back({{}, std::move(name)});
  }
  return found;
}

bool needs_processing(const Stack& stack) {
  return !expansions(stack.document.value).empty() ||
         std::ranges::any_of(stack.functions,
                             [](const Function& function) { return function.why_not.reason == StayReason::transform; });
}

bool has_open_loops(const Stack& stack) {
  return std::ranges::any_of(expansions(stack.document.value), [](const Expansion& one) { return is_loop(one.id); });
}

base::Result<json::value> to_process(const Stack& stack, const RewriteOptions& options) {
  json::value document = stack.document.value;
  for (const LocalArtifact& artifact : find_paths(stack.document)) {
    if (artifact.pointer.ends_with("/SchemaUri")) {
      TRY(auto text, options.text_of(stack, artifact));
      put_text(document, artifact, text);
    } else if (artifact.type == "AWS::Include") {
      TRY(auto key, options.key_of(stack, artifact));
      put_location(document, artifact, key);
    } else {
      put_location(document, artifact, fmt::format("{}{}", kMark, artifact.path));
    }
  }
  auto& parameters = document.get_object()["Parameters"];
  if (!parameters.is_object()) parameters.emplace_object();
  parameters.get_object()[kBucketParameter] = {{"Type", "String"}};
  return document;
}

base::Result<std::string> from_processed(std::string_view text, const Stack& stack) {
  auto document = codec::parse_yaml(text);  // or JSON
  if (!document || !document->value.is_object()) {
    return base::fail({.kind = base::ErrorKind::invalid_input,
                       .message = "what CloudFormation made of the template is none",
                       .file = stack.template_file});
  }
  auto& object = document->value.get_object();
  if (auto* resources = object.if_contains("Resources")) restore_paths(*resources);
  if (auto* parameters = object.if_contains("Parameters"); parameters != nullptr && parameters->is_object()) {
    parameters->get_object().stable_erase(kBucketParameter);
  }
  object.stable_erase("Transform");
  return codec::to_text(document->value);
}

}  // namespace app
