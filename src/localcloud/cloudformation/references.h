// What a value of a template refers to: by Ref, Fn::GetAtt, Fn::Sub, conditions. The one place that knows where names
// stand.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {

struct References {
  std::vector<std::string> names;       // of Ref and of ${Name} in Fn::Sub: resources, parameters, pseudo parameters
  std::vector<std::string> attributes;  // of resources in Fn::GetAtt and ${Name.Attribute}
  std::vector<std::string> conditions;  // in Fn::If and Condition
};

// With `conditions`, only the branch of a Fn::If that is taken counts.
References references_of(const json::value& value, const std::map<std::string, bool>* conditions = nullptr);

// The parts of a Fn::Sub text: literal text and names in turn; ${!Literal} is text. Errors: an open "${".
struct SubPart {
  bool is_name = false;
  std::string text;
};
base::Result<std::vector<SubPart>> split_sub(std::string_view text);

bool is_pseudo_parameter(std::string_view name);

// {"Fn::GetAtt": …}'s argument as resource and attribute ("A.B" and ["A","B"] are the same); the attribute may be a
// function.
struct AttributeReference {
  std::string resource;
  json::value attribute;
};
base::Result<AttributeReference> read_get_att(const json::value& argument);

// Every name in Resources, Outputs and Conditions is declared. Part of read_template().
base::Result<> check_references(const Template& declared);

}  // namespace localcloud
