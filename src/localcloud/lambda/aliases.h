// The rules of aliases, for the API and for AWS::Lambda::Alias.
#pragma once

#include <boost/json.hpp>
#include <string_view>

#include "base/result.h"
#include "localcloud/lambda/lambda_service.h"

namespace localcloud {

// Errors: ValidationException; ResourceConflictException 409 if there is one of that name.
base::Result<> check_alias_name(const LambdaFunction& function, std::string_view name);

// Reads FunctionVersion, Description and RoutingConfig over `alias`, as the API has them
// ({"AdditionalVersionWeights":{"2":0.1}}) or CloudFormation ([{"FunctionVersion":"2","FunctionWeight":0.1}]). Errors:
// ResourceNotFoundException for a version that is not there; InvalidParameterValueException.
base::Result<> apply_alias(const LambdaFunction& function, Alias& alias, const json::object& input);

// With its policy and its URL. One that is not there is no error.
void remove_alias(LambdaFunction& function, std::string_view name);

}  // namespace localcloud
