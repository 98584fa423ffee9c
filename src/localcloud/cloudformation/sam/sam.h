// The SAM transform, AWS::Serverless-2016-10-31: serverless resources and Globals into plain CloudFormation.
//
// Held to what aws-sam-translator (AWS's own) puts out: logical ids, types, properties, the words of errors. One thing
// differs: the hash in a REST deployment's logical id is of other text (AWS hashes Python's print of the definition).
// Not here, and refused by name: StateMachine, GraphQLApi, Connector, applications of the repository, Domain,
// DeploymentPreference, and the events of services that are not here.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

constexpr std::string_view kSamTransform = "AWS::Serverless-2016-10-31";
constexpr std::string_view kTransformFailed = "TransformFailed";  // the `code` of errors

// What SAM knows beside the template.
struct SamInput {
  std::map<std::string, std::string> parameters = {};  // as the caller gave them; defaults are in the template
  std::string region = "us-east-1";
  std::int64_t now = 0;  // seconds; for AlwaysDeploy
};

// A whole template without its SAM: "Transform" and "Globals" are gone. Errors: "Transform AWS::Serverless-2016-10-31
// failed with: Invalid Serverless Application Specification document. …", every broken resource named.
base::Result<json::object> expand_sam(const json::object& document, const SamInput& input = {});

}  // namespace localcloud
