// Where a key stands among others, as text that compares bytewise: by a hash of the partition key, so that a Scan has
// no order that anyone could rely on and segments are even; then by the partition key; then by the sort key in
// DynamoDB's order (text and binary by bytes, numbers by value). Pure.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "localcloud/dynamodb/schema.h"

namespace localcloud {

// The start that all keys with this partition key share, and nobody else's have.
std::string partition_place(const json::value& partition_key);
// The whole place. `key` has the schema's attributes; others do not count.
std::string place_of(const KeySchema& schema, const json::object& key);
// Which of `total` segments of a parallel Scan the place is in.
std::int64_t segment_of(std::string_view place, std::int64_t total);

}  // namespace localcloud
