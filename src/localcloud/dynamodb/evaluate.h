// What an expression says about an item. Pure; errors are ValidationException 400 in DynamoDB's wording.
#pragma once

#include <boost/json.hpp>

#include "base/result.h"
#include "localcloud/dynamodb/expression.h"

namespace localcloud {

bool holds(const Condition& condition, const json::object& item);

// The item after the update. Every right-hand side reads the item as it was before.
base::Result<json::object> apply(const Update& update, const json::object& item);

// The parts of the item that the paths name, in their places.
json::object project(const std::vector<Path>& paths, const json::object& item);

// Every path the update writes.
std::vector<Path> written_paths(const Update& update);

}  // namespace localcloud
