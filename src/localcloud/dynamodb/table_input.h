// Tables and indexes from the input of CreateTable and UpdateTable or the properties of AWS::DynamoDB::Table, which
// have the same names. Errors: ValidationException 400 in DynamoDB's wording; 501 that names a member nobody
// implements.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/dynamodb/table.h"

namespace localcloud {

// Without name, ARN, dates; those are the service's.
base::Result<Table> make_table(const json::object& input);
// "AttributeDefinitions" of the input; `table` keeps its own if there are none.
base::Result<std::vector<KeyAttribute>> parse_definitions(const json::object& input);
// An index that is not filled yet, for a table whose keys and definitions are known.
base::Result<Index> make_index(const Table& table, const json::value& description, bool global);
base::Result<> check_global_indexes(const Table& table);  // not more than 20
// Is every attribute definition the key of something?
base::Result<> check_definitions_used(const Table& table);
base::Result<Throughput> parse_throughput(const json::value& description);
// "NEW_IMAGE", …, or "" when the specification switches the stream off or is not there.
base::Result<std::string> parse_stream_view(const json::object& input);
// "TableClass"; "" if it is not there.
base::Result<std::string> parse_table_class(const json::object& input);
base::Result<std::map<std::string, std::string>> parse_tags(const json::value* tags);

// --- Members of JSON inputs. CloudFormation writes numbers and booleans as text, too.

// 501 naming the first member of the input that is not in `known`.
base::Result<> check_members(std::string_view operation, const json::object& input,
                             const std::set<std::string_view>& known);
// The string member, or "".
std::string text_member(const json::object& input, std::string_view name);
std::int64_t number_member(const json::object& input, std::string_view name, std::int64_t fallback);
bool flag_member(const json::object& input, std::string_view name, bool fallback = false);
// The object under a name, checked as an item or key. Errors: ValidationException if it is missing.
base::Result<json::object> item_member(const json::object& input, std::string_view name);
// The object or array under a name; nullptr if it is not there or something else.
const json::object* object_member(const json::object& input, std::string_view name);
const json::array* array_member(const json::object& input, std::string_view name);

}  // namespace localcloud
