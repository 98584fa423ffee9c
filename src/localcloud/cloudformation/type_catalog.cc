#include "localcloud/cloudformation/type_catalog.h"

#include <fmt/format.h>

#include <utility>

namespace localcloud {

TypeCatalog::TypeCatalog(ResourceTypes types) {
  for (auto& type : types) add(std::move(type));
}

void TypeCatalog::add(std::unique_ptr<ResourceType> type) {
  by_name_.emplace(type->name(), type.get());
  types_.push_back(std::move(type));
}

ResourceType* TypeCatalog::find(std::string_view name) const {
  const auto found = by_name_.find(is_custom_type(name) ? kCustomType : name);
  return found == by_name_.end() ? nullptr : found->second;
}

ResourceType& TypeCatalog::at(std::string_view name) const {
  return *by_name_.at(is_custom_type(name) ? kCustomType : name);
}

std::vector<const ResourceType*> TypeCatalog::all() const {
  std::vector<const ResourceType*> all;
  for (const auto& type : types_) all.push_back(type.get());
  return all;
}

std::string TypeCatalog::unsupported_reason(std::string_view type, const json::object& properties) const {
  const auto* found = find(type);
  if (found == nullptr) return fmt::format("Resource type {} is not implemented by the local cloud", type);
  if (is_custom_type(type)) return {};  // its function takes what it is given
  for (const auto& [name, value] : properties) {
    if (!found->works().contains(name) && !found->accepted().contains(name)) {
      return fmt::format("Encountered unsupported property {}", std::string_view(name));
    }
  }
  return {};
}

std::vector<std::string> TypeCatalog::without_effect(std::string_view type, const json::object& properties,
                                                     const json::object* before) const {
  const auto* found = find(type);
  if (found == nullptr || found->accepted().empty()) return {};
  if (found->works().empty()) {
    if (before != nullptr) return {};
    return {fmt::format("Resource type {} is accepted without effect by the local cloud", type)};
  }
  std::vector<std::string> reasons;
  for (const auto& [name, value] : properties) {
    if (!found->accepted().contains(name) || (before != nullptr && before->contains(name))) continue;
    reasons.push_back(
        fmt::format("Property {} of {} is accepted without effect by the local cloud", std::string_view(name), type));
  }
  return reasons;
}

bool is_custom_type(std::string_view name) {
  return name == kCustomType || name.starts_with("Custom::");
}

}  // namespace localcloud
