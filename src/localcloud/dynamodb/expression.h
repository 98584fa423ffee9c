// The expressions of DynamoDB as syntax trees: conditions (also filters and key conditions), updates, projections. The
// parser follows the grammar of the developer guide ("Condition and filter expressions, operators, and functions",
// "Update expressions"); errors are ValidationException 400 in DynamoDB's wording. Placeholders (#name, :value) are
// resolved while parsing.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/dynamodb/value.h"

namespace localcloud {

// ExpressionAttributeNames and …Values of one request, and which of them its expressions have used.
class Placeholders {
 public:
  // Checks the values. `expressions`: the parameters of the operation that can use values. Errors: ValidationException,
  // also when there is no expression that could use what is given.
  static base::Result<Placeholders> from(const json::object& input, const std::vector<std::string_view>& expressions);

  const std::string* name(const std::string& placeholder);
  const json::value* value(const std::string& placeholder);

  // After every expression was parsed. Errors: names the placeholder that no expression uses.
  base::Result<> check_all_used() const;

 private:
  std::map<std::string, std::string> names_;
  std::map<std::string, json::value> values_;
  std::set<std::string> used_;
};

struct Operand {
  enum class Kind { path, value, size, if_not_exists, list_append };
  Kind kind = Kind::path;
  Path path = {};  // of size: empty if a given value is measured
  json::value value = {};
  std::vector<Operand> arguments = {};  // of if_not_exists (the fallback) and list_append (both)
};

struct Condition {
  enum class Kind { all, any, negation, comparison, between, in, function };
  Kind kind = Kind::all;
  std::string name = {};  // "=", "<>", …; the function's name
  std::vector<Operand> operands = {};
  std::vector<Condition> parts = {};  // of all, any, negation
};

struct Update {
  struct Set {
    Path path;
    Operand first;
    char operation = 0;  // '+', '-', or 0 for the first alone
    Operand second = {};
  };
  struct Change {
    Path path;
    json::value value;
  };
  std::vector<Set> set;
  std::vector<Path> remove;
  std::vector<Change> add;
  std::vector<Change> erase;  // DELETE: members of a set
};

// `kind` is the parameter's name, for messages: "ConditionExpression", "FilterExpression", "KeyConditionExpression".
base::Result<Condition> parse_condition(std::string_view text, std::string_view kind, Placeholders& placeholders);
base::Result<Update> parse_update(std::string_view text, Placeholders& placeholders);
base::Result<std::vector<Path>> parse_projection(std::string_view text, Placeholders& placeholders);
// ProjectionExpression of an operation that has no other expression.
base::Result<std::optional<std::vector<Path>>> parse_optional_projection(const json::object& input);

// One of the words that cannot be an attribute's name in an expression; any case.
bool is_reserved_word(std::string_view word);

}  // namespace localcloud
