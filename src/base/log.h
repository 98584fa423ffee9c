// Diagnostics for whoever debugs livelambda itself, on stderr; what a user should read goes through cli's output.
// Levels are set once by main(); the sink is the one global of the project. Never log credentials, environment values
// or bodies.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string_view>

namespace base {

enum class LogLevel { debug, info, warn, error, off };

using LogSink = std::function<void(LogLevel, std::string_view message)>;

// Default: warn and above, as "livelambda: warn: …" lines on stderr. Called before other threads exist.
void set_log_level(LogLevel level);
void set_log_sink(LogSink sink);

bool log_enabled(LogLevel level);
void log_message(LogLevel level, std::string_view message);

template <typename... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_message(level, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::debug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_warn(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::warn, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::error, format, std::forward<Args>(args)...);
}

}  // namespace base
