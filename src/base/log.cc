#include "base/log.h"

#include <cstdio>

namespace base {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    default:
      return "error";
  }
}

struct Logger {
  LogLevel level = LogLevel::warn;
  LogSink sink = [](LogLevel level, std::string_view message) {
    std::string line = fmt::format("livelambda: {}: {}\n", name_of(level), message);
    std::fwrite(line.data(), 1, line.size(), stderr);
  };
};

Logger& logger() {
  static Logger instance;
  return instance;
}

}  // namespace

void set_log_level(LogLevel level) {
  logger().level = level;
}

void set_log_sink(LogSink sink) {
  logger().sink = std::move(sink);
}

bool log_enabled(LogLevel level) {
  return level >= logger().level;
}

void log_message(LogLevel level, std::string_view message) {
  logger().sink(level, message);
}

}  // namespace base
