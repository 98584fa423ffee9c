// The debug stack `<stage>-<app>-debug-stack`: the bridge (a WebSocket API with IAM on $connect and a MOCK route
// `hello`, a DynamoDB table) and a private bucket for packages. No Lambda function; nothing in it costs at rest.
// protocol.md says what it is for, aws-facts §2 and §7 why it looks as it does.
//
// An update never replaces the API, the table or the bucket: none of their properties that would force it ever changes.
// The bucket goes with the stack once it is empty.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace deploy {

// The stage of the WebSocket API.
inline constexpr const char* kApiStage = "live";

// The template as JSON, the same bytes every time.
std::string debug_stack_template();

// The outputs of a deployed debug stack.
struct DebugStack {
  std::string api_id;
  std::string url;      // wss://…/live
  std::string api_arn;  // arn:…:execute-api:…:API/live, the parameter LiveLambdaApiArn
  std::string table;
  std::string table_arn;
  std::string bucket;
};

// ErrorKind::deployment if an output is missing.
base::Result<DebugStack> read_debug_stack(const std::map<std::string, std::string>& outputs);

}  // namespace deploy
