// A stack's parameters: what the caller gave, held against what the template declares, as values that Ref can give.
//
// Names of AWS resources (AWS::EC2::VPC::Id, List<AWS::EC2::Subnet::Id>, …) are taken as they are given: nothing here
// has such resources to look them up.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/template.h"
#include "localcloud/identity.h"

namespace localcloud {

struct GivenParameter {
  std::string value;
  bool use_previous = false;
};

struct ParameterValues {
  std::map<std::string, std::string> texts;     // as given; a default where nothing was
  std::map<std::string, std::string> resolved;  // of AWS::SSM::Parameter::Value<…>: what the parameter store has
  std::map<std::string, json::value> values;    // what Ref gives: a string, or a list for list types
};

struct ParameterRequest {
  const Cloud& cloud;
  const Principal& caller;  // reads the parameter store
  const std::map<std::string, GivenParameter>& given;
  const std::map<std::string, std::string>& previous;
};

// Errors in CloudFormation's words: "Parameters: [A] must have values", …
base::Result<ParameterValues> resolve_parameters(const Declarations<ParameterDeclaration>& declared,
                                                 const ParameterRequest& request);

// What is known of them before macros have run: without checks, and without those that have no value.
ParameterValues preliminary_parameters(const Declarations<ParameterDeclaration>& declared,
                                       const std::map<std::string, GivenParameter>& given,
                                       const std::map<std::string, std::string>& previous);

}  // namespace localcloud
