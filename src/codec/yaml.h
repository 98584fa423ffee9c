// YAML as CloudFormation means it: libyaml's events into a tree of our own that keeps lines, scalar styles and key
// order, and its conversion into JSON with CloudFormation's short tags written out (`!Ref x` becomes {"Ref":"x"},
// `!GetAtt a.b` {"Fn::GetAtt":["a","b"]}, `!Sub`, `!Join`, … {"Fn::…":…}, `!Condition` {"Condition":…}).
// Plain scalars resolve by YAML 1.1 as CloudFormation reads them: true/false/null and numbers; quoted ones are strings;
// a plain date such as 2010-09-09 stays a string; yes/no/on/off stay strings as in CloudFormation's own parser. Of a
// duplicate key the last wins, as there. JSON is YAML too: one function reads both.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace codec {

struct DuplicateKey {
  std::string key;
  int line = 0;        // of the later one
  int first_line = 0;  // of the one that it hides
};

struct Document {
  boost::json::value value;
  // JSON pointer ("/Resources/Api/Properties") → 1-based line of the key, for error messages.
  std::map<std::string, int, std::less<>> lines;
  // Almost always a mistake worth a warning, though CloudFormation takes the last without a word.
  std::vector<DuplicateKey> duplicates;

  // The line of the nearest known ancestor of a pointer; 0 if there is none.
  int line_of(std::string_view pointer) const;
};

// Errors: invalid_input with `line`, for syntax errors, unknown tags, aliases that would expand past
// 1 MiB of nodes, pointers of `lines` beyond 64 MiB together, or depth beyond 64.
base::Result<Document> parse_yaml(std::string_view text);

}  // namespace codec
