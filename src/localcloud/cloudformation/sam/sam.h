// The SAM transform, AWS::Serverless-2016-10-31: serverless resources and Globals into plain CloudFormation.
//
// Held to what aws-sam-translator (AWS's own) puts out: logical ids, types, properties. Two things differ on purpose:
// the hash in a REST deployment's logical id is of other text (AWS hashes Python's print of the body), and what is not
// implemented fails by name. Implemented: Function (events HttpApi, Api, SNS), HttpApi, Api, SimpleTable.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

constexpr std::string_view kSamTransform = "AWS::Serverless-2016-10-31";
constexpr std::string_view kTransformFailed = "TransformFailed";  // the `code` of errors

// A whole template without its SAM: "Transform" and "Globals" are gone. Errors: "Transform AWS::Serverless-2016-10-31
// failed with: Invalid Serverless Application Specification document. …", every broken resource named.
base::Result<json::object> expand_sam(const json::object& document);

}  // namespace localcloud
