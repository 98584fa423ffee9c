// Questions about files, where a failure to find out means no.
#pragma once

#include <filesystem>

namespace project {

bool is_there(const std::filesystem::path& path);
// In the folder, or in one above it.
bool is_there_or_above(std::filesystem::path folder, const std::filesystem::path& name);

}  // namespace project
