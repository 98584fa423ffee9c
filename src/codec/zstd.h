// Zstandard, level 1: bodies of invocations, where speed counts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace codec {

std::string zstd_compress(std::string_view bytes);

// Refuses, before it unpacks, what would be larger than `max_size` or does not state its size; never allocates more.
base::Result<std::string> zstd_decompress(std::string_view compressed, std::size_t max_size);

}  // namespace codec
