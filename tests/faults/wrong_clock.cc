// LD_PRELOAD for one machine's programs: its wall clock goes wrong by as many seconds as the file named by WRONG_CLOCK
// says, which a test may write again at any time. The steady clocks stay, as they do on a machine whose user or
// firmware sets the time.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>

namespace {

long seconds_off() {
  const char* file = std::getenv("WRONG_CLOCK");
  int opened = file == nullptr ? -1 : open(file, O_RDONLY | O_CLOEXEC);
  if (opened < 0) return 0;
  char text[32] = {};
  auto size = read(opened, text, sizeof text - 1);
  close(opened);
  return size > 0 ? std::atol(text) : 0;
}

using ClockGettime = int (*)(clockid_t, timespec*);

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  static const auto real = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
  int result = real(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += seconds_off();
  return result;
}

int gettimeofday(timeval* now, void*) noexcept {
  timespec precise{};
  int result = clock_gettime(CLOCK_REALTIME, &precise);
  *now = {.tv_sec = precise.tv_sec, .tv_usec = precise.tv_nsec / 1000};
  return result;
}

time_t time(time_t* out) noexcept {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out != nullptr) *out = precise.tv_sec;
  return precise.tv_sec;
}

}  // extern "C"
