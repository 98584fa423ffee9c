// Values of the parameter store for templates: parameters of type AWS::SSM::Parameter::Value<…>, dynamic references.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/identity.h"
#include "localcloud/ssm/ssm.h"

namespace localcloud {

// `name` may end in ":version". Nothing if there is no such parameter. Errors: AccessDenied of ssm:GetParameters.
base::Result<std::optional<StoredParameter>> read_ssm_parameter(const Cloud& cloud, const Principal& caller,
                                                                std::string_view name);

}  // namespace localcloud
