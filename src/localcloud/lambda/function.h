// A Lambda function as a value: its configuration, its unpacked package, its resource policy.
//
// A FunctionVersion never changes: an update makes a new one, and environments keep theirs until they end. The unpacked
// package is removed with the last version that uses it.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

// A package on disk. Not copyable: removes its directory.
class Package {
 public:
  // Unpacks into a directory of its own under `parent`. Errors: InvalidParameterValueException as AWS words it.
  static base::Result<std::shared_ptr<const Package>> unpack(std::string_view zip, const std::string& parent);
  ~Package();
  Package(const Package&) = delete;
  Package& operator=(const Package&) = delete;

  const std::string& directory() const { return directory_; }
  const std::string& sha256() const { return sha256_; }  // base64, as CodeSha256
  std::size_t size() const { return size_; }             // bytes of the archive

 private:
  Package() = default;
  std::string directory_;
  std::string sha256_;
  std::size_t size_ = 0;
};

struct FunctionVersion {
  std::string name;
  std::string arn;
  std::string runtime;
  std::string handler;
  std::string role;
  std::string description;
  std::string architecture = "x86_64";
  int timeout_seconds = 3;
  int memory_mb = 128;
  std::optional<int> reserved_concurrency;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> tags;
  std::shared_ptr<const Package> package;
  base::WallTime modified{};
  std::string revision;              // a UUID
  std::string dead_letter_arn = {};  // of failed asynchronous invocations; empty: none
};

// Reads the properties of an AWS::Lambda::Function, all but Code and the name. Errors: InvalidParameterValueException,
// with AWS's wording where it has one; a runtime other than provided.* is refused by name.
base::Result<FunctionVersion> read_function(const json::object& properties);

struct CodeLocation {
  std::string bucket;
  std::string key;
};
// Errors: a form of code that is not implemented, by name.
base::Result<CodeLocation> read_code_location(const json::object& properties);

// The Configuration of GetFunction and ListFunctions.
json::object configuration_of(const FunctionVersion& version);

// What a function is called in a request: "name", "name:qualifier", "123456789012:function:name" or a full ARN.
struct FunctionReference {
  std::string account;  // empty if not said
  std::string region;
  std::string name;
  std::string qualifier;  // empty if not said
};
FunctionReference parse_function_reference(std::string_view text);

}  // namespace localcloud
