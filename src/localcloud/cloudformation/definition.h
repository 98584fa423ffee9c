// From what a request brings to a StackDefinition: template text, macros, parameters, capabilities, conditions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/parameters.h"
#include "localcloud/cloudformation/stack.h"
#include "localcloud/identity.h"

namespace localcloud {

// A template's text, and it as declarations after its macros.
struct ProcessedTemplate {
  std::string original;
  std::string processed;
  Template declared;
  std::vector<std::string> transforms;  // the original's
};

class Macros;  // lambda_macros.h

// What macros may know: parameters as far as they have values, and who asks.
struct MacroInput {
  const Cloud& cloud;
  const Principal& caller;
  PseudoParameters pseudo;
  const std::map<std::string, GivenParameter>& given;
  const std::map<std::string, std::string>& previous;
  Macros* macros = nullptr;  // of the account; without them such a macro fails by name
};

// Macros: AWS::Include, AWS::LanguageExtensions (macros.h), AWS::Serverless-2016-10-31, those of the account
// (lambda_macros.h); others fail by name. Errors of a macro have the code kTransformFailed (sam/sam.h).
base::Result<ProcessedTemplate> process_template(std::string text, const MacroInput& input);

struct DefinitionInput {
  std::string template_text;
  std::map<std::string, GivenParameter> parameters;
  std::map<std::string, std::string> tags;
  std::vector<std::string> capabilities;
  std::vector<std::string> notification_arns;
  std::string role_arn;
  Principal caller;
  std::vector<std::string> without_effect;
  bool by_change_set = false;
  Macros* macros = nullptr;
};

// `stack`: the stack it is for, with its parameters so far. Checks everything that can be known before a resource is
// made.
base::Result<StackDefinition> build_definition(const Cloud& cloud, const Stack& stack, DefinitionInput input);

}  // namespace localcloud
