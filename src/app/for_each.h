// Fn::ForEach of AWS::LanguageExtensions, expanded where it can be before deployment, so that the functions which come
// of loops are functions of the template
// (docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html).
//
// A loop is expanded whole, with the loops within it, or not at all. It stays as it is, for CloudFormation to expand or
// to refuse: if a collection is not known, or has an empty element; if it is no well-formed loop, makes a key twice, or
// uses the identifier of a loop around it; if Fn::Transform is within it, which CloudFormation applies before it loops.
#pragma once

#include <optional>
#include <string_view>

#include "app/parameters.h"
#include "codec/json.h"
#include "codec/yaml.h"

namespace app {

// The template with its loops in Resources, Conditions and Outputs expanded, what they make in their place, on the
// loop's line. Nothing if no loop that can be expanded makes functions, or if another macro is to see the loops first:
// then they are CloudFormation's as they stand.
std::optional<codec::Document> expand_loops(const codec::Document& document, const KnownValues& values);

bool is_loop(std::string_view key);

// Whether a loop among resources may make functions or nested stacks, which may have some.
bool makes_functions(const codec::json::value& loop);

}  // namespace app
