// Attribute values in DynamoDB's own JSON, {"S":"text"}, {"N":"1"}, {"M":{…}}, …: checked once on the way in, then
// compared, measured and walked. Pure.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

// A value as it is stored: exactly one known type, numbers in normal form, sets without duplicates, at most 32 levels.
// Errors: ValidationException, SerializationException 400.
base::Result<json::value> check_value(const json::value& value);
// The same for every attribute of an item.
base::Result<json::object> check_item(const json::value& item);

// "S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS" of a checked value, and what it holds.
std::string_view type_of(const json::value& value);
const json::value& content_of(const json::value& value);

// Order of two values of the same type S, N or B; nullopt for anything else.
std::optional<int> compare_values(const json::value& a, const json::value& b);
bool equal_values(const json::value& a, const json::value& b);  // sets without order
bool equal_items(const json::object& a, const json::object& b);

// Of an SS, NS or BS: views of its texts, which are in normal form.
std::set<std::string_view> members_of(const json::array& set);

// Is the item still of at most 32 levels, after an update put a value into it?
bool fits_nesting(const json::object& item);

// Bytes as DynamoDB counts them: names and values of an item.
std::size_t item_size(const json::object& item);

// A document path: attribute names and list indexes.
using PathPart = std::variant<std::string, std::size_t>;
using Path = std::vector<PathPart>;
std::string to_text(const Path& path);  // "[a, b, [1]]", as error messages have it

const json::value* find_path(const json::object& item, const Path& path);

}  // namespace localcloud
