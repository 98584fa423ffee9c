#include "codec/zstd.h"

#include <fmt/format.h>
#include <zstd.h>

#include <stdexcept>

namespace codec {
namespace {

constexpr int kLevel = 1;

base::Error invalid(std::string message) {
  return {.kind = base::ErrorKind::invalid_input, .message = std::move(message)};
}

}  // namespace

std::string zstd_compress(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  if (ZSTD_isError(size) != 0U) throw std::runtime_error(ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

base::Result<std::string> zstd_decompress(std::string_view compressed, std::size_t max_size) {
  unsigned long long stated = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (stated == ZSTD_CONTENTSIZE_ERROR) return base::fail(invalid("not Zstandard data"));
  if (stated == ZSTD_CONTENTSIZE_UNKNOWN) return base::fail(invalid("Zstandard data that does not state its size"));
  if (stated > max_size) {
    return base::fail(invalid(fmt::format("Zstandard data of {} bytes, more than the {} allowed", stated, max_size)));
  }
  std::string out(static_cast<std::size_t>(stated), '\0');
  std::size_t size = ZSTD_decompress(out.data(), out.size(), compressed.data(), compressed.size());
  if (ZSTD_isError(size) != 0U || size != out.size()) return base::fail(invalid("broken Zstandard data"));
  return out;
}

}  // namespace codec
