// In which order resources are made: each after what it refers to, otherwise in the template's order.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {

// The resources a declaration depends on, by reference or DependsOn, without those that conditions leave out.
std::vector<std::string> dependencies_of(const Template& declared, const ResourceDeclaration& resource,
                                         const std::map<std::string, bool>& conditions);

bool is_included(const ResourceDeclaration& resource, const std::map<std::string, bool>& conditions);

// The included resources. Errors: "Circular dependency between resources: [A, B]".
base::Result<std::vector<std::string>> creation_order(const Template& declared,
                                                      const std::map<std::string, bool>& conditions);

// Names in an order such that each stands after its dependencies; unknown dependencies are ignored. What is on a circle
// is left out.
std::vector<std::string> ordered(const std::vector<std::string>& names,
                                 const std::map<std::string, std::vector<std::string>>& dependencies);

}  // namespace localcloud
