// Text of others (a program's output, an error's body) made fit to be shown and to be put in JSON.
#pragma once

#include <string>
#include <string_view>

namespace session {

// The text with every byte that is not part of well-formed UTF-8 (RFC 3629) replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace session
