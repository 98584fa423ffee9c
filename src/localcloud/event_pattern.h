// Event patterns, as EventBridge's rules and the filters of Lambda's event source mappings have them (EventBridge user
// guide, "Event patterns"; Lambda developer guide, "Filter rule syntax"). Pure: JSON in, a decision out. What the
// guides leave open follows aws/event-ruler: fields of one object in an array are matched together, `exists` looks at
// leaves of the whole event, numbers compare as numbers.
//
// Letter case is ASCII's only. Not checked: how complex a pattern is.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

class EventPattern {
 public:
  bool matches(const json::value& event) const;

 private:
  struct Node;
  struct Field;
  struct Parser;
  struct Matcher;
  explicit EventPattern(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
  friend base::Result<EventPattern> parse_pattern(const json::value& pattern);

  std::shared_ptr<const Node> root_;
};

// Errors: InvalidEventPatternException 400, "Event pattern is not valid. Reason: …".
base::Result<EventPattern> parse_pattern(const json::value& pattern);
base::Result<EventPattern> parse_pattern_text(std::string_view text);

inline bool matches(const EventPattern& pattern, const json::value& event) {
  return pattern.matches(event);
}

}  // namespace localcloud
