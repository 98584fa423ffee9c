#include "app/serverless_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "app/references.h"
#include "app/template_tree.h"

namespace app {
namespace {

namespace json = codec::json;

constexpr std::string_view kDeployment = "ApiGatewayDeployment";

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The framework's own rule (getNormalizedFunctionName): "send-mail" → "SendDashmail".
std::string normalized_name(std::string_view key) {
  std::string name;
  for (char c : key) {
    if (c == '-') {
      name += "Dash";
    } else if (c == '_') {
      name += "Underscore";
    } else {
      name += c;
    }
  }
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// FNV-1a, 64 bits: names a state of an API, protects nothing.
std::uint64_t fingerprint(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

// "ApiGatewayDeployment1795446739105" is named after the time of day, so that each deployment deploys the API anew.
// Here it is named after the API's resources.
void name_deployments_by_content(std::string& template_text, const json::object& resources) {
  std::vector<std::string> deployments;
  std::string api;
  for (const auto& [id, resource] : resources) {
    std::string type = codec::find_string(resource, "Type");
    std::string_view name = id;
    if (type == "AWS::ApiGateway::Deployment" && name.starts_with(kDeployment) &&
        is_digits(name.substr(kDeployment.size()))) {
      deployments.emplace_back(name);
    }
    if (type.starts_with("AWS::ApiGateway::")) api += fmt::format("{}\n{}\n", name, codec::to_text(resource));
  }
  for (const std::string& id : deployments) replace_all(api, id, kDeployment);
  std::string stable = fmt::format("{}{:016x}", kDeployment, fingerprint(api));
  for (const std::string& id : deployments) replace_all(template_text, id, stable);
}

// The framework writes what its parts have made in the order in which they were ready.
void sort_keys(json::value& value) {
  if (auto* array = value.if_array()) {
    for (json::value& element : *array) sort_keys(element);
  } else if (auto* object = value.if_object()) {
    std::map<std::string_view, json::value*> members;
    for (auto& [key, member] : *object) members[key] = &member;
    json::object sorted;
    for (const auto& [key, member] : members) {
      sort_keys(*member);
      sorted[key] = *member;
    }
    *object = std::move(sorted);
  }
}

class ServerlessReader {
 public:
  ServerlessReader(const ServerlessPackage& package, bool built) : package_(package), built_(built) {}

  base::Result<ServerlessService> read(ReadOptions options) {
    TRY(state_, parse(package_.state_text, "serverless-state.json"));
    archives_ = codec::find_string(state_, "package", "artifactDirectoryName");
    std::size_t slash = archives_.rfind('/');
    std::string service = codec::find_string(state_, "service", "service");
    if (service.empty() || slash == std::string::npos)
      return error("serverless-state.json names no service or archive");
    archives_.resize(slash);  // without the time of day
    TRY(document_, stable_template());
    TRY(place_code());
    drop_layer_marks();
    options.name = stack_name(service);
    options.file = package_.service_file;
    if (built_) options.languages.clear();
    TRY(auto stack, read_template(codec::to_text(document_), options));
    stack.region = codec::find_string(state_, "service", "provider", "region");
    stack.tags = stack_tags();
    place_lines(stack);
    place_archives(stack);
    if (!built_) place_layers(stack);
    return ServerlessService{.name = std::move(service), .stack = std::move(stack)};
  }

 private:
  std::map<std::string, std::string> stack_tags() const {
    std::map<std::string, std::string> tags;
    const auto* written = codec::find(state_, "service", "provider", "stackTags");
    if (written == nullptr || !written->is_object()) return tags;
    for (const auto& [key, value] : written->get_object()) {
      tags[key] = value.is_string() ? std::string(value.get_string()) : codec::to_text(value);
    }
    return tags;
  }

  base::Result<json::value> stable_template() const {
    std::string text = package_.template_text;
    TRY(auto compiled, parse(text, "cloudformation-template-update-stack.json"));
    sort_keys(compiled);
    text = codec::to_text(compiled);
    const auto* resources = codec::find(compiled, "Resources");
    if (resources == nullptr || !resources->is_object()) return error("the compiled template has no Resources");
    name_deployments_by_content(text, resources->get_object());
    return parse(text, "cloudformation-template-update-stack.json");
  }

  // The archive that a Code or Content with an S3Key below the service's own prefix means, relative to the service's
  // folder.
  std::optional<std::string> archive_of(const json::value* code) const {
    if (code == nullptr) return std::nullopt;
    std::string key = codec::find_string(*code, "S3Key");
    if (!key.starts_with(archives_ + "/")) return std::nullopt;
    std::string name = key.substr(key.rfind('/') + 1);
    if (auto own = own_archives_.find(name); own != own_archives_.end()) return own->second;
    return fmt::format("{}/{}", package_.folder, name);
  }

  // An archive that a function or the service brings itself (`package.artifact`), relative to the service's folder; ""
  // if the framework makes it.
  std::string own_archive(const json::value& function) const {
    std::string artifact = codec::find_string(function, "package", "artifact");
    const auto* individually = codec::find(function, "package", "individually");
    if (artifact.empty() && (individually == nullptr || *individually != true)) {
      artifact = codec::find_string(state_, "service", "initialServerlessConfig", "package", "artifact");
    }
    std::string folder = package_.service_file.substr(0, package_.service_file.rfind('/') + 1);
    if (artifact.starts_with(folder)) artifact.erase(0, folder.size());
    if (artifact.starts_with("./")) artifact.erase(0, 2);
    return artifact.starts_with(".serverless/") || artifact.starts_with("s3://") ? std::string() : artifact;
  }

  base::Result<> place_code() {
    std::map<std::string, const json::value*> configs;  // by logical id
    if (const auto* functions = codec::find(state_, "service", "functions"); functions && functions->is_object()) {
      for (const auto& [key, config] : functions->get_object()) {
        std::string id = normalized_name(key) + "LambdaFunction";
        keys_[id] = key;
        configs[id] = &config;
        std::string own = own_archive(config);
        if (!own.empty()) own_archives_[own.substr(own.rfind('/') + 1)] = own;
      }
    }
    for (auto& [id, resource] : document_.at("Resources").get_object()) {
      std::string type = codec::find_string(resource, "Type");
      if (type != "AWS::Lambda::Function" && type != "AWS::Lambda::LayerVersion") continue;
      std::string_view property = type == "AWS::Lambda::Function" ? "Code" : "Content";
      auto archive = archive_of(codec::find(resource, "Properties", property));
      if (!archive) continue;
      auto config = configs.find(std::string(id));
      bool from_source = config != configs.end() && !built_ && own_archive(*config->second).empty();
      std::string path = *archive;
      if (from_source) {
        built_archives_[std::string(id)] = *archive;
        std::string module = codec::find_string(*config->second, "module");  // of serverless-python-requirements
        path = module.empty() ? "." : module;
      }
      resource.get_object()["Properties"].get_object()[property] = path;
    }
    return {};
  }

  // What `serverless deploy` compares to spare the upload of a layer. With these stacks the archive is not where it
  // would look for it.
  void drop_layer_marks() {
    auto* outputs = document_.get_object().if_contains("Outputs");
    if (outputs == nullptr || !outputs->is_object()) return;
    std::vector<std::string> marks;
    for (const auto& [name, output] : outputs->get_object()) {
      std::string_view text = name;
      if (text.ends_with("LambdaLayerHash") || text.ends_with("LambdaLayerS3Key")) marks.emplace_back(text);
    }
    for (const std::string& name : marks) outputs->get_object().erase(name);
    if (outputs->get_object().empty()) document_.get_object().erase("Outputs");
  }

  std::string stack_name(const std::string& service) const {
    std::string own = codec::find_string(state_, "service", "provider", "stackName");
    return own.empty() ? fmt::format("{}-{}", service, codec::find_string(state_, "service", "provider", "stage"))
                       : own;
  }

  // Lines of the compiled template say nothing to the user; those of functions in serverless.yml do.
  void place_lines(Stack& stack) const {
    stack.document.lines.clear();
    auto service = codec::parse_yaml(package_.service_text);
    for (Function& function : stack.functions) {
      auto key = keys_.find(function.logical_id);
      function.line = !service || key == keys_.end() ? 0 : service->line_of(pointer({"functions", key->second}));
    }
    for (LocalArtifact& artifact : stack.artifacts) artifact.line = 0;
  }

  // A function that is read from its source and is not live goes to AWS as the framework packaged it.
  void place_archives(Stack& stack) const {
    for (LocalArtifact& artifact : stack.artifacts) {
      auto archive = built_archives_.find(artifact.logical_id);
      if (archive != built_archives_.end()) artifact.path = archive->second;
    }
  }

  // A layer that the framework packages from a folder lies in it, for functions that are live.
  void place_layers(Stack& stack) const {
    const auto* layers = codec::find(state_, "service", "layers");
    if (layers == nullptr || !layers->is_object()) return;
    std::map<std::string, std::string> folders;  // by logical id
    for (const auto& [key, config] : layers->get_object()) {
      std::string path = codec::find_string(config, "path");
      if (!path.empty()) folders[normalized_name(key) + "LambdaLayer"] = normal_path(path);
    }
    for (Function& function : stack.functions) {
      for (Layer& layer : function.layers) {
        if (auto folder = folders.find(layer.name); folder != folders.end()) layer.source = folder->second;
      }
    }
  }

  base::Result<json::value> parse(std::string_view text, std::string_view name) const {
    auto value = codec::parse_json(text);
    if (!value) return error(fmt::format("{}: {}", name, value.error().message));
    if (!value->is_object()) return error(fmt::format("{} is no object", name));
    return value;
  }

  tl::unexpected<base::Error> error(std::string message) const {
    return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                  .message = std::move(message),
                                  .hint = "Look at what `serverless package` says of this service.",
                                  .file = package_.service_file});
  }

  const ServerlessPackage& package_;
  const bool built_;
  json::value state_;
  json::value document_;
  std::string archives_;                               // "serverless/orders/dev": prefix of the archives' keys in S3
  std::map<std::string, std::string> keys_;            // logical id → key in serverless.yml
  std::map<std::string, std::string> own_archives_;    // file name → path, of `package.artifact`
  std::map<std::string, std::string> built_archives_;  // logical id → archive that the framework made
};

}  // namespace

base::Result<ServerlessService> read_serverless(const ServerlessPackage& package, ReadOptions options, bool built) {
  return ServerlessReader(package, built).read(std::move(options));
}

base::Result<std::string> with_stack_tags(std::string_view state_text, const std::map<std::string, std::string>& tags) {
  TRY(auto state, codec::parse_json(state_text));
  const auto* provider = codec::find(state, "service", "provider");
  if (provider == nullptr || !provider->is_object()) {
    return base::fail(base::ErrorKind::invalid_input, "serverless-state.json has no provider");
  }
  auto& members = state.get_object()["service"].get_object()["provider"].get_object();
  json::value& own = members["stackTags"];
  if (!own.is_object()) own.emplace_object();
  for (const auto& [key, value] : tags) own.get_object()[key] = value;
  return codec::to_text(state);
}

}  // namespace app
