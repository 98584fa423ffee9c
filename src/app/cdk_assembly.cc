#include "app/cdk_assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

class ManifestReader {
 public:
  explicit ManifestReader(const ReadFile& read_file) : read_file_(read_file) {}

  base::Result<> read(const std::string& folder) {
    std::string file = folder + "/manifest.json";
    auto text = read_file_(file);
    if (!text) return error(file, "the CDK app was synthesised to no cloud assembly: it has no manifest.json");
    auto manifest = codec::parse_json(*text);
    if (!manifest) return error(file, manifest.error().message);
    const auto* artifacts = codec::find(*manifest, "artifacts");
    if (artifacts == nullptr || !artifacts->is_object()) return error(file, "the manifest has no artifacts");
    for (const auto& [id, artifact] : artifacts->get_object()) {
      std::string type = codec::find_string(artifact, "type");
      if (type == "aws:cloudformation:stack") read_stack(folder, artifacts->get_object(), id, artifact);
      if (type != "cdk:cloud-assembly") continue;
      TRY(read(fmt::format("{}/{}", folder, codec::find_string(artifact, "properties", "directoryName"))));
    }
    return {};
  }

  std::vector<CdkArtifact> take_in_order() {
    std::vector<CdkArtifact> ordered;
    for (const CdkArtifact& artifact : found_) place(artifact, ordered);
    return ordered;
  }

 private:
  static tl::unexpected<base::Error> error(const std::string& file, std::string message) {
    return base::fail(base::Error{.kind = base::ErrorKind::invalid_input, .message = std::move(message), .file = file});
  }

  void read_stack(const std::string& folder, const json::object& artifacts, std::string_view id,
                  const json::value& artifact) {
    auto or_id = [id](std::string text) { return text.empty() ? std::string(id) : text; };
    CdkArtifact stack{.id = std::string(id),
                      .selector = or_id(codec::find_string(artifact, "displayName")),
                      .name = or_id(codec::find_string(artifact, "properties", "stackName")),
                      .folder = folder,
                      .template_file = codec::find_string(artifact, "properties", "templateFile")};
    read_environment(codec::find_string(artifact, "environment"), stack);
    const auto* tags = codec::find(artifact, "properties", "tags");
    if (tags != nullptr && tags->is_object()) {
      for (const auto& [key, value] : tags->get_object()) {
        if (value.is_string()) stack.tags[key] = value.get_string();
      }
    }
    const auto* dependencies = codec::find(artifact, "dependencies");
    if (dependencies != nullptr && dependencies->is_array()) {
      for (const auto& dependency : dependencies->get_array()) {
        const auto* other = dependency.is_string() ? artifacts.if_contains(dependency.get_string()) : nullptr;
        if (other == nullptr) continue;
        std::string type = codec::find_string(*other, "type");
        if (type == "aws:cloudformation:stack") stack.depends_on.emplace_back(dependency.get_string());
        if (type == "cdk:asset-manifest") stack.assets_file = codec::find_string(*other, "properties", "file");
      }
    }
    found_.push_back(std::move(stack));
  }

  // "aws://123456789012/eu-west-1", where either may be unknown.
  static void read_environment(std::string_view environment, CdkArtifact& stack) {
    constexpr std::string_view kScheme = "aws://";
    std::size_t slash = environment.find('/', kScheme.size());
    if (!environment.starts_with(kScheme) || slash == std::string_view::npos) return;
    stack.account = environment.substr(kScheme.size(), slash - kScheme.size());
    stack.region = environment.substr(slash + 1);
    if (stack.account == "unknown-account") stack.account.clear();
    if (stack.region == "unknown-region") stack.region.clear();
  }

  void place(const CdkArtifact& artifact, std::vector<CdkArtifact>& ordered) {
    if (!placed_.insert(artifact.id).second) return;
    for (const std::string& id : artifact.depends_on) {
      auto dependency = std::ranges::find(found_, id, &CdkArtifact::id);
      if (dependency != found_.end()) place(*dependency, ordered);
    }
    ordered.push_back(artifact);
  }

  const ReadFile& read_file_;
  std::vector<CdkArtifact> found_;
  std::set<std::string> placed_;
};

// What runtimes/cdk/hook.cjs writes into a function's Metadata; all "" if it wrote nothing.
struct Origin {
  std::string source;
  std::string entry;
  std::string build;
  json::object options;
};

// Takes it out of the function, and the paths that it led CDK to write.
Origin take_origin(json::value& function) {
  auto* object = function.if_object();
  auto* metadata = object == nullptr ? nullptr : object->if_contains("Metadata");
  if (metadata == nullptr || !metadata->is_object()) return {};
  Origin origin{.source = codec::find_string(*metadata, "livelambda:source"),
                .entry = codec::find_string(*metadata, "livelambda:entry"),
                .build = codec::find_string(*metadata, "livelambda:build"),
                .options = {}};
  const auto* options = codec::find(*metadata, "livelambda:options");
  if (options != nullptr && options->is_object()) origin.options = options->get_object();
  if (origin.source.empty()) return origin;
  json::object rest;
  for (const auto& [name, value] : metadata->get_object()) {
    if (!name.starts_with("livelambda:") && !name.starts_with("aws:asset:")) rest[name] = value;
  }
  *metadata = std::move(rest);
  return origin;
}

// "asset.<hash>" in the assembly, or "../asset.<hash>" seen from one nested in it: a copy, or a bundle.
bool is_copied_asset(const std::string& source) {
  std::filesystem::path path = source;
  return path.is_relative() && path.filename().string().starts_with("asset.");
}

class AppReader {
 public:
  AppReader(const std::vector<CdkArtifact>& artifacts, const ReadOptions& options)
      : artifacts_(artifacts), options_(options) {}

  base::Result<CdkAssembly> read() {
    TRY(auto stacks, read_stacks());
    for (const Stack& stack : stacks) find_called_exports(stack);
    if (!options_.called_exports.empty()) {
      TRY(stacks, read_stacks());
    }
    CdkAssembly app;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      finish(stacks[i], other_place(artifacts_[i]), app.deployed_code);
      app.stacks.push_back(std::move(stacks[i]));
    }
    return app;
  }

 private:
  base::Result<std::vector<Stack>> read_stacks() const {
    std::vector<Stack> stacks;
    for (const CdkArtifact& artifact : artifacts_) {
      ReadOptions options = options_;
      options.name = artifact.name;
      options.id = id_of(artifact.id);
      options.file = fmt::format("{}/{}", artifact.folder, artifact.template_file);
      if (!artifact.region.empty()) options.pseudo["AWS::Region"] = artifact.region;
      if (!artifact.account.empty()) options.pseudo["AWS::AccountId"] = artifact.account;
      auto text = options.read_file(options.file);
      if (!text) {
        return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                      .message = fmt::format("the template of {} is not there", artifact.id),
                                      .file = options.file});
      }
      TRY(auto stack, read_template(*text, options));
      if (artifact.region != session("AWS::Region")) stack.region = artifact.region;
      stack.tags = artifact.tags;
      for (const std::string& id : artifact.depends_on) stack.depends_on.push_back(id_of(id));
      stacks.push_back(std::move(stack));
    }
    return stacks;
  }

  std::string id_of(const std::string& artifact_id) const {
    return artifacts_.size() == 1 ? std::string() : artifact_id;
  }

  void find_called_exports(const Stack& stack) {
    options_.called_exports.merge(called_exports(stack.document.value));
    for (const Stack& nested : stack.nested) find_called_exports(nested);
  }

  std::string session(const std::string& pseudo) const {
    auto found = options_.pseudo.find(pseudo);
    return found == options_.pseudo.end() ? std::string() : found->second;
  }

  // The region, or the account, that keeps the stack's functions from this session; "" if it is the session's own.
  std::string other_place(const CdkArtifact& artifact) const {
    std::string region = session("AWS::Region");
    std::string account = session("AWS::AccountId");
    if (!artifact.region.empty() && !region.empty() && artifact.region != region) return artifact.region;
    if (!artifact.account.empty() && !account.empty() && artifact.account != account) return artifact.account;
    return {};
  }

  static void finish(Stack& stack, const std::string& other_place, std::set<std::string>& deployed_code) {
    auto& resources = stack.document.value.get_object()["Resources"].get_object();
    for (Function& function : stack.functions) {
      const Origin origin = take_origin(resources[function.logical_id]);
      finish(function, origin, other_place);
      if (!function.live && !origin.source.empty()) {
        deployed_code.insert(origin.entry.empty() ? origin.source : origin.entry);
      }
    }
    for (Stack& nested : stack.nested) {
      add_template(stack, nested);
      finish(nested, other_place, deployed_code);
    }
  }

  static void finish(Function& function, const Origin& origin, const std::string& other_place) {
    if (!origin.source.empty() && is_copied_asset(function.source)) function.source = origin.source;
    if (function.source == origin.source) {  // else livelambda.yaml names another
      if (origin.entry != origin.source) function.entry = origin.entry;
      function.build_method = origin.build;
      function.build_properties = origin.options;
    }
    if (!function.live) return;
    if (!other_place.empty()) {
      function.why_not = {StayReason::other_place, other_place};
    } else if (is_copied_asset(function.source)) {
      function.why_not = {StayReason::origin_unknown};
    }
    function.live = function.why_not.reason == StayReason::none;
  }

  // The rewrite puts nested templates where it puts all of livelambda's own: CDK would publish them as they were.
  static void add_template(Stack& parent, const Stack& nested) {
    std::string id = nested.id.substr(parent.id.empty() ? 0 : parent.id.size() + 1);
    std::string at = pointer({"Resources", id, "Properties", "TemplateURL"});
    parent.artifacts.push_back({.kind = LocalArtifact::Kind::template_,
                                .path = nested.template_file,
                                .logical_id = id,
                                .type = "AWS::CloudFormation::Stack",
                                .pointer = at,
                                .line = parent.document.line_of(at)});
  }

  const std::vector<CdkArtifact>& artifacts_;
  ReadOptions options_;
};

}  // namespace

base::Result<std::vector<CdkArtifact>> read_cdk_manifest(const std::string& folder, const ReadFile& read_file) {
  ManifestReader reader(read_file);
  TRY(reader.read(folder));
  return reader.take_in_order();
}

base::Result<CdkAssembly> read_cdk_assembly(const std::vector<CdkArtifact>& artifacts, const ReadOptions& options) {
  return AppReader(artifacts, options).read();
}

}  // namespace app
