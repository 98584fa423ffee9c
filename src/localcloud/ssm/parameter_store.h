// The parameters of the account with their versions and labels: the rules of names, tiers, types and patterns as the
// "Parameter Store" chapters of the Systems Manager user guide and the API reference have them. Pure state: no wire, no
// permission. A SecureString is kept as it is; there is no KMS, so that only the default key (alias/aws/ssm) is known.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace localcloud {

struct ParameterVersion {
  std::int64_t number = 1;
  std::string type;  // "String", "StringList", "SecureString"
  std::string value;
  std::string ciphertext = {};  // of a SecureString: what who does not decrypt gets
  std::string description = {};
  std::string allowed_pattern = {};
  std::string tier = "Standard";
  base::WallTime modified = {};
  std::string user = {};  // ARN of who wrote it
  std::set<std::string> labels = {};
};

struct Parameter {
  std::string name;
  std::map<std::int64_t, ParameterVersion> versions;  // never empty
  std::map<std::string, std::string> tags = {};

  const ParameterVersion& latest() const { return versions.rbegin()->second; }
};

struct NewValue {
  std::string name;
  std::string type;  // empty: as it is
  std::string value;
  std::string description = {};
  std::string allowed_pattern = {};
  std::string tier = {};  // empty: as it is, or Standard
  std::string user = {};
  bool overwrite = false;
};

// One version of one parameter, as "name", "name:3", "name:label" or an ARN with either end selects it.
struct Selected {
  const Parameter* parameter = nullptr;
  const ParameterVersion* version = nullptr;
  std::string selector = {};  // ":3", ":label" or ""
};

// Errors of all: ParameterNotFound, ParameterVersionNotFound, ValidationException 400, … by AWS's codes.
class ParameterStore {
 public:
  using Parameters = std::map<std::string, Parameter, std::less<>>;

  base::Result<const ParameterVersion*> put(NewValue value, base::WallTime now);
  base::Result<Selected> select(std::string_view selector) const;
  base::Result<Parameter*> find(std::string_view name);
  base::Result<> remove(std::string_view name);
  // Moves the labels to the version; those that break the rules are given back.
  base::Result<std::set<std::string>> label(Parameter& parameter, std::int64_t version,
                                            const std::set<std::string>& labels);
  const Parameters& all() const { return parameters_; }

 private:
  Parameters parameters_;
};

// The name in "arn:aws:ssm:REGION:ACCOUNT:parameter/a/b"; a name stays as it is.
std::string parameter_name(std::string_view name_or_arn);

}  // namespace localcloud
