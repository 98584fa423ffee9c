#include "app/rewrite_locations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "app/rewrite.h"

namespace app {
namespace {

namespace json = codec::json;

enum class Form {
  uri,         // "s3://bucket/key"
  url,         // "https://bucket.s3…/key"
  bucket_key,  // {"Bucket", "Key"}: SAM resolves no Fn::Sub in its own properties
  s3_bucket,   // {"S3Bucket", "S3Key"}
};

struct TypeForm {
  std::string_view type;
  Form form;
};

// All properties of a type share one form; those of other types take a URI.
constexpr TypeForm kForms[] = {
    {"AWS::Serverless::Function", Form::bucket_key},
    {"AWS::Serverless::LayerVersion", Form::bucket_key},
    {"AWS::Serverless::Api", Form::bucket_key},
    {"AWS::Serverless::HttpApi", Form::bucket_key},
    {"AWS::Serverless::StateMachine", Form::bucket_key},
    {"AWS::StepFunctions::StateMachine", Form::bucket_key},
    {"AWS::ApiGateway::RestApi", Form::bucket_key},
    {"AWS::ApiGatewayV2::Api", Form::bucket_key},
    {"AWS::Lambda::Function", Form::s3_bucket},
    {"AWS::Lambda::LayerVersion", Form::s3_bucket},
    {"AWS::ElasticBeanstalk::ApplicationVersion", Form::s3_bucket},
    {"AWS::CloudFormation::Stack", Form::url},
    {"AWS::Serverless::Application", Form::url},
};

json::value location_value(Form form, std::string_view key) {
  json::object bucket{{"Ref", kBucketParameter}};
  switch (form) {
    case Form::bucket_key:
      return json::object{{"Bucket", std::move(bucket)}, {"Key", key}};
    case Form::s3_bucket:
      return json::object{{"S3Bucket", std::move(bucket)}, {"S3Key", key}};
    case Form::url:
      return json::object{{"Fn::Sub", fmt::format("https://${{{}}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{}",
                                                  kBucketParameter, key)}};
    case Form::uri:
      break;
  }
  return json::object{{"Fn::Sub", fmt::format("s3://${{{}}}/{}", kBucketParameter, key)}};
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

// What a pointer names; made on the way if it is not there.
json::value& value_at(json::value& document, std::string_view pointer) {
  json::value* at = &document;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    std::size_t slash = pointer.find('/');
    std::string token = unescape(pointer.substr(0, slash));
    pointer = slash == std::string_view::npos ? std::string_view() : pointer.substr(slash);
    if (auto* array = at->if_array()) {
      at = &array->at(static_cast<std::size_t>(std::strtoul(token.c_str(), nullptr, 10)));
    } else {
      if (!at->is_object()) at->emplace_object();
      at = &at->get_object()[token];
    }
  }
  return *at;
}

std::string_view parent(std::string_view pointer) {
  return pointer.substr(0, pointer.rfind('/'));
}

// SAM takes an intrinsic function in Location for an application of its repository. What it makes of a template's URL
// is this stack (samtranslator, model/sam_resources.py: SamApplication).
void become_plain_stack(json::value& resource) {
  resource.get_object()["Type"] = "AWS::CloudFormation::Stack";
  auto& properties = resource.get_object()["Properties"].get_object();
  properties["TemplateURL"] = properties["Location"];
  properties.stable_erase("Location");
  const auto* tags = properties.if_contains("Tags");
  if (tags == nullptr || !tags->is_object()) return;  // SAM writes them as a mapping, CloudFormation as a list
  json::array list;
  for (const auto& [key, value] : tags->get_object()) list.push_back(json::object{{"Key", key}, {"Value", value}});
  properties["Tags"] = std::move(list);
}

}  // namespace

void put_location(json::value& document, const LocalArtifact& artifact, std::string_view key) {
  auto form = std::ranges::find(kForms, std::string_view(artifact.type), &TypeForm::type);
  value_at(document, artifact.pointer) = location_value(form == std::end(kForms) ? Form::uri : form->form, key);
  if (artifact.type == "AWS::Serverless::Application") {
    become_plain_stack(value_at(document, parent(parent(artifact.pointer))));
  }
}

void put_text(json::value& document, const LocalArtifact& artifact, std::string_view text) {
  auto& properties = value_at(document, parent(artifact.pointer)).get_object();
  properties["SchemaInline"] = text;
  properties.stable_erase("SchemaUri");
}

}  // namespace app
