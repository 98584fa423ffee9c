#include "app/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "app/artifacts.h"
#include "app/globals.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

// What a live function must not have: it says where other code is, or only a managed runtime can do it.
constexpr std::string_view kDropped[] = {"InlineCode",
                                         "ImageUri",
                                         "ImageConfig",
                                         "Layers",
                                         "SnapStart",
                                         "SourceKMSKeyArn",
                                         "CodeSigningConfigArn",
                                         "ProvisionedConcurrencyConfig",
                                         "DeploymentPreference",
                                         "RuntimeManagementConfig"};
// Of these, what the user should hear about.
constexpr std::string_view kWorthAWord[] = {"Layers",
                                            "SnapStart",
                                            "CodeSigningConfigArn",
                                            "ProvisionedConcurrencyConfig",
                                            "DeploymentPreference",
                                            "RuntimeManagementConfig"};

bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Properties of Globals.Function that a live function must not inherit.
bool must_leave_globals(std::string_view property) {
  return property == "Runtime" || property == "CodeUri" || is_one_of(kDropped, property);
}

json::value reference(std::string_view name) {
  return json::object{{"Ref", name}};
}

// A list with one more element; a single value counts as a list of one.
json::array with_element(const json::value* list, json::value element) {
  json::array result;
  if (list != nullptr && list->is_array()) {
    result = list->get_array();
  } else if (list != nullptr && !list->is_null()) {
    result.push_back(*list);
  }
  result.push_back(std::move(element));
  return result;
}

json::object statement(std::string_view sid, std::string_view action, json::value resource) {
  return {{"Sid", sid}, {"Effect", "Allow"}, {"Action", action}, {"Resource", std::move(resource)}};
}

class Rewriter {
 public:
  Rewriter(const Stack& stack, const std::map<std::string, S3Location>& uploads)
      : stack_(stack), uploads_(uploads), document_(stack.document.value) {}

  base::Result<Rewritten> rewrite() {
    TRY(check_names());
    move_globals_down();
    for (const Function& function : stack_.functions) {
      if (function.live) {
        make_live(function);
      } else {
        explain_packaging(function);
      }
    }
    explain_loops();
    TRY(put_uploads());
    for (auto& [id, resource] : added_) resources()[id] = std::move(resource);
    declare_parameters();
    Rewritten result;
    result.text = codec::to_text(document_);
    result.document = std::move(document_);
    result.parameters = std::move(parameters_);
    result.diagnostics = std::move(diagnostics_);
    return result;
  }

 private:
  json::object& root() { return document_.get_object(); }
  json::object& resources() { return root()["Resources"].get_object(); }

  base::Result<void> check_names() const {
    for (std::string_view name :
         {kBucketParameter, kStubX8664Parameter, kStubArm64Parameter, kApiArnParameter, kTableArnParameter}) {
      for (const char* section : {"Parameters", "Resources"}) {
        if (codec::find(stack_.document.value, section, name) == nullptr) continue;
        return error(pointer({section, name}), fmt::format("the name {} is livelambda's own", name),
                     "Give it another name.");
      }
    }
    return {};
  }

  // Takes what a live function must not inherit out of Globals.Function, and gives it to those that are not live.
  void move_globals_down() {
    bool any_live = std::any_of(stack_.functions.begin(), stack_.functions.end(),
                                [](const Function& function) { return function.live && function.serverless; });
    const auto* globals = function_globals(stack_.document.value);
    if (!any_live || globals == nullptr) return;
    auto& section = root()["Globals"].get_object();
    auto& left = section["Function"].get_object();
    for (const auto& [key, value] : *globals) {
      if (!must_leave_globals(key)) continue;
      left.stable_erase(key);
      for (const Function& function : stack_.functions) {
        if (!function.live && function.serverless) inherit(function, key, value);
      }
    }
    if (left.empty()) section.stable_erase("Function");
    if (section.empty()) root().stable_erase("Globals");
  }

  void inherit(const Function& function, std::string_view property, const json::value& global) {
    auto& resource = resources()[function.logical_id].get_object();
    if (!takes_global(resource, property)) return;
    auto& properties = properties_of(resource);
    auto* own = properties.if_contains(property);
    properties[property] = own == nullptr ? global : merge_global(global, *own);
  }

  json::object& properties_of(json::object& resource) {
    auto& properties = resource["Properties"];
    if (!properties.is_object()) properties.emplace_object();
    return properties.get_object();
  }

  void make_live(const Function& function) {
    // What it had in effect, for words and roles: the globals are part of it.
    const auto& source = stack_.document.value;
    const json::value had = effective_properties(
        source, source.get_object().at("Resources").get_object().at(function.logical_id).get_object());
    auto& resource = resources()[function.logical_id].get_object();
    auto& properties = properties_of(resource);
    for (std::string_view property : kDropped) {
      properties.stable_erase(property);
      if (is_one_of(kWorthAWord, property) && had.get_object().contains(property)) {
        note(function, fmt::format("has no {} while it is live", property));
      }
    }
    bool arm = function.architecture == Architecture::arm64;
    auto bucket = use_parameter(kBucketParameter);
    auto key = use_parameter(arm ? kStubArm64Parameter : kStubX8664Parameter);
    if (function.serverless) {
      properties["CodeUri"] = json::object{{"Bucket", bucket}, {"Key", key}};
    } else {
      properties["Code"] = json::object{{"S3Bucket", bucket}, {"S3Key", key}};
    }
    properties["Runtime"] = "provided.al2023";
    drop_build(resource);
    grant(function, resource, had);
  }

  static void drop_build(json::object& resource) {
    auto* metadata = resource.if_contains("Metadata");
    if (metadata == nullptr || !metadata->is_object()) return;
    auto& object = metadata->get_object();
    bool dropped = object.stable_erase("BuildMethod") + object.stable_erase("BuildProperties") > 0;
    if (dropped && object.empty()) resource.stable_erase("Metadata");
  }

  void grant(const Function& function, json::object& resource, const json::value& had) {
    if (function.roles.empty()) {
      auto& properties = properties_of(resource);
      const auto* policies = properties.if_contains("Policies");
      if (policies != nullptr && *policies == reference("AWS::NoValue")) policies = nullptr;
      properties["Policies"] = with_element(policies, policy());
      note_boundary(function, codec::find(had, "PermissionsBoundary"));
      return;
    }
    for (const std::string& role : function.roles) {
      resource["DependsOn"] = with_element(resource.if_contains("DependsOn"), json::string(role_policy(role)));
      note_boundary(function,
                    codec::find(stack_.document.value, "Resources", role, "Properties", "PermissionsBoundary"));
    }
  }

  void note_boundary(const Function& function, const json::value* boundary) {
    if (boundary == nullptr || boundary->is_null()) return;
    note(function,
         "has a permissions boundary, which must allow dynamodb:GetItem, execute-api:Invoke and "
         "execute-api:ManageConnections on the debug stack");
  }

  // The resource that grants a role of the template its way to the bridge; one for each role.
  std::string role_policy(const std::string& role) {
    if (auto found = role_policies_.find(role); found != role_policies_.end()) return found->second;
    std::string id = "LiveLambda" + role;
    while (resources().contains(id) || added_.contains(id)) id += "X";
    const auto* condition = codec::find(stack_.document.value, "Resources", role, "Condition");
    json::object resource{{"Type", "AWS::IAM::RolePolicy"}};
    if (condition != nullptr) resource["Condition"] = *condition;
    resource["Properties"] =
        json::object{{"PolicyName", "livelambda"}, {"RoleName", reference(role)}, {"PolicyDocument", policy()}};
    added_[id] = std::move(resource);
    role_policies_[role] = id;
    return id;
  }

  json::object policy() {
    use_parameter(kApiArnParameter);
    auto table = use_parameter(kTableArnParameter);
    auto api = [](std::string_view path) -> json::value {
      return json::object{{"Fn::Sub", fmt::format("${{{}}}/{}", kApiArnParameter, path)}};
    };
    json::array statements;
    statements.push_back(statement("LiveLambdaTable", "dynamodb:GetItem", std::move(table)));
    statements.push_back(statement("LiveLambdaInvoke", "execute-api:Invoke", api("*")));
    statements.push_back(statement("LiveLambdaPost", "execute-api:ManageConnections", api("POST/@connections/*")));
    return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
  }

  json::value use_parameter(std::string_view name) {
    if (std::find(parameters_.begin(), parameters_.end(), name) == parameters_.end()) parameters_.emplace_back(name);
    return reference(name);
  }

  void declare_parameters() {
    if (parameters_.empty()) return;
    auto& declared = root()["Parameters"];
    if (!declared.is_object()) declared.emplace_object();
    for (const std::string& name : parameters_) declared.get_object()[name] = json::object{{"Type", "String"}};
  }

  base::Result<void> put_uploads() {
    for (const LocalArtifact& artifact : stack_.artifacts) {
      if (artifact.kind == LocalArtifact::Kind::template_) {
        return error(artifact.pointer,
                     fmt::format("{} is a nested template, which livelambda cannot deploy yet", artifact.path),
                     "Name a template in S3 by its https URL, or move its resources into this one.");
      }
      auto found = uploads_.find(artifact.pointer);
      if (found == uploads_.end()) {
        return error(artifact.pointer,
                     fmt::format("{} has to be in S3 to be deployed, and was not uploaded", artifact.path), {});
      }
      put_location(document_, artifact, found->second);
    }
    return {};
  }

  void explain_packaging(const Function& function) {
    if (function.source.empty() || function.build_method.empty()) return;
    note(function, fmt::format("is deployed with {} as it stands: its BuildMethod ({}) is not run", function.source,
                               function.build_method));
  }

  void explain_loops() {
    for (const auto& [id, resource] : resources()) {
      std::string_view name = id;
      if (!name.starts_with("Fn::ForEach")) continue;
      diagnostics_.push_back({.logical_id = std::string(name),
                              .message = "is expanded by CloudFormation: functions that come of it are not live",
                              .line = stack_.document.line_of(pointer({"Resources", name}))});
    }
  }

  void note(const Function& function, std::string message) {
    diagnostics_.push_back({.logical_id = function.logical_id, .message = std::move(message), .line = function.line});
  }

  tl::unexpected<base::Error> error(const std::string& at, std::string message, std::string hint) const {
    return base::fail(base::Error{.kind = base::ErrorKind::invalid_input,
                                  .message = std::move(message),
                                  .hint = std::move(hint),
                                  .file = stack_.template_file,
                                  .line = stack_.document.line_of(at)});
  }

  const Stack& stack_;
  const std::map<std::string, S3Location>& uploads_;
  json::value document_;
  std::vector<std::string> parameters_;
  std::vector<Diagnostic> diagnostics_;
  json::object added_;  // resources; apart, so that references into the document stay good
  std::map<std::string, std::string> role_policies_;
};

}  // namespace

base::Result<Rewritten> rewrite_to_live(const Stack& stack, const std::map<std::string, S3Location>& uploads) {
  return Rewriter(stack, uploads).rewrite();
}

}  // namespace app
