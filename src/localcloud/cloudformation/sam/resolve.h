// The references that SAM itself follows: template parameters where it must know a value, and names of resources that
// it gives ("MyFunction.Version", a layer's logical id with its hash).
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

// Every {"Ref": parameter}, and parameters in Fn::Sub, that `parameters` has a value for. Errors: a value in Fn::Sub
// that is no string.
base::Result<json::value> with_parameters(json::value value, const json::object& parameters);

// Property name by logical id: {"MyApi": {"Stage": "MyApiProdStage"}}.
using ResourceProperties = std::map<std::string, std::map<std::string, std::string>>;
json::value with_resource_properties(json::value value, const ResourceProperties& properties);

using RenamedResources = std::map<std::string, std::string>;
json::value with_renamed_resources(json::value value, const RenamedResources& renamed);  // DependsOn, too

}  // namespace localcloud::sam
