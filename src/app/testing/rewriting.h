// Templates as text in, rewritten trees out, compared with trees written as YAML.
#pragma once

#include <string_view>

#include "app/rewrite.h"

namespace app::testing {

// Keys that tell their artifact: "artifacts/<path>", "templates/<size of the text>".
RewriteOptions options();

// Reads and rewrites. What fails, fails the test.
Rewritten rewritten(std::string_view text, const RewriteOptions& with = options());

// The order of keys included.
void expect_tree(const codec::json::value& value, std::string_view yaml);

// The texts of the diagnostics of one resource.
std::vector<std::string> words_on(const Rewritten& outcome, std::string_view logical_id);

}  // namespace app::testing
