// Small questions that languages ask of the file system and of texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace worker {

// `folder` and the folders above it, up to and with `top`; only `folder` if it is not below `top`.
std::vector<std::string> folders_up(std::string_view folder, std::string_view top);

// Whether it is a file, or a link to one.
bool is_file(const std::string& path);
bool is_directory(const std::string& path);

// Of a text that is nothing but digits, and not too many.
std::optional<int> parse_number(std::string_view text);

}  // namespace worker
