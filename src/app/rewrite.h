// The rewrite of a stack to live: its source template with the stub in place of every live function's code, and of the
// templates nested in it. The SAM transform is left to CloudFormation. Nothing but live functions, and what belongs to
// them (roles, versions, aliases), changes its meaning; the order of keys is kept. aws-facts §5 is the specification,
// docs/rewrite.md the account for users.
//
// Pure: what only the debug stack knows enters as parameters named LiveLambda…, so that the text needs no credentials
// and no network, and its hash tells whether there is anything to deploy.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/model.h"
#include "base/result.h"
#include "codec/json.h"

namespace app {

// Parameters of the rewritten template; it declares those it uses (Rewritten::parameters).
inline constexpr std::string_view kBucketParameter = "LiveLambdaBucket";  // the debug stack's
// S3 keys of stub packages; the bridged ones assume the debug stack's bridge role (Rewritten::outside_roles).
inline constexpr std::string_view kStubX8664Parameter = "LiveLambdaStubX8664";
inline constexpr std::string_view kStubArm64Parameter = "LiveLambdaStubArm64";
inline constexpr std::string_view kBridgedStubX8664Parameter = "LiveLambdaBridgedStubX8664";
inline constexpr std::string_view kBridgedStubArm64Parameter = "LiveLambdaBridgedStubArm64";
inline constexpr std::string_view kApiArnParameter = "LiveLambdaApiArn";  // arn:…:execute-api:…:API/STAGE
inline constexpr std::string_view kTableArnParameter = "LiveLambdaTableArn";

// Set to "1" among the variables of a live function whose URL streams: for its stub, which hides it from the code.
inline constexpr std::string_view kStreamedUrlVariable = "LIVELAMBDA_STREAMED_URL";

struct RewriteOptions {
  // The S3 key, made of its content, that an artifact has in the debug stack's bucket.
  std::function<base::Result<std::string>(const Stack&, const LocalArtifact&)> key_of = {};
  // The text of an artifact that goes into the template itself: SAM takes the schema of a GraphQLApi from nowhere else,
  // as long as its bucket is a parameter.
  std::function<base::Result<std::string>(const Stack&, const LocalArtifact&)> text_of = {};
  // The S3 key that the text of a nested template has there.
  std::function<std::string(std::string_view text)> template_key = {};
  // 900 s for live functions, and visibility timeouts of the queues that feed them to match.
  bool increase_timeout = false;
};

struct Diagnostic {
  std::string logical_id;  // "" of the whole template
  std::string message;     // continues a sentence that begins with the logical id: "has no SnapStart while it is live"
  int line = 0;
};

struct Rewritten {
  std::string stack_id;
  codec::json::value document;
  std::string text;                     // the document as compact JSON
  std::vector<std::string> parameters;  // which of the parameters above it declares, those of nested ones included
  std::vector<Diagnostic> diagnostics;  // what the user may want to know: dropped properties, permissions boundaries, …
  std::vector<Rewritten> nested;        // in the order of Stack::nested
  std::string key;                      // of a nested one: where its parent expects its text
  std::vector<std::string> outside_roles;  // those that need the bridge role, of this stack and its nested ones
};

// Errors, all ErrorKind::invalid_input with file and line: an artifact that key_of refuses, a nested template that was
// not read, a parameter or resource of the template that has a name which the rewrite needs.
base::Result<Rewritten> rewrite_to_live(const Stack& stack, const RewriteOptions& options);

// The same without anything made live: every artifact at its place in S3, for `deploy`.
base::Result<Rewritten> package(const Stack& stack, const RewriteOptions& options);

}  // namespace app
