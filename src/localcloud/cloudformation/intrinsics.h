// CloudFormation's intrinsic functions: a value of a template, and what it comes to.
//
// Pure: parameters, conditions and pseudo parameters are given as values, resources are asked for through the scope. A
// value that comes to AWS::NoValue disappears from the object or list that holds it. Unknown functions fail by name.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {

struct PseudoParameters {
  std::string account_id;
  std::string region;
  std::string stack_name;
  std::string stack_id;
  std::vector<std::string> notification_arns = {};
};

struct Scope {
  const json::object* mappings = nullptr;
  const std::map<std::string, json::value>* parameters = nullptr;
  const std::map<std::string, bool>* conditions = nullptr;
  PseudoParameters pseudo;
  std::function<base::Result<json::value>(const std::string& logical_id)> ref;
  std::function<base::Result<json::value>(const std::string& logical_id, const std::string& attribute)> attribute;
  std::function<base::Result<json::value>(const std::string& name)> import_value;
  // What is done with every value that has been worked out (dynamic references); may be empty.
  std::function<base::Result<json::value>(json::value)> finish = {};
};

// Null for AWS::NoValue at the top.
base::Result<json::value> evaluate(const json::value& value, const Scope& scope);

// Each member evaluated; those without value are left out.
base::Result<json::object> evaluate_members(const json::object& object, const Scope& scope);

// Every condition of a template. `scope.conditions` is not used. Errors: a circle of conditions.
base::Result<std::map<std::string, bool>> evaluate_conditions(const json::object& declared, const Scope& scope);

}  // namespace localcloud
