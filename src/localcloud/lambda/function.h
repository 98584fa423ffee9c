// A Lambda function as values: one version of its configuration and its code, and how it is written in answers.
//
// A FunctionVersion never changes: an update makes a new one, and environments keep theirs until they end. Unpacked
// packages are removed with the last version that uses them.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/lambda/package.h"

namespace localcloud {

namespace json = boost::json;

struct FunctionVersion {
  std::string name;
  std::string arn;                 // with ":N" of a published version
  std::string number = "$LATEST";  // or "1", "2", …
  std::string runtime;
  std::string handler;
  std::string role;
  std::string description;
  std::string architecture = "x86_64";
  int timeout_seconds = 3;
  int memory_mb = 128;
  int ephemeral_storage_mb = 512;
  std::map<std::string, std::string> environment;
  std::vector<std::string> layer_arns;  // in the order in which they are laid over each other
  std::string dead_letter_arn;          // empty: none
  std::string tracing_mode = "PassThrough";
  json::object logging = {};     // LoggingConfig as given; its LogGroup counts
  json::object vpc = {};         // VpcConfig as given, without effect
  json::object snap_start = {};  // as given, without effect
  std::string image = {};        // URI of a container image; such a function is made, and an invocation of it refused
  json::object durable = {};     // DurableConfig as given; such a function is made, and an invocation of it refused
  std::shared_ptr<const Package> package;
  std::shared_ptr<const LayerTree> layers;  // null: none
  base::WallTime modified{};
  std::string revision;  // a UUID

  std::string log_group() const;
};

// Reads what `input` says of a configuration into `version` and leaves the rest as it is: the members of
// UpdateFunctionConfiguration, which are also properties of AWS::Lambda::Function. Errors: ValidationException and
// InvalidParameterValueException in AWS's wording; what cannot run here is refused by name, nested members too.
base::Result<> apply_configuration(FunctionVersion& version, const json::object& input);

// A new function: what it must say, and the architecture, which no later configuration changes.
base::Result<FunctionVersion> read_function(const json::object& input);

// Architectures, of CreateFunction and UpdateFunctionCode. x86_64 if absent.
base::Result<std::string> read_architecture(const json::object& input);

// {"a":"b"} of the API, or [{"Key":"a","Value":"b"}] of CloudFormation. Errors: not of either form, more than 50.
base::Result<std::map<std::string, std::string>> read_tags(const json::value* tags);

// The Configuration of GetFunction and ListFunctions. `arn`: as the function was asked for, with its alias perhaps.
json::object configuration_of(const FunctionVersion& version, std::string_view arn);
inline json::object configuration_of(const FunctionVersion& version) {
  return configuration_of(version, version.arn);
}

std::string lambda_time(base::WallTime time);  // "2026-01-02T03:04:05.678+0000"

// What runs a runtime's code here. `elsewhere`: a runtime of AWS that this machine does not run; such functions are
// made and described, and an invocation fails by the runtime's name.
enum class RuntimeKind { provided, nodejs, python, elsewhere };
// Errors: InvalidParameterValueException that names the runtime.
base::Result<RuntimeKind> runtime_kind(std::string_view runtime);

// What a function is called in a request: "name", "name:qualifier", "123456789012:function:name" or a full ARN.
struct FunctionReference {
  std::string account;  // empty if not said
  std::string region;
  std::string name;
  std::string qualifier;  // empty if not said
};
FunctionReference parse_function_reference(std::string_view text);

}  // namespace localcloud
