// Globals.Function, merged as the SAM transform does it
// (github.com/aws/serverless-application-model, samtranslator/plugins/globals/globals.py): mappings key by key, lists
// one after the other, and of anything else, or of two kinds, the function's own value. An intrinsic function is one
// value.
#pragma once

#include "codec/json.h"

namespace app {

// {"Ref": …}, {"Fn::…": …} or {"Condition": …}.
bool is_intrinsic(const codec::json::value& value);

codec::json::value merge_global(const codec::json::value& global, const codec::json::value& local);

// Globals.Function of a template; nullptr if there is none.
const codec::json::object* function_globals(const codec::json::value& document);

// Whether the resource takes this property from Globals (it has no IgnoreGlobals that names it).
bool takes_global(const codec::json::object& resource, std::string_view property);

// The properties of an AWS::Serverless::Function with the globals merged in; those of another resource as they are.
codec::json::object effective_properties(const codec::json::value& document, const codec::json::object& resource);

}  // namespace app
