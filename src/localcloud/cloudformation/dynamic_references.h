// Dynamic references in values: {{resolve:ssm:name}}, {{resolve:ssm:name:version}}, and
// {{resolve:secretsmanager:id:SecretString:key:stage:version}}, where all after the name or ARN may be left out.
//
// {{resolve:ssm-secure:…}} is refused as CloudFormation refuses it: it is only for properties of types that are not
// here.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"

namespace localcloud {

namespace json = boost::json;

// Every reference in the value's strings replaced, read with the caller's rights.
base::Result<json::value> resolve_dynamic_references(const Cloud& cloud, const Principal& caller, json::value value);

}  // namespace localcloud
