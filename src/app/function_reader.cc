#include "app/function_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "app/artifacts.h"
#include "app/cdk_metadata.h"
#include "app/globals.h"
#include "app/layers.h"
#include "app/processing.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;
namespace fs = std::filesystem;

// Endings of files that a function is built from, as opposed to names of folders with a dot in them.
constexpr std::string_view kSourceEndings[] = {".js",  ".mjs", ".cjs", ".jsx", ".ts", ".mts",  ".cts",
                                               ".tsx", ".py",  ".rb",  ".go",  ".rs", ".java", ".cs"};

bool is_archive(std::string_view path) {
  return path.ends_with(".zip") || path.ends_with(".jar") || path.ends_with(".war");
}

bool trusts_edge(const json::value* policy) {
  return policy != nullptr && codec::to_text(*policy).find("edgelambda.amazonaws.com") != std::string::npos;
}

std::set<std::string, std::less<>> find_streaming(const TemplateNode& node) {
  std::set<std::string, std::less<>> found;
  for (const auto& [id, resource] : node.resources()) {
    if (codec::find_string(resource, "Type") != "AWS::Lambda::Url") continue;
    const auto* mode = codec::find(resource, "Properties", "InvokeMode");
    const auto* target = codec::find(resource, "Properties", "TargetFunctionArn");
    if (mode == nullptr || target == nullptr || node.values->text(*mode) != "RESPONSE_STREAM") continue;
    found.merge(references_in(*target));
  }
  return found;
}

// A single file is what the function is built from; its source is then the folder that it is in.
void take_source(std::string path, Function& function) {
  function.source = std::move(path);
  fs::path file = function.source;
  if (std::ranges::find(kSourceEndings, file.extension().string()) == std::end(kSourceEndings)) return;
  function.entry = function.source;
  function.source = normal_path(file.parent_path().string());
}

// CloudFormation makes archives of the code in templates for these alone.
bool is_inline_language(const Function& function) {
  std::string language = language_of(function.runtime);
  return language == "nodejs" || language == "python";
}

// "arn:aws:iam::1:role/x", where partition, account and region may still be placeholders.
bool is_role_arn(std::string_view text) {
  if (!text.starts_with("arn:") || text.find(":role/") == std::string_view::npos) return false;
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    constexpr std::array kKnownLater{"${AWS::Partition}", "${AWS::AccountId}", "${AWS::Region}", "${AWS::URLSuffix}"};
    auto stands_there = [&](std::string_view name) { return text.substr(at).starts_with(name); };
    if (std::ranges::none_of(kKnownLater, stands_there)) return false;
  }
  return true;
}

}  // namespace

FunctionReader::FunctionReader(const TemplateNode& node, const ReservedFunctions& reserved, const ReadOptions& options)
    : node_(node), reserved_(reserved), options_(options), streaming_(find_streaming(node)) {}

base::Result<Function> FunctionReader::read(std::string_view id, const json::value& resource) const {
  const json::value properties = effective_properties(node_.document.value, resource.get_object());
  Function function{.logical_id = std::string(id),
                    .serverless = codec::find_string(resource, "Type") == "AWS::Serverless::Function",
                    .construct_path = construct_path(resource),
                    .line = node_.document.line_of(pointer({"Resources", id}))};
  function.handler = text_of(properties, "Handler");
  function.runtime = text_of(properties, "Runtime");
  if (const auto* timeout = chosen(properties, "Timeout"))
    function.timeout_seconds = node_.values->number(*timeout).value_or(function.timeout_seconds);
  if (const auto* memory = chosen(properties, "MemorySize"))
    function.memory_mb = node_.values->number(*memory).value_or(function.memory_mb);
  Code code = code_of(function, resource, properties);
  if (code.place != Code::Place::image) TRY(check_complete(function, properties));
  if (code.place == Code::Place::local && !code.is_asset) function.code_path = normal_path(code.path);
  read_build(resource, function);
  const FunctionSettings* settings = settings_of(function);
  if (settings != nullptr) apply(*settings, properties, function, code);
  if (code.place == Code::Place::local) take_source(normal_path(code.path), function);
  if (code.place == Code::Place::inline_) read_inline(*code.text, function);
  read_entry(function);
  if (const auto* layers = codec::find(properties, "Layers")) function.layers = read_layers(node_, *layers);
  const auto* url = codec::find(properties, "FunctionUrlConfig");
  function.response_stream =
      streaming_.contains(id) || (url != nullptr && text_of(*url, "InvokeMode") == "RESPONSE_STREAM");

  WhyNot why = why_never(function, resource, properties);
  bool left_alone = settings != nullptr && !settings->live;
  if (why.reason == StayReason::none && left_alone) why = {StayReason::left_alone, settings->name};
  if (why.reason == StayReason::none) why = why_code(function, code);
  if (why.reason == StayReason::none) why = why_unknown(function, properties);
  if (why.reason == StayReason::none) why = why_role(function, properties);
  function.live = why.reason == StayReason::none;
  if (!function.live && function.inline_code) function.source.clear();
  function.why_not = std::move(why);
  return function;
}

base::Result<> FunctionReader::check_complete(const Function& function, const json::value& properties) const {
  if (codec::find(properties, "Fn::Transform") != nullptr || !expansions(node_.document.value).empty()) return {};
  for (const char* needed : {"Handler", "Runtime"}) {
    const auto* value = codec::find(properties, needed);
    if (value != nullptr && !value->is_null()) continue;
    return node_.error(pointer({"Resources", function.logical_id}),
                       fmt::format("function {} has no {}", function.logical_id, needed));
  }
  return {};
}

// What no setting can change.
WhyNot FunctionReader::why_never(const Function& function, const json::value& resource,
                                 const json::value& properties) const {
  if (!node_.absent_by.empty()) return {StayReason::condition_false, node_.absent_by};
  std::string condition = codec::find_string(resource, "Condition");
  if (node_.values->condition(condition) == false) return {StayReason::condition_false, condition};
  if (codec::find(properties, "Fn::Transform") != nullptr) return {StayReason::transform};
  if (auto found = reserved_.find(std::pair(&node_, function.logical_id)); found != reserved_.end()) {
    return {found->second};
  }
  if (is_cdk_helper(function.logical_id, function.construct_path, function.handler)) return {StayReason::cdk_helper};
  if (codec::find(properties, "DurableConfig") != nullptr) return {StayReason::durable};
  if (codec::find(properties, "CapacityProviderConfig") != nullptr) return {StayReason::managed_instances};
  if (trusts_edge(codec::find(properties, "AssumeRolePolicyDocument"))) return {StayReason::edge};
  return {};
}

WhyNot FunctionReader::why_code(const Function& function, const Code& code) const {
  switch (code.place) {
    case Code::Place::image:
      return {StayReason::image};
    case Code::Place::inline_:
      if (function.runtime.empty()) return {StayReason::runtime_unknown};
      if (function.inline_code) return {};
      return {StayReason::inline_code,
              is_inline_language(function) ? unknown_text(*code.text) : "Lambda takes that of Node.js and Python only"};
    case Code::Place::s3:
      return {StayReason::code_in_s3};
    case Code::Place::unknown:
      return {StayReason::code_unknown};
    case Code::Place::local:
      break;
  }
  return is_archive(function.source) ? WhyNot{StayReason::archive, function.source} : WhyNot{};
}

WhyNot FunctionReader::why_unknown(Function& function, const json::value& properties) const {
  if (function.handler.empty()) return {StayReason::handler_unknown};
  if (function.runtime.empty()) return {StayReason::runtime_unknown};
  if (auto why = why_not_here(function); !why.empty()) return {StayReason::runtime_not_here, why};
  if (!read_architecture(function, properties)) return {StayReason::architecture_unknown};
  return {};
}

// Empty if its runtime can run on this machine.
std::string FunctionReader::why_not_here(const Function& function) const {
  std::string unknown = fmt::format("livelambda does not run {} yet", function.runtime);
  if (options_.languages.empty()) return unknown;
  if (!function.run_command.empty()) return {};
  if (std::ranges::find(options_.languages, language_of(function.runtime)) != options_.languages.end()) return {};
  if (!options_.why_no_program) return unknown;
  return options_.why_no_program(function, fs::path(node_.file).parent_path() / function.source);
}

WhyNot FunctionReader::why_role(Function& function, const json::value& properties) const {
  const auto* role = chosen(properties, "Role");
  if (role == nullptr) return function.serverless ? WhyNot{} : WhyNot{StayReason::no_role};
  if (auto roles = template_roles(node_.document.value, *role)) {
    for (const std::string& id : *roles) {
      if (trusts_edge(codec::find(*node_.resource(id), "Properties", "AssumeRolePolicyDocument")))
        return {StayReason::edge};
    }
    function.roles = std::move(*roles);
    return {};
  }
  auto arn = node_.values->pattern(*role);
  if (!arn || !is_role_arn(*arn)) return {StayReason::role_unknown, unknown_role(*role)};
  function.outside_role = std::move(*arn);
  return {};
}

// Who runs the function writes the text there (session/inline_code.h).
void FunctionReader::read_inline(const json::value& text, Function& function) const {
  if (!is_inline_language(function)) return;
  function.inline_code = node_.values->text(text);
  if (!function.inline_code) return;
  fs::path folder = fs::path(options_.folder) / ".livelambda/inline" / options_.name / node_.id / function.logical_id;
  function.source = seen_from_template(folder);
}

// What of a text is not known, for its reason.
std::string FunctionReader::unknown_text(const json::value& text) const {
  for (const std::string& name : attributes_in(text)) {
    if (!node_.values->text(json::object{{"Ref", name}}))
      return fmt::format("{} in it is known only after deployment", name);
  }
  return "it is put together from what is known only after deployment";
}

// What a role that is not known comes from, for its reason.
std::string FunctionReader::unknown_role(const json::value& role) const {
  if (auto text = node_.values->pattern(role)) return fmt::format("{} is no ARN of a role", *text);
  if (is_intrinsic(role) && role.get_object().begin()->key() == "Fn::ImportValue")
    return "it is another stack's export";
  auto names = references_in(role);
  if (names.size() != 1) return "it is put together by the template";
  const std::string& name = *names.begin();
  if (const auto* given = node_.given(name)) {
    for (const std::string& in_parent : references_in(*given)) {
      const auto* resource = node_.parent->resource(in_parent);
      if (resource != nullptr && codec::find_string(*resource, "Type") == "AWS::IAM::Role") {
        return fmt::format("parameter {} is {}, a role of the stack that this one is nested in", name, in_parent);
      }
    }
  }
  if (codec::find(node_.document.value, "Parameters", name) != nullptr) {
    return fmt::format("parameter {} has no value that is known here", name);
  }
  return fmt::format("it is made of {}", name);
}

bool FunctionReader::read_architecture(Function& function, const json::value& properties) const {
  const auto* list = chosen(properties, "Architectures");
  if (list == nullptr) return true;
  const auto* architectures = list->if_array();
  if (architectures == nullptr || architectures->empty()) return false;
  const auto* last = node_.values->chosen(&architectures->back());  // after a merge the function's own comes last
  auto name = last == nullptr ? std::nullopt : node_.values->text(*last);
  if (!name || (*name != "x86_64" && *name != "arm64")) return false;
  function.architecture = *name == "arm64" ? Architecture::arm64 : Architecture::x86_64;
  return true;
}

FunctionReader::Code FunctionReader::code_of(const Function& function, const json::value& resource,
                                             const json::value& properties) const {
  // CDK says what an asset is made of beside the place in S3 that it will have.
  if (std::string asset = asset_path(resource, "Code"); !asset.empty())
    return {.place = Code::Place::local, .path = asset, .is_asset = true};
  return function.serverless ? serverless_code(properties) : lambda_code(properties);
}

FunctionReader::Code FunctionReader::serverless_code(const json::value& properties) const {
  if (text_of(properties, "PackageType") == "Image" || chosen(properties, "ImageUri") != nullptr)
    return {.place = Code::Place::image};
  if (const auto* text = chosen(properties, "InlineCode")) return {.place = Code::Place::inline_, .text = text};
  return located_code(codec::find(properties, "CodeUri"));
}

FunctionReader::Code FunctionReader::lambda_code(const json::value& properties) const {
  const auto* code = codec::find(properties, "Code");
  if (text_of(properties, "PackageType") == "Image") return {.place = Code::Place::image};
  if (const auto* taken = node_.values->chosen(code); taken != nullptr && taken->is_object()) {
    if (chosen(*taken, "ImageUri") != nullptr) return {.place = Code::Place::image};
    if (const auto* text = chosen(*taken, "ZipFile")) return {.place = Code::Place::inline_, .text = text};
  }
  return located_code(code);
}

// A missing property means the template's own folder, as for `sam package` and `aws cloudformation package`.
FunctionReader::Code FunctionReader::located_code(const json::value* place) const {
  if (place == nullptr || place->is_null()) return {.place = Code::Place::local, .path = "."};
  const auto* taken = node_.values->chosen(place);
  if (taken == nullptr) return {.place = Code::Place::local, .path = "."};
  if (taken->is_object() && !is_intrinsic(*taken)) return {.place = Code::Place::s3};
  auto text = node_.values->text(*taken);
  if (!text || text->empty()) return {.place = Code::Place::unknown};
  return is_local_path(*text) ? Code{.place = Code::Place::local, .path = *text} : Code{.place = Code::Place::s3};
}

const FunctionSettings* FunctionReader::settings_of(const Function& function) const {
  std::string path = node_.id.empty() ? function.logical_id : node_.id + "/" + function.logical_id;
  const FunctionSettings* found = nullptr;
  for (const FunctionSettings& settings : options_.functions) {
    if (!is_meant(settings, path, function.construct_path)) continue;
    if (found == nullptr || settings.name.find('*') == std::string::npos) found = &settings;  // a name beats a pattern
  }
  return found;
}

void FunctionReader::apply(const FunctionSettings& settings, const json::value& properties, Function& function,
                           Code& code) const {
  function.build_command = settings.build;
  function.run_command = settings.run;
  if (code.place == Code::Place::image) {
    // CloudFormation replaces a function whose package type changes: one that has a name of its own it could not.
    if (settings.run.empty() || codec::find(properties, "FunctionName") != nullptr) return;
    function.image = true;
    function.runtime = "provided.al2023";
    function.handler = "bootstrap";
    code = {.place = Code::Place::local, .path = "."};
  }
  if (settings.source.empty()) return;
  code = {.place = Code::Place::local, .path = seen_from_template(fs::path(options_.folder) / settings.source)};
}

std::string FunctionReader::seen_from_template(const fs::path& path) const {
  fs::path base = fs::path(node_.file).parent_path();
  return path.lexically_normal().lexically_relative(base.empty() ? "." : base).string();
}

void FunctionReader::read_build(const json::value& resource, Function& function) const {
  const auto* metadata = codec::find(resource, "Metadata");
  if (metadata == nullptr) return;
  function.build_method = text_of(*metadata, "BuildMethod");
  const auto* properties = codec::find(*metadata, "BuildProperties");
  if (properties != nullptr && properties->is_object()) function.build_properties = properties->get_object();
}

// esbuild's EntryPoints are relative to the source: the one that the handler names, else the first.
void FunctionReader::read_entry(Function& function) const {
  if (!function.entry.empty() || function.build_method != "esbuild" || function.source.empty()) return;
  const auto* points = function.build_properties.if_contains("EntryPoints");
  if (points == nullptr || !points->is_array()) return;
  std::string module = function.handler.substr(0, function.handler.rfind('.'));
  for (const auto& point : points->get_array()) {
    auto text = node_.values->text(point);
    if (!text) continue;
    fs::path entry = fs::path(function.source) / *text;
    bool is_named = fs::path(*text).replace_extension().lexically_normal() == fs::path(module).lexically_normal();
    if (is_named || function.entry.empty()) function.entry = normal_path(entry.string());
    if (is_named) return;
  }
}

const json::value* FunctionReader::chosen(const json::value& properties, std::string_view name) const {
  return node_.values->chosen(codec::find(properties, name));
}

std::string FunctionReader::text_of(const json::value& properties, std::string_view name) const {
  const auto* value = chosen(properties, name);
  return value == nullptr ? std::string() : node_.values->text(*value).value_or("");
}

}  // namespace app
