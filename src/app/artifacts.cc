#include "app/artifacts.h"

#include <fmt/format.h>

#include <span>

#include "app/for_each.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;
using Kind = LocalArtifact::Kind;

struct PackagedProperty {
  std::string_view type;
  std::string_view path;  // below Properties; '*' stands for every key
  Kind kind;
};

constexpr PackagedProperty kPackaged[] = {
    {"AWS::Serverless::LayerVersion", "ContentUri", Kind::zip},
    {"AWS::Lambda::LayerVersion", "Content", Kind::zip},
    {"AWS::ElasticBeanstalk::ApplicationVersion", "SourceBundle", Kind::zip},
    {"AWS::Serverless::Api", "DefinitionUri", Kind::file},
    {"AWS::Serverless::HttpApi", "DefinitionUri", Kind::file},
    {"AWS::Serverless::StateMachine", "DefinitionUri", Kind::file},
    {"AWS::StepFunctions::StateMachine", "DefinitionS3Location", Kind::file},
    {"AWS::ApiGateway::RestApi", "BodyS3Location", Kind::file},
    {"AWS::ApiGatewayV2::Api", "BodyS3Location", Kind::file},
    {"AWS::AppSync::GraphQLSchema", "DefinitionS3Location", Kind::file},
    {"AWS::AppSync::Resolver", "RequestMappingTemplateS3Location", Kind::file},
    {"AWS::AppSync::Resolver", "ResponseMappingTemplateS3Location", Kind::file},
    {"AWS::AppSync::Resolver", "CodeS3Location", Kind::file},
    {"AWS::AppSync::FunctionConfiguration", "RequestMappingTemplateS3Location", Kind::file},
    {"AWS::AppSync::FunctionConfiguration", "ResponseMappingTemplateS3Location", Kind::file},
    {"AWS::AppSync::FunctionConfiguration", "CodeS3Location", Kind::file},
    {"AWS::Serverless::GraphQLApi", "SchemaUri", Kind::file},
    {"AWS::Serverless::GraphQLApi", "Functions.*.CodeUri", Kind::file},
    {"AWS::Serverless::GraphQLApi", "Resolvers.*.*.CodeUri", Kind::file},
    {"AWS::Glue::Job", "Command.ScriptLocation", Kind::file},
    {"AWS::CloudFormation::Stack", "TemplateURL", Kind::template_},
    {"AWS::Serverless::Application", "Location", Kind::template_},
};

// Only where no function was read.
constexpr PackagedProperty kCode[] = {
    {"AWS::Serverless::Function", "CodeUri", Kind::zip},
    {"AWS::Lambda::Function", "Code", Kind::zip},
};

class ArtifactFinder {
 public:
  explicit ArtifactFinder(const codec::Document& document) : document_(document) {}

  std::vector<LocalArtifact> find(const std::vector<Function>& functions) {
    const auto* resources = codec::find(document_.value, "Resources");
    if (resources != nullptr && resources->is_object()) {
      for (const auto& [id, resource] : resources->get_object()) {
        begin(id, resource);
        read_function(functions);
        read_properties(kPackaged, resource, pointer({"Resources", id}));
      }
    }
    find_includes(document_.value, "");
    return std::move(found_);
  }

  std::vector<LocalArtifact> find_all() {
    if (const auto* globals = codec::find(document_.value, "Globals", "Function")) {
      type_ = kCode[0].type;
      walk(*globals, kCode[0].path, "/Globals/Function", kCode[0].kind);
    }
    if (const auto* resources = codec::find(document_.value, "Resources")) read_everything(*resources, "/Resources");
    find_includes(document_.value, "");
    return std::move(found_);
  }

 private:
  void begin(std::string_view id, const json::value& resource) {
    id_ = id;
    type_ = codec::find_string(resource, "Type");
  }

  void read_function(const std::vector<Function>& functions) {
    for (const Function& function : functions) {
      if (function.logical_id != id_ || function.live || function.code_path.empty()) continue;
      std::string_view property = function.serverless ? "CodeUri" : "Code";
      add(Kind::zip, function.code_path, pointer({"Resources", id_, "Properties", property}));
    }
  }

  // A loop is [identifier, collection, what it makes].
  void read_everything(const json::value& resources, const std::string& at) {
    if (!resources.is_object()) return;
    for (const auto& [id, resource] : resources.get_object()) {
      std::string here = at + pointer({id});
      if (is_loop(id) && resource.is_array() && resource.get_array().size() == 3) {
        read_everything(resource.get_array()[2], here + "/2");
        continue;
      }
      begin(id, resource);
      read_properties(kCode, resource, here);
      read_properties(kPackaged, resource, here);
    }
  }

  void read_properties(std::span<const PackagedProperty> table, const json::value& resource, const std::string& at) {
    const auto* properties = codec::find(resource, "Properties");
    if (properties == nullptr) return;
    for (const PackagedProperty& packaged : table) {
      if (packaged.type == type_) walk(*properties, packaged.path, at + "/Properties", packaged.kind);
    }
  }

  void walk(const json::value& value, std::string_view path, const std::string& at, Kind kind) {
    if (path.empty()) {
      if (value.is_string() && is_local_path(value.get_string())) add(kind, std::string(value.get_string()), at);
      return;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return;
    std::size_t dot = path.find('.');
    std::string_view key = path.substr(0, dot);
    std::string_view rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    for (const auto& [name, member] : *object) {
      if (key == "*" || key == name) walk(member, rest, at + pointer({name}), kind);
    }
  }

  // {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "api.yaml"}}}, anywhere in the template.
  void find_includes(const json::value& value, const std::string& at) {
    if (const auto* array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i) find_includes((*array)[i], fmt::format("{}/{}", at, i));
    }
    const auto* object = value.if_object();
    if (object == nullptr) return;
    for (const auto& [key, member] : *object) {
      std::string here = at + pointer({key});
      if (key == "Fn::Transform" && codec::find_string(member, "Name") == "AWS::Include") {
        std::string location = codec::find_string(member, "Parameters", "Location");
        id_.clear();
        type_ = "AWS::Include";
        if (is_local_path(location)) add(Kind::file, location, here + "/Parameters/Location");
      }
      find_includes(member, here);
    }
  }

  void add(Kind kind, std::string path, std::string at) {
    int line = document_.line_of(at);
    found_.push_back({.kind = kind,
                      .path = std::move(path),
                      .logical_id = id_,
                      .type = type_,
                      .pointer = std::move(at),
                      .line = line});
  }

  const codec::Document& document_;
  std::vector<LocalArtifact> found_;
  std::string id_;
  std::string type_;
};

}  // namespace

std::vector<LocalArtifact> find_artifacts(const codec::Document& document, const std::vector<Function>& functions) {
  return ArtifactFinder(document).find(functions);
}

std::vector<LocalArtifact> find_paths(const codec::Document& document) {
  return ArtifactFinder(document).find_all();
}

bool is_local_path(std::string_view text) {
  return !text.empty() && !text.starts_with("s3://") && !text.starts_with("http://") && !text.starts_with("https://");
}

}  // namespace app
