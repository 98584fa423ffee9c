// The functions of mapping templates: $input, $util, and the methods of texts, lists and maps. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/apigateway/velocity.h"

namespace localcloud::velocity {

bool is_input_function(std::string_view name);
bool is_util_function(std::string_view name);
bool is_method(std::string_view name);

// Errors of all: invalid_input. A value that is absent is null.
base::Result<json::value> call_input(std::string_view name, const std::vector<json::value>& arguments,
                                     const TemplateScope& scope);
base::Result<json::value> call_util(std::string_view name, const std::vector<json::value>& arguments);
base::Result<json::value> call_method(const json::value& of, std::string_view name,
                                      const std::vector<json::value>& arguments);
json::value member_of(const json::value& of, std::string_view name);
json::value element_of(const json::value& of, const json::value& index);

// As a template writes a value: texts as they are, maps as Java's ("{a=1}"), null as nothing.
std::string text_of(const json::value& value);

// "$", "$.a.b", "$['a']", "$.list[0]", "$.list[*].name". Errors: anything else of JSONPath, by name.
base::Result<json::value> at_json_path(const json::value& document, std::string_view path);

}  // namespace localcloud::velocity
