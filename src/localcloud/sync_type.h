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

// The result of a removal where what is already gone is no error.
inline base::Result<> unless_gone(base::Result<> result) {
  if (!result && result.error().status == 404) return {};
  return result;
}

}  // namespace localcloud
