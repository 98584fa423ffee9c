// The debug stack `<stage>-<app>-debug-stack`: the bridge (a WebSocket API with IAM on $connect and a MOCK route
// `hello`, a DynamoDB table), a private bucket for packages and, only where a function's role is not the app's to
// change, a bridge role. No Lambda function; nothing in it costs at rest. protocol.md says what it is for, aws-facts §2
// and §7 why it looks as it does.
//
// An update never replaces the API, the table or the bucket: none of their properties that would force it ever changes.
// The bucket goes with the stack once it is empty.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "deploy/stack_state.h"

namespace deploy {

// The stage of the WebSocket API.
inline constexpr const char* kApiStage = "live";

// Rises whenever the template changes; the output Version. The first release had none: 1.
inline constexpr int kDebugStackVersion = 2;

// The template as JSON, the same bytes every time.
std::string debug_stack_template();

// Its parameters. `outside_roles`: ARNs of the roles that may assume the bridge role, which then may do exactly what
// the rewrite allows an app's own roles: read the table, connect to the API and post to its connections. Without any
// there is no bridge role. Their order does not matter.
std::vector<std::pair<std::string, std::string>> debug_stack_parameters(std::vector<std::string> outside_roles);

// Whether this program may deploy over what is there. ErrorKind::deployment for the debug stack of a newer livelambda,
// which other sessions of the stage count on.
base::Result<> check_debug_stack_version(const StackState& state);

// The outputs of a deployed debug stack.
struct DebugStack {
  std::string api_id;
  std::string url;      // wss://…/live
  std::string api_arn;  // arn:…:execute-api:…:API/live, the parameter LiveLambdaApiArn
  std::string table;
  std::string table_arn;
  std::string bucket;
  std::string bridge_role_arn = {};  // "" if it has none

  bool operator==(const DebugStack&) const = default;
};

// ErrorKind::deployment if an output is missing.
base::Result<DebugStack> read_debug_stack(const std::map<std::string, std::string>& outputs);

}  // namespace deploy
