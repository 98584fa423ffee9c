#include "project/cdk_copy.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

#include "os/files.h"
#include "project/digest.h"

namespace project {
namespace {

namespace fs = std::filesystem;
namespace json = codec::json;

void replace(json::value& text, std::string_view from, std::string_view to) {
  if (!text.is_string()) return;
  std::string changed(text.get_string());
  if (std::size_t at = changed.find(from); at != std::string::npos) changed.replace(at, from.size(), to);
  text = changed;
}

json::value* find(json::value& value, std::initializer_list<std::string_view> keys) {
  json::value* at = &value;
  for (std::string_view key : keys) {
    auto* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

// What of a stack and its nested ones is deployed from CDK's own bucket: without the code of live functions, and
// without the places of nested templates.
std::string remaining_text(const app::Stack& stack) {
  json::value document = stack.document.value;
  auto erase = [&document](const std::string& id, std::string_view property) {
    auto* properties = find(document, {"Resources", id, "Properties"});
    if (properties != nullptr && properties->is_object()) properties->get_object().erase(property);
  };
  for (const app::Function& function : stack.functions) {
    if (function.live) erase(function.logical_id, "Code");
  }
  for (const app::LocalArtifact& artifact : stack.artifacts) {
    if (artifact.kind == app::LocalArtifact::Kind::template_) erase(artifact.logical_id, "TemplateURL");
  }
  std::string text = codec::to_text(document);
  for (const app::Stack& nested : stack.nested) text += remaining_text(nested);
  return text;
}

std::string whole_text(const app::Stack& stack) {
  std::string text = codec::to_text(stack.document.value);
  for (const app::Stack& nested : stack.nested) text += whole_text(nested);
  return text;
}

// Where an asset is published to, which templates name: its keys in S3.
bool is_named(const json::value& asset, const std::string& text) {
  const auto* destinations = codec::find(asset, "destinations");
  if (destinations == nullptr || !destinations->is_object()) return false;
  for (const auto& [name, destination] : destinations->get_object()) {
    std::string key = codec::find_string(destination, "objectKey");
    if (!key.empty() && text.find(key) != std::string::npos) return true;
  }
  return false;
}

void make_absolute(json::value* path, const std::string& folder) {
  if (path == nullptr || !path->is_string()) return;
  fs::path text(std::string_view(path->get_string()));
  if (text.is_relative()) *path = (fs::path(folder) / text).string();
}

void make_paths_absolute(json::value& assets, const std::string& folder) {
  if (auto* files = find(assets, {"files"}); files != nullptr && files->is_object()) {
    for (auto& [hash, asset] : files->get_object()) {
      bool is_template = codec::find_string(asset, "source", "path").ends_with(".template.json");
      if (!is_template) make_absolute(find(asset, {"source", "path"}), folder);
    }
  }
  if (auto* images = find(assets, {"dockerImages"}); images != nullptr && images->is_object()) {
    for (auto& [hash, asset] : images->get_object()) make_absolute(find(asset, {"source", "directory"}), folder);
  }
}

// The new template under its own hash, and no asset that is not used any more.
json::value changed_assets(json::value assets, const app::Stack& stack, const std::string& old_hash,
                           const std::string& new_hash) {
  auto* files = find(assets, {"files"});
  if (files == nullptr || !files->is_object()) return assets;
  const std::string whole = whole_text(stack);
  const std::string remaining = remaining_text(stack);
  json::object changed;
  for (auto& [hash, asset] : files->get_object()) {
    if (hash != old_hash) {
      if (!is_named(asset, whole) || is_named(asset, remaining)) changed[hash] = asset;
      continue;
    }
    if (auto* destinations = find(asset, {"destinations"}); destinations != nullptr && destinations->is_object()) {
      for (auto& [name, destination] : destinations->get_object()) {
        if (auto* key = find(destination, {"objectKey"})) replace(*key, old_hash, new_hash);
      }
    }
    changed[new_hash] = asset;
  }
  *files = std::move(changed);
  return assets;
}

std::string hash_of(const json::value& assets, const std::string& template_file) {
  const auto* files = codec::find(assets, "files");
  if (files == nullptr || !files->is_object()) return {};
  for (const auto& [hash, asset] : files->get_object()) {
    if (codec::find_string(asset, "source", "path") == template_file) return std::string(hash);
  }
  return {};
}

class Copy {
 public:
  Copy(std::string from, std::string to, const std::map<std::string, CdkChange>& changes)
      : from_(std::move(from)), to_(std::move(to)), changes_(changes) {}

  base::Result<> make(const std::string& name) {
    std::string folder = (fs::path(from_) / name).string();
    std::string copy = (fs::path(to_) / name).string();
    TRY(os::make_directories(copy));
    TRY(copy_files(folder, copy));
    TRY(auto manifest, read(copy + "/manifest.json"));
    auto* artifacts = find(manifest, {"artifacts"});
    if (artifacts == nullptr || !artifacts->is_object()) return {};
    for (auto& [id, artifact] : artifacts->get_object()) {
      std::string type = codec::find_string(artifact, "type");
      if (type == "cdk:cloud-assembly") {
        TRY(make((fs::path(name) / codec::find_string(artifact, "properties", "directoryName")).string()));
      } else if (type == "cdk:asset-manifest") {
        TRY(change_assets(folder, copy, codec::find_string(artifact, "properties", "file")));
      }
    }
    for (auto& [id, artifact] : artifacts->get_object()) {
      auto change = changes_.find(std::string(id));
      if (change != changes_.end()) TRY(change_stack(copy, artifact, artifacts->get_object(), change->second));
    }
    return os::write_file(copy + "/manifest.json", codec::to_text(manifest));
  }

 private:
  static base::Result<json::value> read(const std::string& file) {
    TRY(auto text, os::read_file(file));
    auto value = codec::parse_json(text);
    if (value) return value;
    base::Error error = value.error();
    error.file = file;
    return base::fail(std::move(error));
  }

  static base::Result<> copy_files(const std::string& folder, const std::string& copy) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; at != end && !error; at.increment(error)) {
      std::string name = at->path().filename().string();
      bool is_asset = name.starts_with("asset.");
      if (is_asset || !at->is_regular_file(error)) continue;
      fs::copy_file(at->path(), fs::path(copy) / name, fs::copy_options::overwrite_existing, error);
    }
    if (error) return base::fail(base::ErrorKind::local_resource, fmt::format("{}: {}", folder, error.message()));
    return {};
  }

  static base::Result<> change_assets(const std::string& folder, const std::string& copy, const std::string& file) {
    TRY(auto assets, read(fmt::format("{}/{}", copy, file)));
    make_paths_absolute(assets, folder);
    return os::write_file(fmt::format("{}/{}", copy, file), codec::to_text(assets));
  }

  static base::Result<> change_stack(const std::string& copy, json::value& artifact, const json::object& artifacts,
                                     const CdkChange& change) {
    auto* properties = find(artifact, {"properties"});
    if (properties == nullptr || !properties->is_object()) return {};
    auto& tags = properties->get_object()["tags"];
    if (!tags.is_object()) tags.emplace_object();
    for (const auto& [name, value] : change.tags) tags.get_object()[name] = value;
    if (!change.template_text) return {};
    std::string template_file = codec::find_string(*properties, "templateFile");
    TRY(os::write_file(fmt::format("{}/{}", copy, template_file), *change.template_text));
    return publish(copy, artifact, artifacts, change, template_file);
  }

  // The stack's assets, of which its template is one.
  static base::Result<> publish(const std::string& copy, json::value& artifact, const json::object& artifacts,
                                const CdkChange& change, const std::string& template_file) {
    std::string hash = sha256_hex(*change.template_text);
    const auto* dependencies = codec::find(artifact, "dependencies");
    if (dependencies == nullptr || !dependencies->is_array()) return {};
    for (const auto& dependency : dependencies->get_array()) {
      const auto* other = dependency.is_string() ? artifacts.if_contains(dependency.get_string()) : nullptr;
      if (other == nullptr || codec::find_string(*other, "type") != "cdk:asset-manifest") continue;
      std::string file = fmt::format("{}/{}", copy, codec::find_string(*other, "properties", "file"));
      TRY(auto assets, read(file));
      std::string old = hash_of(assets, template_file);
      TRY(os::write_file(file, codec::to_text(changed_assets(std::move(assets), *change.stack, old, hash))));
      auto* url = find(artifact, {"properties", "stackTemplateAssetObjectUrl"});
      if (url != nullptr && !old.empty()) replace(*url, old, hash);
    }
    return {};
  }

  const std::string from_;
  const std::string to_;
  const std::map<std::string, CdkChange>& changes_;
};

}  // namespace

base::Result<> copy_cdk_assembly(const std::string& from, const std::string& to,
                                 const std::map<std::string, CdkChange>& changes) {
  os::remove_all(to);
  return Copy(from, to, changes).make("");
}

}  // namespace project
