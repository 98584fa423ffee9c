// Small values of templates that SAM writes, and its questions about values. Nothing here fails.
//
// "Absent" and null are the same to SAM: find() gives nullptr for both.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace localcloud::sam {

namespace json = boost::json;

json::object ref_to(std::string_view logical_id);                               // {"Ref": …}
json::object get_att(std::string_view logical_id, std::string_view attribute);  // {"Fn::GetAtt": […]}
json::object sub(std::string_view text);                                        // {"Fn::Sub": "…"}
json::object sub(std::string_view text, json::object variables);                // {"Fn::Sub": ["…", {…}]}
json::object if_condition(std::string_view condition, json::value value);       // {"Fn::If": [c, value, NoValue]}
json::object if_condition(std::string_view condition, json::value value, json::value otherwise);
json::object negated(std::string_view condition);  // {"Fn::Not": [{"Condition": c}]}

const json::value* find(const json::object& object, std::string_view key);
const json::value* find(json::object&& object, std::string_view key) = delete;  // what it found would be gone
json::value* find(json::object& object, std::string_view key);
const json::object* find_object(const json::object& object, std::string_view key);  // nullptr for other kinds, too
const json::object* find_object(json::object&& object, std::string_view key) = delete;
json::object* find_object(json::object& object, std::string_view key);
json::object& object_in(json::object& object, std::string_view key);                // made if absent or of another kind
json::object object_at(const json::object& object, std::string_view key);           // {} if absent or of another kind
std::string string_at(const json::object& object, std::string_view key);            // "" if absent or of another kind
void set_if(json::object& object, std::string_view key, const json::value* value);  // unless nullptr

// What Python takes for true: not null, false, 0, "", [] and {}.
bool truthy(const json::value& value);
bool truthy_at(const json::object& object, std::string_view key);
bool is_true(const json::object& object, std::string_view key);  // exactly `true`

bool is_intrinsic(const json::value& value);  // {"Ref"|"Condition"|"Fn::…": …}
bool is_if(const json::value& value);
bool is_no_value(const json::value& value);
bool is_text(const json::value& value, std::string_view text);
// Of a Ref or a GetAtt of one attribute.
std::optional<std::string> referenced_id(const json::value& value);

bool is_alphanumeric(std::string_view text);  // and not empty
std::string upper(std::string_view text);
std::string replaced(std::string_view text, std::string_view what, std::string_view by);  // everywhere
bool contains(const json::array& array, const json::value& value);
json::array as_list(const json::value& value);                        // a value that is none becomes one of itself
std::string quoted_list(const std::vector<std::string_view>& names);  // ['a', 'b']
std::string text_of(const json::value& value);                        // as Python prints it

// [{"Key","Value"}]; null values become "".
json::array tag_list(const json::object& tags);

// SAM's names for made resources: the prefix and ten digits of the SHA-1 of the data's JSON as Python writes it with
// sorted keys; of text itself for a string; the prefix alone if there is no data. `hash` stands for the data's hash.
std::string hashed_id(std::string_view prefix, const json::value& data, std::string_view hash = {});
std::string sha1_hex(std::string_view text);
std::string sorted_json(const json::value& value);

}  // namespace localcloud::sam
