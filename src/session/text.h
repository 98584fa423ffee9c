// Text on its way to the user: places in files, and text of others (a program's output, an error's body) made fit to be
// shown and to be put in JSON.
#pragma once

#include <string>
#include <string_view>

namespace session {

// "template.yaml:7: ", without the line if it is 0; "" if there is no file. For the beginning of a message.
std::string place_text(std::string_view file, int line);

// The text with every byte that is not part of well-formed UTF-8 (RFC 3629) replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace session
