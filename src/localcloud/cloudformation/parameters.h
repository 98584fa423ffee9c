// A stack's parameters: what the caller gave, held against what the template declares, as values that Ref can give.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "base/result.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {

struct GivenParameter {
  std::string value;
  bool use_previous = false;
};

struct ParameterValues {
  std::map<std::string, std::string> texts;   // as given; a default where nothing was
  std::map<std::string, json::value> values;  // what Ref gives: a string, or a list for list types
};

// Errors in CloudFormation's words: "Parameters: [A] must have values", … SSM and EC2 types fail by name.
base::Result<ParameterValues> resolve_parameters(const Template& declared,
                                                 const std::map<std::string, GivenParameter>& given,
                                                 const std::map<std::string, std::string>& previous);

}  // namespace localcloud
