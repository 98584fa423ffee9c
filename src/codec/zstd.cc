#include "codec/zstd.h"

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <memory>
#include <stdexcept>

#include "base/memory_reserve.h"

namespace codec {
namespace {

constexpr int kLevel = 1;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Kept: making one takes longer than a small message. Each call that uses it begins anew.
template <typename Context, Context* make()>
Context& context_of_thread() {
  static thread_local const std::unique_ptr<Context, FreeContext> context(make());
  if (!context) throw std::bad_alloc();
  return *context;
}

base::Error invalid(std::string message) {
  return {.kind = base::ErrorKind::invalid_input, .message = std::move(message)};
}

}  // namespace

std::string zstd_compress(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  ZSTD_CCtx& context = context_of_thread<ZSTD_CCtx, ZSTD_createCCtx>();
  std::size_t size = 0;
  while (true) {
    size = ZSTD_compressCCtx(&context, out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
    if (ZSTD_getErrorCode(size) != ZSTD_error_memory_allocation) break;
    base::find_memory();
  }
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
  std::size_t size = ZSTD_decompressDCtx(&context_of_thread<ZSTD_DCtx, ZSTD_createDCtx>(), out.data(), out.size(),
                                         compressed.data(), compressed.size());
  if (ZSTD_isError(size) != 0U || size != out.size()) return base::fail(invalid("broken Zstandard data"));
  return out;
}

}  // namespace codec
