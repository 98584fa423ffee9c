#include "app/references.h"

#include <string_view>

#include "app/globals.h"

namespace app {
namespace {

namespace json = codec::json;
using Names = std::set<std::string, std::less<>>;

void add_name(std::string_view text, Names& names) {
  names.insert(std::string(text.substr(0, text.find('.'))));
}

// "${Name}", "${Name.Attribute}"; "${!Literal}" is text, and what Fn::Sub's own map defines is no reference.
void add_placeholders(std::string_view text, const json::object* defined, Names& names) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) return;
    std::string_view name = text.substr(at + 2, end - at - 2);
    if (name.starts_with('!') || (defined != nullptr && defined->contains(name))) continue;
    add_name(name, names);
  }
}

void collect(const json::value& value, Names& names) {
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) collect(element, names);
    return;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return;
  for (const auto& [key, member] : *object) {
    if (key == "Ref" && member.is_string()) {
      add_name(member.get_string(), names);
    } else if (key == "Fn::GetAtt" && member.is_string()) {
      add_name(member.get_string(), names);
    } else if (key == "Fn::GetAtt" && member.is_array() && !member.get_array().empty() &&
               member.get_array().front().is_string()) {
      add_name(member.get_array().front().get_string(), names);
    } else if (key == "Fn::Sub" && member.is_string()) {
      add_placeholders(member.get_string(), nullptr, names);
    } else if (key == "Fn::Sub" && member.is_array() && member.get_array().size() == 2 &&
               member.get_array().front().is_string()) {
      const auto& defined = member.get_array().back();
      add_placeholders(member.get_array().front().get_string(), defined.if_object(), names);
      collect(defined, names);
    } else {
      collect(member, names);
    }
  }
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

class ReservedFunctions {
 public:
  explicit ReservedFunctions(const json::value& document) : document_(document) {
    const auto* resources = codec::find(document, "Resources");
    if (resources != nullptr) resources_ = resources->if_object();
  }

  std::map<std::string, std::string, std::less<>> find() {
    if (resources_ == nullptr) return {};
    for (const auto& [id, resource] : *resources_) read_resource(id, resource);
    constexpr const char* kHook = "it is a hook that a deployment waits for";
    for (const char* member : {"DeploymentPreference", "CodeDeployLambdaAliasUpdate"}) {
      std::vector<const json::value*> found;
      find_members(document_, member, found);
      for (const auto* preference : found) {
        for (const char* hook : {"Hooks", "BeforeAllowTrafficHook", "AfterAllowTrafficHook"}) {
          if (const auto* value = codec::find(*preference, hook)) reserve(*value, kHook);
        }
      }
    }
    return std::move(reserved_);
  }

 private:
  void read_resource(std::string_view id, const json::value& resource) {
    std::string type = codec::find_string(resource, "Type");
    const auto* properties = codec::find(resource, "Properties");
    if (properties == nullptr) return;
    if (const auto* token = codec::find(*properties, "ServiceToken")) {
      reserve(*token, "it answers a custom resource, which the deployment waits for");
    }
    if (type == "AWS::CloudFormation::Macro" || type == "AWS::CloudFormation::LambdaHook") {
      reserve(*properties, "CloudFormation itself calls it during deployments");
    }
    if (type == "AWS::CloudFront::Distribution") {
      std::vector<const json::value*> associations;
      find_members(*properties, "LambdaFunctionAssociations", associations);
      for (const auto* association : associations) reserve(*association, "it runs at CloudFront's edge (Lambda@Edge)");
    }
    if ((type == "AWS::Serverless::Function" || type == "AWS::Lambda::Function") &&
        codec::find_string(*properties, "FunctionName").starts_with("CodeDeployHook_")) {
      reserved_.emplace(id, "it is a hook that a deployment waits for");
    }
  }

  // Marks every function that `value` refers to, through versions, aliases, and the providers of custom resources,
  // which name the function that they call in their environment.
  void reserve(const json::value& value, const std::string& reason) {
    for (const std::string& name : references_in(value)) {
      const auto* resource = resources_->if_contains(name);
      if (resource == nullptr || !visited_.insert(name).second) continue;
      std::string type = codec::find_string(*resource, "Type");
      if (type == "AWS::Lambda::Version" || type == "AWS::Lambda::Alias") {
        if (const auto* function = codec::find(*resource, "Properties", "FunctionName")) reserve(*function, reason);
      }
      if (type != "AWS::Serverless::Function" && type != "AWS::Lambda::Function") continue;
      reserved_.emplace(name, reason);
      for (const char* variable : {"USER_ON_EVENT_FUNCTION_ARN", "USER_IS_COMPLETE_FUNCTION_ARN"}) {
        const auto* target = codec::find(*resource, "Properties", "Environment", "Variables", variable);
        if (target != nullptr) reserve(*target, reason);
      }
    }
  }

  const json::value& document_;
  const json::object* resources_ = nullptr;
  std::map<std::string, std::string, std::less<>> reserved_;
  Names visited_;
};

}  // namespace

Names references_in(const json::value& value) {
  Names names;
  collect(value, names);
  return names;
}

std::map<std::string, std::string, std::less<>> reserved_functions(const json::value& document) {
  return ReservedFunctions(document).find();
}

std::optional<std::vector<std::string>> template_roles(const json::value& document, const json::value& role) {
  if (const auto* branches = codec::find(role, "Fn::If"); branches != nullptr && is_intrinsic(role)) {
    const auto* list = branches->if_array();
    if (list == nullptr || list->size() != 3) return std::nullopt;
    auto roles = template_roles(document, (*list)[1]);
    auto others = template_roles(document, (*list)[2]);
    if (!roles || !others) return std::nullopt;
    for (auto& other : *others) {
      if (std::find(roles->begin(), roles->end(), other) == roles->end()) roles->push_back(std::move(other));
    }
    return roles;
  }
  if (!is_intrinsic(role)) return std::nullopt;
  std::string_view kind = role.get_object().begin()->key();
  if (kind == "Fn::Sub") {  // only "${Role.Arn}" as a whole names a role of the template; text around it names another
    std::string text = codec::find_string(role, "Fn::Sub");
    if (!text.starts_with("${") || text.find('}') != text.size() - 1) return std::nullopt;
  } else if (kind != "Fn::GetAtt" && kind != "Ref") {
    return std::nullopt;
  }
  auto names = references_in(role);
  if (names.size() != 1) return std::nullopt;
  const std::string& name = *names.begin();
  if (const auto* resource = codec::find(document, "Resources", name);
      resource == nullptr || codec::find_string(*resource, "Type") != "AWS::IAM::Role") {
    return std::nullopt;
  }
  return std::vector<std::string>{name};
}

std::string pointer(const std::vector<std::string_view>& keys) {
  std::string text;
  for (std::string_view key : keys) {
    text += '/';
    for (char c : key) {
      if (c == '~') {
        text += "~0";
      } else if (c == '/') {
        text += "~1";
      } else {
        text += c;
      }
    }
  }
  return text;
}

}  // namespace app
