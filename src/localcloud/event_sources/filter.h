// FilterCriteria of an event source mapping (Lambda developer guide, "Control which events Lambda sends to your
// function"): a record passes if one of the patterns matches it, or if there is none. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "localcloud/event_pattern.h"

namespace localcloud {

namespace json = boost::json;

class Filter {
 public:
  // {"Filters":[{"Pattern":"…"}]}. Errors: InvalidParameterValueException 400.
  static base::Result<Filter> parse(const json::value& criteria);

  // `record`: as the function would get it. The body of a queue's message counts as JSON where it is an object or a
  // list; otherwise it is text, and a pattern that wants an object does not match it.
  bool passes(const json::object& record) const;

  bool empty() const { return patterns_.empty(); }
  json::object answer() const;  // FilterCriteria again

 private:
  std::vector<std::string> texts_;
  std::vector<EventPattern> patterns_;
};

}  // namespace localcloud
