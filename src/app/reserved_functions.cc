#include "app/reserved_functions.h"

#include <vector>

#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

bool is_function(std::string_view type) {
  return type == "AWS::Serverless::Function" || type == "AWS::Lambda::Function";
}

// Every member of this name below `value`, however deep.
void find_members(const json::value& value, std::string_view name, std::vector<const json::value*>& found) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) find_members(element, name, found);
  } else if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == name) found.push_back(&member);
      find_members(member, name, found);
    }
  }
}

std::vector<const json::value*> members_of(const json::value& value, std::string_view name) {
  std::vector<const json::value*> found;
  find_members(value, name, found);
  return found;
}

class Finder {
 public:
  explicit Finder(const std::set<std::string>& exports) : exports_(exports) {}

  void read(const TemplateNode& node) {
    for (const auto& [id, resource] : node.resources()) read_resource(node, id, resource);
    for (const char* member : {"DeploymentPreference", "CodeDeployLambdaAliasUpdate"}) {
      for (const auto* preference : members_of(node.document.value, member)) read_hooks(node, *preference);
    }
    read_exports(node);
    for (const auto& nested : node.nested) read(*nested);
  }

  ReservedFunctions take() { return std::move(reserved_); }

 private:
  void read_resource(const TemplateNode& node, std::string_view id, const json::value& resource) {
    std::string type = codec::find_string(resource, "Type");
    const auto* properties = codec::find(resource, "Properties");
    if (properties == nullptr) return;
    if (const auto* token = codec::find(*properties, "ServiceToken")) {
      reserve(node, *token, StayReason::custom_resource);
    }
    if (type == "AWS::CloudFormation::Macro" || type == "AWS::CloudFormation::LambdaHook") {
      reserve(node, *properties, StayReason::cloudformation_hook);
    }
    if (type == "AWS::CloudFront::Distribution") {
      for (const auto* association : members_of(*properties, "LambdaFunctionAssociations")) {
        reserve(node, *association, StayReason::edge);
      }
    }
    if (is_function(type) && codec::find_string(*properties, "FunctionName").starts_with("CodeDeployHook_")) {
      reserved_.emplace(std::pair(&node, std::string(id)), StayReason::codedeploy_hook);
    }
  }

  void read_hooks(const TemplateNode& node, const json::value& preference) {
    for (const char* hook : {"Hooks", "BeforeAllowTrafficHook", "AfterAllowTrafficHook"}) {
      if (const auto* value = codec::find(preference, hook)) reserve(node, *value, StayReason::codedeploy_hook);
    }
  }

  void read_exports(const TemplateNode& node) {
    const auto* outputs = codec::find(node.document.value, "Outputs");
    if (exports_.empty() || outputs == nullptr || !outputs->is_object()) return;
    for (const auto& [id, output] : outputs->get_object()) {
      const auto* name = codec::find(output, "Export", "Name");
      const auto* value = codec::find(output, "Value");
      auto text = name == nullptr ? std::nullopt : node.values->text(*name);
      if (text && value != nullptr && exports_.contains(*text)) reserve(node, *value, StayReason::custom_resource);
    }
  }

  // Marks every function that `value` refers to.
  void reserve(const TemplateNode& node, const json::value& value, StayReason reason) {
    for (const std::string& reference : attributes_in(value)) follow(node, reference, reason);
  }

  void follow(const TemplateNode& node, const std::string& reference, StayReason reason) {
    if (!visited_.emplace(&node, reference).second) return;
    std::string name = reference.substr(0, reference.find('.'));
    const auto* resource = node.resource(name);
    if (resource == nullptr) {  // a parameter: what the parent gives for it
      if (const auto* given = node.given(name)) reserve(*node.parent, *given, reason);
      return;
    }
    std::string type = codec::find_string(*resource, "Type");
    if (is_function(type)) follow_function(node, name, *resource, reason);
    if (type == "AWS::Lambda::Version" || type == "AWS::Lambda::Alias") {
      if (const auto* function = codec::find(*resource, "Properties", "FunctionName")) reserve(node, *function, reason);
    }
    if (type == "AWS::SNS::Topic") follow_topic(node, name, *resource, reason);
    constexpr std::string_view kOutputs = ".Outputs.";
    std::size_t outputs = reference.find(kOutputs);
    const TemplateNode* child = node.child(name);
    if (child == nullptr || outputs == std::string::npos) return;
    std::string output = reference.substr(outputs + kOutputs.size());
    if (const auto* exported = codec::find(child->document.value, "Outputs", output, "Value")) {
      reserve(*child, *exported, reason);
    }
  }

  // The providers of custom resources name the functions that they call in their environment.
  void follow_function(const TemplateNode& node, const std::string& name, const json::value& resource,
                       StayReason reason) {
    reserved_.emplace(std::pair(&node, name), reason);
    for (const char* variable : {"USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN"}) {
      const auto* target = codec::find(resource, "Properties", "Environment", "Variables", variable);
      if (target != nullptr) reserve(node, *target, reason);
    }
  }

  // A custom resource may be called through a topic: its subscribers answer.
  void follow_topic(const TemplateNode& node, const std::string& topic, const json::value& resource,
                    StayReason reason) {
    for (const auto* endpoint : members_of(resource, "Endpoint")) reserve(node, *endpoint, reason);
    for (const auto& [id, other] : node.resources()) {
      std::string type = codec::find_string(other, "Type");
      const auto* properties = codec::find(other, "Properties");
      if (properties == nullptr) continue;
      if (type == "AWS::SNS::Subscription" && subscribes(codec::find(*properties, "TopicArn"), topic)) {
        for (const auto* endpoint : members_of(*properties, "Endpoint")) reserve(node, *endpoint, reason);
      }
      if (type != "AWS::Serverless::Function") continue;
      const auto* events = codec::find(*properties, "Events");
      if (events == nullptr) continue;
      for (const auto* source : members_of(*events, "Topic")) {
        if (subscribes(source, topic)) follow(node, std::string(id), reason);
      }
    }
  }

  static bool subscribes(const json::value* to, const std::string& topic) {
    return to != nullptr && references_in(*to).contains(topic);
  }

  const std::set<std::string>& exports_;
  ReservedFunctions reserved_;
  std::set<std::pair<const TemplateNode*, std::string>> visited_;
};

}  // namespace

ReservedFunctions reserved_functions(const TemplateNode& root, const std::set<std::string>& exports) {
  Finder finder(exports);
  finder.read(root);
  return finder.take();
}

}  // namespace app
