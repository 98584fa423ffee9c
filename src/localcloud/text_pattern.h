// Regular expressions that users write (AllowedPattern), matched in bounded stack and time, whatever pattern and text
// are. Perl's syntax, which is that of Java but for what hardly anyone writes.
#pragma once

#include <string_view>

#include "base/result.h"

namespace localcloud {

bool is_text_pattern(std::string_view pattern);

// Does the whole text match? Errors: invalid_input for what is no pattern, and where finding out would take too long.
base::Result<bool> matches_text_pattern(std::string_view pattern, std::string_view text);

}  // namespace localcloud
