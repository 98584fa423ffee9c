// What the values of a template refer to, and which functions something refers to in a way that forbids to make them
// live: the deployment itself would wait for their answers, or they do not run where a stub could.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/json.h"

namespace app {

// Logical ids (and parameter names) in Ref, Fn::GetAtt and Fn::Sub, however deep. "Function" of SAM's
// "Function.Version" too.
std::set<std::string, std::less<>> references_in(const codec::json::value& value);

// A function's logical id → why it has to stay as it is: handlers of custom resources, macros, CodeDeploy and
// CloudFormation hooks, Lambda@Edge.
std::map<std::string, std::string, std::less<>> reserved_functions(const codec::json::value& document);

// The template's AWS::IAM::Role resources that a function's Role names (several under Fn::If); nothing if any of it is
// not such a resource.
std::optional<std::vector<std::string>> template_roles(const codec::json::value& document,
                                                       const codec::json::value& role);

// "/Resources/Api/Properties", with ~ and / escaped (RFC 6901).
std::string pointer(const std::vector<std::string_view>& keys);

}  // namespace app
