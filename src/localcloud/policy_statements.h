// The statements of a resource's policy by their Sid, as AddPermission and RemovePermission change them. For documents
// that check_policy() has passed.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>
#include <utility>

#include "codec/json.h"

namespace localcloud {

namespace json = boost::json;

// As a list, whatever the document had.
inline json::array& statements_of(json::value& policy) {
  auto& object = policy.is_object() ? policy.get_object() : policy.emplace_object();
  auto& statements = object["Statement"];
  if (statements.is_array()) return statements.get_array();
  json::array list;
  if (!statements.is_null()) list.emplace_back(std::move(statements));
  statements = std::move(list);
  return statements.get_array();
}

inline json::array::iterator find_statement(json::array& statements, std::string_view label) {
  return std::find_if(statements.begin(), statements.end(),
                      [&](const auto& one) { return codec::find_string(one, "Sid") == label; });
}

}  // namespace localcloud
