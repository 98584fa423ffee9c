// Numbers as DynamoDB has them: decimal, 38 significant digits, magnitudes from 1E-130 to 9.99…E+125. Exact, no
// floating point.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud {

// The normal form ("1.50" → "1.5", "1E3" → "1000", "-0" → "0"). Errors: ValidationException 400 for what is no number,
// or is out of range or precision.
base::Result<std::string> normal_number(std::string_view text);

// <0, 0, >0. Both must be normal forms.
int compare_numbers(std::string_view a, std::string_view b);

base::Result<std::string> add_numbers(std::string_view a, std::string_view b);
base::Result<std::string> subtract_numbers(std::string_view a, std::string_view b);

}  // namespace localcloud
