#include "app/template_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/artifacts.h"
#include "app/cdk_metadata.h"
#include "app/for_each.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;
namespace fs = std::filesystem;

// Deeper than any application that is meant: what goes on beyond is a circle by other names.
constexpr int kDeepestNesting = 16;

// The property with the nested template of a resource; "" if it is no nested stack.
std::string_view template_property(const json::value& resource) {
  std::string type = codec::find_string(resource, "Type");
  if (type == "AWS::CloudFormation::Stack") return "TemplateURL";
  return type == "AWS::Serverless::Application" ? "Location" : "";
}

base::Result<codec::Document> parse_template(std::string_view text, const std::string& file) {
  auto document = codec::parse_yaml(text);
  base::Error error{.kind = base::ErrorKind::invalid_input, .message = {}, .file = file, .line = 1};
  if (!document) {
    error.message = document.error().message;
    error.line = document.error().line;
    return base::fail(std::move(error));
  }
  if (!document->value.is_object()) {
    error.message = document->value.is_null() ? "the template is empty" : "the template is not a mapping of sections";
    return base::fail(std::move(error));
  }
  const auto* resources = codec::find(document->value, "Resources");
  if (resources == nullptr || !resources->is_object() || resources->get_object().empty()) {
    error.message = "the template has no Resources";
    error.line = std::max(1, document->line_of("/Resources"));
    return base::fail(std::move(error));
  }
  return document;
}

class Loader {
 public:
  explicit Loader(const ReadOptions& options) : options_(options) {}

  base::Result<std::unique_ptr<TemplateNode>> load_root(std::string_view text) {
    auto root = std::make_unique<TemplateNode>(TemplateNode{.file = options_.file, .id = options_.id});
    KnownValues::Given given;
    for (const auto& [name, value] : options_.parameters) given[name] = value;
    auto pseudo = options_.pseudo;
    if (!options_.name.empty()) pseudo.try_emplace("AWS::StackName", options_.name);
    TRY(fill(*root, text, given, pseudo, 1));
    return root;
  }

 private:
  base::Result<> fill(TemplateNode& node, std::string_view text, const KnownValues::Given& given,
                      const std::map<std::string, std::string>& pseudo, int depth) {
    TRY(node.document, parse_template(text, node.file));
    node.values.emplace(node.document.value, given, pseudo);
    if (auto expanded = expand_loops(node.document, *node.values)) {
      node.document = std::move(*expanded);
      node.values.emplace(node.document.value, given, pseudo);
    }
    for (const auto& [id, resource] : node.resources()) {
      std::string_view property = template_property(resource);
      if (!property.empty() && options_.read_file) TRY(load_nested(node, id, resource, property, depth));
    }
    return {};
  }

  base::Result<> load_nested(TemplateNode& parent, std::string_view id, const json::value& resource,
                             std::string_view property, int depth) {
    std::string path = asset_path(resource, property);
    if (path.empty()) path = local_template(codec::find(resource, "Properties", property));
    if (path.empty()) return {};
    std::string at = pointer({"Resources", id, "Properties", property});
    auto child = std::make_unique<TemplateNode>(TemplateNode{.file = path_beside(parent.file, path),
                                                             .id = join_id(parent.id, id),
                                                             .absent_by = absent_by(parent, resource),
                                                             .parent = &parent,
                                                             .logical_id = std::string(id)});
    for (const TemplateNode* above = &parent; above != nullptr; above = above->parent) {
      if (above->file != child->file) continue;
      return parent.error(at, fmt::format("{} nests {}, which it is part of itself", id, path));
    }
    if (depth == kDeepestNesting) {
      return parent.error(at, fmt::format("{} is nested more than {} templates deep", id, kDeepestNesting));
    }
    auto text = options_.read_file(child->file);
    if (!text) {
      return parent.error(at, fmt::format("the template of {}, {}, is not there", id, path),
                          "Build it, or mend the path.");
    }
    auto pseudo = options_.pseudo;
    pseudo.erase("AWS::StackName");  // CloudFormation names it
    TRY(fill(*child, *text, handed_down(parent, resource), pseudo, depth + 1));
    parent.nested.push_back(std::move(child));
    return {};
  }

  // Only what stands there literally, as for `aws cloudformation package`.
  static std::string local_template(const json::value* place) {
    bool is_local = place != nullptr && place->is_string() && is_local_path(place->get_string());
    return is_local ? std::string(place->get_string()) : std::string();
  }

  static std::string join_id(const std::string& parent, std::string_view id) {
    return parent.empty() ? std::string(id) : fmt::format("{}/{}", parent, id);
  }

  static std::string absent_by(const TemplateNode& parent, const json::value& resource) {
    std::string condition = codec::find_string(resource, "Condition");
    if (parent.absent_by.empty() && parent.values->condition(condition) == false) return condition;
    return parent.absent_by;
  }

  static KnownValues::Given handed_down(const TemplateNode& parent, const json::value& resource) {
    KnownValues::Given given;
    const auto* parameters = codec::find(resource, "Properties", "Parameters");
    if (parameters == nullptr || !parameters->is_object()) return given;
    for (const auto& [name, value] : parameters->get_object()) {
      const auto* chosen = parent.values->chosen(&value);
      if (chosen != nullptr) given[name] = parent.values->parameter(*chosen);
    }
    return given;
  }

  const ReadOptions& options_;
};

}  // namespace

const json::object& TemplateNode::resources() const {
  return document.value.get_object().at("Resources").get_object();
}

const json::value* TemplateNode::resource(std::string_view name) const {
  return resources().if_contains(name);
}

const TemplateNode* TemplateNode::child(std::string_view name) const {
  auto found = std::ranges::find_if(nested, [name](const auto& node) { return node->logical_id == name; });
  return found == nested.end() ? nullptr : found->get();
}

const json::value* TemplateNode::given(std::string_view parameter) const {
  if (parent == nullptr) return nullptr;
  return codec::find(*parent->resource(logical_id), "Properties", "Parameters", parameter);
}

tl::unexpected<base::Error> TemplateNode::error(std::string_view pointer, std::string message, std::string hint) const {
  return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                .message = std::move(message),
                                .hint = std::move(hint),
                                .file = file,
                                .line = document.line_of(pointer)});
}

base::Result<std::unique_ptr<TemplateNode>> load_templates(std::string_view text, const ReadOptions& options) {
  return Loader(options).load_root(text);
}

std::string normal_path(std::string_view text) {
  std::string path = fs::path(text).lexically_normal().generic_string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.empty() ? "." : path;
}

std::string path_beside(std::string_view template_file, std::string_view path) {
  return normal_path((fs::path(template_file).parent_path() / fs::path(path)).string());
}

}  // namespace app
