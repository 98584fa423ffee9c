// The macros that CloudFormation itself hosts, but for SAM (sam/sam.h): AWS::Include puts text from S3 in its place;
// AWS::LanguageExtensions brings Fn::ForEach, functions in DeletionPolicy and UpdateReplacePolicy, Fn::Length,
// Fn::ToJsonString and the default of Fn::FindInMap. Macros of the account: lambda_macros.h.
//
// Errors have the code kTransformFailed (sam/sam.h) and its words: "Transform AWS::Include failed with: …".
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/intrinsics.h"
#include "localcloud/identity.h"

namespace localcloud {

constexpr std::string_view kInclude = "AWS::Include";
constexpr std::string_view kLanguageExtensions = "AWS::LanguageExtensions";

// Every Fn::Transform of AWS::Include, in place, and those of the Transform section. `scope`: parameters and pseudo
// parameters, for Location. S3 is read with the caller's rights.
base::Result<json::object> expand_includes(const Cloud& cloud, const Principal& caller, json::object document,
                                           const Scope& scope);

// Fn::ForEach in any section, and policies as plain text. `scope`: parameters, mappings and pseudo parameters.
base::Result<json::object> expand_language_extensions(const json::object& document, const Scope& scope);

// A function in the value that needs AWS::LanguageExtensions, or "".
std::string extension_function(const json::value& value);

}  // namespace localcloud
