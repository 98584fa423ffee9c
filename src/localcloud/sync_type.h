// A resource type whose work never waits: name and property sets as data, three plain functions to override.
#pragma once

#include <fmt/format.h>

#include <boost/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "localcloud/resource_type.h"

namespace localcloud {

struct TypeDescription {
  std::string_view name;
  std::set<std::string_view> works;
  std::set<std::string_view> accepted = {};
  std::set<std::string_view> replaces = {};
};

class SyncType : public ResourceType {
 public:
  explicit SyncType(TypeDescription description) : description_(std::move(description)) {}

  std::string_view name() const override { return description_.name; }
  const std::set<std::string_view>& works() const override { return description_.works; }
  const std::set<std::string_view>& accepted() const override { return description_.accepted; }
  const std::set<std::string_view>& replaces() const override { return description_.replaces; }

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override { co_return make(request); }
  awaitable<base::Result<ResourceState>> update(ResourceRequest request) override { co_return change(request); }
  awaitable<base::Result<void>> remove(ResourceRequest request) override { co_return destroy(request); }

 protected:
  virtual base::Result<ResourceState> make(const ResourceRequest& request) = 0;
  virtual base::Result<ResourceState> change(const ResourceRequest& request) = 0;
  virtual base::Result<> destroy(const ResourceRequest& request) = 0;

 private:
  TypeDescription description_;
};

// A string property; `fallback` if it is absent. Numbers and booleans read as text, as CloudFormation reads them.
inline std::string text_property(const json::object& properties, std::string_view name,
                                 std::string_view fallback = {}) {
  const auto* value = properties.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string(fallback);
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

inline base::Result<std::string> needed_property(const json::object& properties, std::string_view name) {
  auto text = text_property(properties, name);
  if (!text.empty()) return text;
  return base::fail(base::ErrorKind::invalid_input, fmt::format("Property {} is required", name));
}

// A list of strings; one string is a list of one.
inline std::vector<std::string> list_property(const json::object& properties, std::string_view name) {
  std::vector<std::string> list;
  const auto* value = properties.if_contains(name);
  if (value == nullptr) return list;
  if (value->is_string()) list.emplace_back(value->get_string());
  if (const auto* array = value->if_array()) {
    for (const auto& one : *array) {
      if (one.is_string()) list.emplace_back(one.get_string());
    }
  }
  return list;
}

// The objects in a list property. Errors: invalid_input, naming a member that is not in `members`.
inline base::Result<std::vector<json::object>> objects_property(const json::object& properties, std::string_view name,
                                                                const std::set<std::string_view>& members) {
  std::vector<json::object> list;
  const auto* value = properties.if_contains(name);
  if (value == nullptr || value->is_null()) return list;
  const auto* array = value->if_array();
  if (array == nullptr) return base::fail(base::ErrorKind::invalid_input, fmt::format("{} must be a list", name));
  for (const auto& one : *array) {
    const auto* object = one.if_object();
    if (object == nullptr) return base::fail(base::ErrorKind::invalid_input, fmt::format("{} has no objects", name));
    for (const auto& member : *object) {
      if (members.contains(member.key())) continue;
      return base::fail(base::ErrorKind::invalid_input,
                        fmt::format("The local cloud does not implement {}.{}", name, std::string_view(member.key())));
    }
    list.push_back(*object);
  }
  return list;
}

// The tags of a resource: the stack's, and over them those of its property Tags.
inline base::Result<std::map<std::string, std::string>> tags_property(const ResourceRequest& request) {
  auto tags = request.tags;
  TRY(auto own, objects_property(request.properties, "Tags", {"Key", "Value"}));
  for (const auto& tag : own) tags[text_property(tag, "Key")] = text_property(tag, "Value");
  return tags;
}

// The result of a removal where what is already gone is no error.
inline base::Result<> unless_gone(base::Result<> result) {
  if (!result && result.error().status == 404) return {};
  return result;
}

}  // namespace localcloud
