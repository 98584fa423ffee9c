#include "app/layers.h"

#include <filesystem>

#include "app/artifacts.h"
#include "app/cdk_metadata.h"
#include "app/references.h"

namespace app {
namespace {

namespace fs = std::filesystem;
namespace json = codec::json;

// Content or ContentUri of a layer version as a path, as it is written; "" if it is in S3 or unknown.
std::string content_path(const TemplateNode& node, const json::value& resource, bool serverless) {
  const char* property = serverless ? "ContentUri" : "Content";
  if (std::string asset = asset_path(resource, property); !asset.empty()) return asset;
  const auto* content = node.values->chosen(codec::find(resource, "Properties", property));
  auto text = content == nullptr ? std::nullopt : node.values->text(*content);
  return text && !text->empty() && is_local_path(*text) ? *text : std::string();
}

// A path of one template as another one would write it.
std::string as_seen_from(const TemplateNode& seer, const TemplateNode& node, const std::string& path) {
  if (&seer == &node || fs::path(path).is_absolute()) return normal_path(path);
  auto folder = [](const TemplateNode& of) { return fs::path("." / fs::path(of.file).parent_path()); };
  return normal_path(
      (folder(node) / path).lexically_normal().lexically_relative(folder(seer).lexically_normal()).string());
}

// The resource or parameter that a value is, by Ref; of an Fn::If whose condition is not known, the one that it names.
std::string single_reference(const json::value& value) {
  auto references = references_in(value);
  std::erase_if(references, [](const std::string& name) { return name.starts_with("AWS::"); });
  return references.size() == 1 ? *references.begin() : std::string();
}

Layer read_layer(const TemplateNode& seer, const TemplateNode& node, const json::value& value) {
  const std::string id = single_reference(value);
  if (const auto* resource = id.empty() ? nullptr : node.resource(id)) {
    const std::string type = codec::find_string(*resource, "Type");
    const bool serverless = type == "AWS::Serverless::LayerVersion";
    if (!serverless && type != "AWS::Lambda::LayerVersion") return {.name = id};
    const std::string path = content_path(node, *resource, serverless);
    return {.name = node.id.empty() ? id : node.id + "/" + id,
            .source = path.empty() ? path : as_seen_from(seer, node, path)};
  }
  if (const auto* given = id.empty() ? nullptr : node.given(id)) return read_layer(seer, *node.parent, *given);
  auto text = node.values->pattern(value);
  if (text && text->starts_with("arn:")) return {.name = *text, .arn = *text};
  return {.name = text.value_or(id.empty() ? codec::to_text(value) : id)};
}

}  // namespace

std::vector<Layer> read_layers(const TemplateNode& node, const json::value& layers) {
  std::vector<Layer> found;
  const auto* list = node.values->chosen(&layers);
  if (list == nullptr || !list->is_array()) return found;
  for (const auto& element : list->get_array()) {
    if (const auto* chosen = node.values->chosen(&element)) found.push_back(read_layer(node, node, *chosen));
  }
  return found;
}

}  // namespace app
