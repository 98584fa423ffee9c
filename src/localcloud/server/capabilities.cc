#include "localcloud/server/capabilities.h"

#include <set>
#include <string_view>

namespace localcloud {

namespace {

template <typename Names>
json::array list_of(const Names& names) {
  json::array list;
  for (const auto& name : names) list.emplace_back(std::string_view(name));
  return list;
}

}  // namespace

json::object capabilities_of(const std::map<std::string, Service*, std::less<>>& services,
                             const std::vector<const ResourceType*>& types) {
  std::map<std::string, std::set<std::string>> operations;
  for (const auto& [scope, service] : services) {
    for (const auto& name : service->operations()) {
      auto colon = name.find(':');
      bool prefixed = colon != std::string::npos;
      operations[prefixed ? name.substr(0, colon) : scope].insert(prefixed ? name.substr(colon + 1) : name);
    }
  }
  json::object by_service;
  for (const auto& [service, names] : operations) by_service[service] = list_of(names);

  std::map<std::string_view, const ResourceType*> in_order;
  for (const auto* type : types) in_order[type->name()] = type;
  json::object by_type;
  for (const auto& [name, type] : in_order) {
    by_type[name] = json::object{{"works", list_of(type->works())}, {"accepted", list_of(type->accepted())}};
  }
  return {{"services", std::move(by_service)}, {"resourceTypes", std::move(by_type)}};
}

}  // namespace localcloud
