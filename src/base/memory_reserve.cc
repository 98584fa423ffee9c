#include "base/memory_reserve.h"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace base {
namespace {

std::size_t wanted = 0;
std::atomic<void*> kept = nullptr;

void give_out() {
  void* reserve = kept.exchange(nullptr);
  if (reserve == nullptr) throw std::bad_alloc();
  std::free(reserve);
}

}  // namespace

void keep_memory_reserve(std::size_t bytes) {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  std::free(kept.exchange(nullptr));
  wanted = bytes;
  std::set_new_handler(bytes == 0 ? nullptr : give_out);
  memory_is_short();
}

bool memory_is_short() {
  if (wanted == 0 || kept != nullptr) return false;
  void* reserve = std::malloc(wanted);
  if (reserve == nullptr) reserve = std::malloc(wanted / 2);
  void* none = nullptr;
  if (!kept.compare_exchange_strong(none, reserve)) std::free(reserve);  // another thread was faster
  return reserve == nullptr;
}

bool memory_has_room(std::size_t bytes) {
  void* volatile room = std::malloc(bytes);  // else a compiler may take it for had
  const bool found = room != nullptr;
  std::free(room);
  return found;
}

void find_memory() {
  const std::new_handler handler = std::get_new_handler();
  if (handler == nullptr) throw std::bad_alloc();
  handler();
}

}  // namespace base
