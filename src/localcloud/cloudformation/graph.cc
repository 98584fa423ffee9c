#include "localcloud/cloudformation/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "localcloud/cloudformation/references.h"

namespace localcloud {
namespace {

using Dependencies = std::map<std::string, std::vector<std::string>>;

// What is left after those that nobody left depends on are taken away as well: the circles themselves.
std::vector<std::string> circle(std::vector<std::string> left, const Dependencies& dependencies) {
  while (true) {
    std::set<std::string> needed;
    for (const auto& name : left) {
      const auto& of_name = dependencies.at(name);
      needed.insert(of_name.begin(), of_name.end());
    }
    const auto before = left.size();
    std::erase_if(left, [&](const std::string& name) { return !needed.contains(name); });
    if (left.size() == before) return left;
  }
}

}  // namespace

std::vector<std::string> dependencies_of(const Template& declared, const ResourceDeclaration& resource,
                                         const std::map<std::string, bool>& conditions) {
  const auto references = references_of(json::value(resource.properties), &conditions);
  std::vector<std::string> result;
  const auto add = [&](const std::string& name) {
    const auto* other = find_declaration(declared.resources, name);
    if (other == nullptr || !is_included(*other, conditions)) return;
    if (std::find(result.begin(), result.end(), name) == result.end()) result.push_back(name);
  };
  for (const auto& name : references.names) add(name);
  for (const auto& name : references.attributes) add(name);
  for (const auto& name : resource.depends_on) add(name);
  return result;
}

bool is_included(const ResourceDeclaration& resource, const std::map<std::string, bool>& conditions) {
  if (resource.condition.empty()) return true;
  const auto found = conditions.find(resource.condition);
  return found != conditions.end() && found->second;
}

std::vector<std::string> ordered(const std::vector<std::string>& names, const Dependencies& dependencies) {
  const std::set<std::string> known(names.begin(), names.end());
  std::set<std::string> done;
  std::vector<std::string> result;
  bool moved = true;
  while (moved) {
    moved = false;
    for (const auto& name : names) {
      if (done.contains(name)) continue;
      const auto of_name = dependencies.find(name);
      const bool ready = of_name == dependencies.end() ||
                         std::all_of(of_name->second.begin(), of_name->second.end(), [&](const std::string& other) {
                           return !known.contains(other) || done.contains(other);
                         });
      if (!ready) continue;
      done.insert(name);
      result.push_back(name);
      moved = true;
    }
  }
  return result;
}

base::Result<std::vector<std::string>> creation_order(const Template& declared,
                                                      const std::map<std::string, bool>& conditions) {
  std::vector<std::string> names;
  Dependencies dependencies;
  for (const auto& [id, resource] : declared.resources) {
    if (!is_included(resource, conditions)) continue;
    names.push_back(id);
    dependencies[id] = dependencies_of(declared, resource, conditions);
  }
  auto order = ordered(names, dependencies);
  if (order.size() == names.size()) return order;
  const std::set<std::string> placed(order.begin(), order.end());
  std::erase_if(names, [&](const std::string& name) { return placed.contains(name); });
  return validation_error(
      fmt::format("Circular dependency between resources: [{}]", join(circle(std::move(names), dependencies))));
}

}  // namespace localcloud
