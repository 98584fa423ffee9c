// The rewrite to live: the source template with the stub in place of every live function's code. The SAM transform is
// left to CloudFormation. Nothing but live functions (and Globals.Function, whose meaning for others is moved down into
// them) changes its meaning; the order of keys is kept. aws-facts §5 is the specification.
//
// Of a live function go: its code in every form, Runtime, Layers, SnapStart, CodeSigningConfigArn, provisioned
// concurrency, RuntimeManagementConfig, DeploymentPreference, build metadata. What identifies it stays: Handler, name,
// environment, role, events. Its role gains exactly dynamodb:GetItem on the bridge's table, execute-api:Invoke and
// execute-api:ManageConnections on the bridge's API: as a statement in Policies where SAM makes the role, as an
// AWS::IAM::RolePolicy, which the function waits for, where the template does.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/model.h"
#include "base/result.h"
#include "codec/json.h"

namespace app {

// Parameters of the rewritten template; it declares those it uses (Rewritten::parameters).
inline constexpr std::string_view kBucketParameter = "LiveLambdaBucket";
inline constexpr std::string_view kStubX8664Parameter = "LiveLambdaStubX8664";  // S3 keys of the stub packages
inline constexpr std::string_view kStubArm64Parameter = "LiveLambdaStubArm64";
inline constexpr std::string_view kApiArnParameter = "LiveLambdaApiArn";  // arn:…:execute-api:…:API/STAGE
inline constexpr std::string_view kTableArnParameter = "LiveLambdaTableArn";

struct S3Location {
  std::string bucket;
  std::string key;
};

struct Diagnostic {
  std::string logical_id;
  std::string message;
  int line = 0;
};

struct Rewritten {
  codec::json::value document;
  std::string text;                     // the document as compact JSON
  std::vector<std::string> parameters;  // which of the five it declares
  std::vector<Diagnostic> diagnostics;  // what the user may want to know: dropped properties, permissions boundaries, …
};

// `uploads`: where each of stack.artifacts (by pointer) was uploaded. Errors, all ErrorKind::invalid_input with
// file and line: an artifact without a location (its path is named), a parameter or resource of the template that has a
// name which the rewrite needs.
base::Result<Rewritten> rewrite_to_live(const Stack& stack, const std::map<std::string, S3Location>& uploads = {});

}  // namespace app
