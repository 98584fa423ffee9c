// Base64 (RFC 4648 §4, with padding), the only alphabet that AWS's APIs use.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace codec {

std::string base64_encode(std::span<const std::uint8_t> bytes);
std::string base64_encode(std::string_view bytes);

// Strict: any character outside the alphabet, wrong padding or wrong length is ErrorKind::invalid_input.
base::Result<std::string> base64_decode(std::string_view text);

}  // namespace codec
