// The resource types by name, as templates ask for them. Every "Custom::Name" is AWS::CloudFormation::CustomResource.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "localcloud/resource_type.h"

namespace localcloud {

constexpr std::string_view kStackType = "AWS::CloudFormation::Stack";
constexpr std::string_view kCustomType = "AWS::CloudFormation::CustomResource";

class TypeCatalog {
 public:
  explicit TypeCatalog(ResourceTypes types);

  void add(std::unique_ptr<ResourceType> type);
  ResourceType* find(std::string_view name) const;  // null if there is none
  ResourceType& at(std::string_view name) const;    // of a name that was found before
  std::vector<const ResourceType*> all() const;

  // Why this type or a property of it cannot be had ("Encountered unsupported property X"), or "" if all can.
  std::string unsupported_reason(std::string_view type, const json::object& properties) const;
  // What is accepted without effect: the whole type, or each such property that `before` (may be null) has not.
  std::vector<std::string> without_effect(std::string_view type, const json::object& properties,
                                          const json::object* before) const;

 private:
  ResourceTypes types_;
  std::map<std::string_view, ResourceType*> by_name_;
};

bool is_custom_type(std::string_view name);

}  // namespace localcloud
