#include "app/artifacts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;
using Kind = LocalArtifact::Kind;

enum class Form {
  uri,         // "s3://bucket/key"
  bucket_key,  // {"Bucket", "Key"}
  s3_bucket,   // {"S3Bucket", "S3Key"}
};

struct PackagedProperty {
  std::string_view type;
  std::string_view path;  // below Properties; '*' stands for every key
  Kind kind;
  Form form;
};

constexpr PackagedProperty kFunctionCode[] = {
    {"AWS::Serverless::Function", "CodeUri", Kind::zip, Form::uri},
    {"AWS::Lambda::Function", "Code", Kind::zip, Form::s3_bucket},
};

constexpr PackagedProperty kPackaged[] = {
    {"AWS::Serverless::LayerVersion", "ContentUri", Kind::zip, Form::uri},
    {"AWS::Lambda::LayerVersion", "Content", Kind::zip, Form::s3_bucket},
    {"AWS::ElasticBeanstalk::ApplicationVersion", "SourceBundle", Kind::zip, Form::s3_bucket},
    {"AWS::Serverless::Api", "DefinitionUri", Kind::file, Form::uri},
    {"AWS::Serverless::HttpApi", "DefinitionUri", Kind::file, Form::uri},
    {"AWS::Serverless::StateMachine", "DefinitionUri", Kind::file, Form::bucket_key},
    {"AWS::StepFunctions::StateMachine", "DefinitionS3Location", Kind::file, Form::bucket_key},
    {"AWS::ApiGateway::RestApi", "BodyS3Location", Kind::file, Form::bucket_key},
    {"AWS::ApiGatewayV2::Api", "BodyS3Location", Kind::file, Form::bucket_key},
    {"AWS::AppSync::GraphQLSchema", "DefinitionS3Location", Kind::file, Form::uri},
    {"AWS::AppSync::Resolver", "RequestMappingTemplateS3Location", Kind::file, Form::uri},
    {"AWS::AppSync::Resolver", "ResponseMappingTemplateS3Location", Kind::file, Form::uri},
    {"AWS::AppSync::Resolver", "CodeS3Location", Kind::file, Form::uri},
    {"AWS::AppSync::FunctionConfiguration", "RequestMappingTemplateS3Location", Kind::file, Form::uri},
    {"AWS::AppSync::FunctionConfiguration", "ResponseMappingTemplateS3Location", Kind::file, Form::uri},
    {"AWS::AppSync::FunctionConfiguration", "CodeS3Location", Kind::file, Form::uri},
    {"AWS::Serverless::GraphQLApi", "SchemaUri", Kind::file, Form::uri},
    {"AWS::Serverless::GraphQLApi", "Functions.*.CodeUri", Kind::file, Form::uri},
    {"AWS::Serverless::GraphQLApi", "Resolvers.*.*.CodeUri", Kind::file, Form::uri},
    {"AWS::Glue::Job", "Command.ScriptLocation", Kind::file, Form::uri},
    {"AWS::CloudFormation::Stack", "TemplateURL", Kind::template_, Form::uri},
    {"AWS::Serverless::Stack", "Location", Kind::template_, Form::uri},
};

class ArtifactFinder {
 public:
  ArtifactFinder(const codec::Document& document, const std::vector<Function>& functions)
      : document_(document), functions_(functions) {}

  std::vector<LocalArtifact> find() {
    const auto* resources = codec::find(document_.value, "Resources");
    if (resources != nullptr && resources->is_object()) {
      for (const auto& [id, resource] : resources->get_object()) read_resource(id, resource);
    }
    find_includes(document_.value, "");
    return std::move(found_);
  }

 private:
  void read_resource(std::string_view id, const json::value& resource) {
    id_ = id;
    type_ = codec::find_string(resource, "Type");
    for (const Function& function : functions_) {
      if (function.logical_id != id || function.live || function.source.empty()) continue;
      std::string_view property = function.serverless ? "CodeUri" : "Code";
      add(Kind::zip, function.source, pointer({"Resources", id, "Properties", property}));
    }
    const auto* properties = codec::find(resource, "Properties");
    if (properties == nullptr) return;
    for (const PackagedProperty& packaged : kPackaged) {
      if (packaged.type == type_)
        walk(*properties, packaged.path, pointer({"Resources", id, "Properties"}), packaged.kind);
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
  const std::vector<Function>& functions_;
  std::vector<LocalArtifact> found_;
  std::string id_;
  std::string type_;
};

Form form_of(const LocalArtifact& artifact) {
  auto has_type = [&artifact](const PackagedProperty& packaged) { return packaged.type == artifact.type; };
  if (auto found = std::ranges::find_if(kFunctionCode, has_type); found != std::end(kFunctionCode)) return found->form;
  auto found = std::ranges::find_if(kPackaged, has_type);  // all properties of a type share one form
  return found == std::end(kPackaged) ? Form::uri : found->form;
}

json::value location_value(Form form, const S3Location& location) {
  switch (form) {
    case Form::bucket_key:
      return json::object{{"Bucket", location.bucket}, {"Key", location.key}};
    case Form::s3_bucket:
      return json::object{{"S3Bucket", location.bucket}, {"S3Key", location.key}};
    case Form::uri:
      break;
  }
  return json::string(fmt::format("s3://{}/{}", location.bucket, location.key));
}

std::string unescape(std::string_view token) {
  std::string text;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size()) {
      text += token[++i] == '1' ? '/' : '~';
    } else {
      text += token[i];
    }
  }
  return text;
}

}  // namespace

std::vector<LocalArtifact> find_artifacts(const codec::Document& document, const std::vector<Function>& functions) {
  return ArtifactFinder(document, functions).find();
}

void put_location(json::value& document, const LocalArtifact& artifact, const S3Location& location) {
  json::value* at = &document;
  std::string_view rest = artifact.pointer;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    std::size_t slash = rest.find('/');
    std::string key = unescape(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    if (auto* array = at->if_array()) {
      at = &array->at(static_cast<std::size_t>(std::strtoul(key.c_str(), nullptr, 10)));
    } else {
      if (!at->is_object()) at->emplace_object();
      at = &at->get_object()[key];
    }
  }
  *at = location_value(form_of(artifact), location);
}

bool is_local_path(std::string_view text) {
  return !text.empty() && !text.starts_with("s3://") && !text.starts_with("http://") && !text.starts_with("https://");
}

}  // namespace app
