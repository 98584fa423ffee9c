// The tests that a field's pattern is made of: {"prefix":…}, {"numeric":[…]}, {"anything-but":…} and the others, each
// a predicate over one leaf of an event (a string, number, boolean or null).
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

using LeafTest = std::function<bool(const json::value& leaf)>;

// A value that has to be equal, or an object with one operator; `exists` is not among them, since it asks about the
// event, not about a leaf. Errors: InvalidEventPatternException.
base::Result<LeafTest> parse_leaf_test(const json::value& pattern);

// Names that a field inside $or may not have (event-ruler's reserved words).
bool is_reserved_in_or(std::string_view field);

// "Event pattern is not valid. Reason: " and the reason.
tl::unexpected<base::Error> invalid_pattern(std::string_view reason);

}  // namespace localcloud
