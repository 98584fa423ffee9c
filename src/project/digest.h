// SHA-256, in hexadecimal digits: names of assets by their content, and marks of what something was made from.
#pragma once

#include <string>
#include <string_view>

namespace project {

std::string sha256_hex(std::string_view text);

}  // namespace project
