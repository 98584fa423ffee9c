// The key condition of a Query: equality of the partition key, and perhaps one condition on the sort key. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "localcloud/dynamodb/expression.h"
#include "localcloud/dynamodb/schema.h"

namespace localcloud {

struct KeyCondition {
  json::value partition;
  std::optional<Condition> range;
};

// Errors: ValidationException in DynamoDB's wording, also if it does not fit the schema.
base::Result<KeyCondition> key_condition_of(const Condition& condition, const KeySchema& schema);

// What a condition says its attributes are equal to: for the decision who may read, before the schema is known.
json::object equalities_of(const Condition& condition);

// The top-level attributes that a condition looks at.
std::vector<std::string> attributes_of(const Condition& condition);

}  // namespace localcloud
