// Statements of resource policies, as AddPermission and AWS::Lambda::Permission write them.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "localcloud/lambda/lambda_service.h"

namespace localcloud {

// The statement of the members Action, Principal, SourceArn, SourceAccount, PrincipalOrgID, EventSourceToken,
// FunctionUrlAuthType and InvokedViaFunctionUrl. Errors: ValidationException, InvalidParameterValueException.
base::Result<json::object> make_statement(const json::object& input, std::string_view id,
                                          std::string_view resource_arn);

// Errors: ResourceConflictException 409 if there is one of that id; PolicyLengthExceededException.
base::Result<> add_statement(LambdaFunction& function, std::string_view qualifier, json::object statement);
// Errors: ResourceNotFoundException 404.
base::Result<> remove_statement(LambdaFunction& function, std::string_view qualifier, std::string_view id);

// Without its statements of that id; false if there was none.
bool erase_statement(json::array& statements, std::string_view id);

}  // namespace localcloud
