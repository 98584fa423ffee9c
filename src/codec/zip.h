// Zip archives: byte-identical output for the same entries in the same order (fixed times), modes kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace codec {

struct ZipEntry {
  std::string name;           // relative, '/'-separated
  std::string content;        // bytes
  std::uint32_t mode = 0644;  // Unix permission bits
};

std::string make_zip(const std::vector<ZipEntry>& entries);

// Errors: invalid_input for a broken archive, a name that is absolute or climbs with "..", or more than
// `max_unpacked` bytes in all.
base::Result<std::vector<ZipEntry>> read_zip(std::string_view archive, std::uint64_t max_unpacked = 262'144'000);

}  // namespace codec
