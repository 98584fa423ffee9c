// What the values of a template refer to.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "codec/json.h"

namespace app {

// Logical ids (and parameter names) in Ref, Fn::GetAtt and Fn::Sub, however deep. "Function" of SAM's
// "Function.Version" too.
std::set<std::string, std::less<>> references_in(const codec::json::value& value);

// The same with their attributes: "Role.Arn", "Nested.Outputs.Name".
std::set<std::string, std::less<>> attributes_in(const codec::json::value& value);

// The template's AWS::IAM::Role resources that a function's Role names (several under Fn::If); nothing if any of it is
// not such a resource.
std::optional<std::vector<std::string>> template_roles(const codec::json::value& document,
                                                       const codec::json::value& role);

// "/Resources/Api/Properties", with ~ and / escaped (RFC 6901).
std::string pointer(const std::vector<std::string_view>& keys);

}  // namespace app
