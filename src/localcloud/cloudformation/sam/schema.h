// What a serverless resource or event may say, and of which kind each property is: the first check of each.
#pragma once

#include <boost/json.hpp>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace localcloud::sam {

namespace json = boost::json;

enum class Kind {
  any,
  string,
  map,
  list,
  integer,
  boolean,
  string_or_map,
  boolean_or_map,
  map_of_maps,  // or of strings
  map_of_strings,
  map_of_integers,  // or of maps
  list_of_items,    // strings or maps
  policies,         // a string, a map, or a list of both
  string_or_strings,
};

struct Property {
  std::string_view name;
  Kind kind = Kind::any;
  bool required = false;
  bool intrinsic = true;  // a map with one member passes as a function
};

using Schema = std::vector<Property>;

const Schema& schema_of_function();
const Schema& schema_of_api();
const Schema& schema_of_http_api();
const Schema& schema_of_simple_table();
const Schema& schema_of_layer_version();
const Schema& schema_of_application();
// nullptr for an event type that SAM does not have, or that is not implemented here.
const Schema* schema_of_event(std::string_view type);

// `id` and `type` are for the words of errors.
base::Result<> check(const json::object& properties, const Schema& schema, std::string_view id, std::string_view type);

}  // namespace localcloud::sam
