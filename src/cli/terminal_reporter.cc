#include "cli/terminal_reporter.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "session/text.h"

namespace cli {
namespace {

using namespace session;

constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kCyan = "36";
constexpr std::string_view kDim = "2";
constexpr std::string_view kBold = "1";

// How many bytes an escape sequence at the start of `text` has (ECMA-48): ESC [ … up to a final byte; ESC ] … and its
// like up to BEL or ESC \; else ESC and what belongs to it.
std::size_t escape_size(std::string_view text) {
  if (text.size() < 2) return text.size();
  std::size_t end = 2;
  if (text[1] == '[') {
    while (end < text.size() && (text[end] < 0x40 || text[end] > 0x7e)) ++end;
    return std::min(end + 1, text.size());
  }
  if (std::string_view("]PX^_").find(text[1]) != std::string_view::npos) {
    while (end < text.size() && text[end] != '\a' && text[end] != '\x1b') ++end;
    if (end < text.size() && text[end] == '\x1b') ++end;
    return std::min(end + 1, text.size());
  }
  return end;
}

// What programs and requests say may hold control sequences; on a terminal they could rewrite what stands there. Tab
// stays; colours of programs go too.
std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    auto c = static_cast<unsigned char>(text[0]);
    auto next = static_cast<unsigned char>(text.size() > 1 ? text[1] : '\0');
    std::size_t skip = 0;
    if (c == 0x1b) {
      skip = escape_size(text);
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      skip = 1;
    } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
      skip = 2;  // U+0080 to U+009F, which some terminals obey
    } else {
      result += text[0];
    }
    text.remove_prefix(std::max<std::size_t>(skip, 1));
  }
  return result;
}

}  // namespace

void TerminalReporter::report(const session::Report& report) {
  std::visit([this](const auto& one) { show(one); }, report);
}

void TerminalReporter::show(const Target& target) {
  print(fmt::format("{}  {} on stage {}: account {}, region {}, {}; {} {}\n", paint(kDim, time()),
                    paint(kBold, target.app), paint(kBold, target.stage), paint(kBold, target.account), target.region,
                    target.credentials, target.stacks.size() == 1 ? "stack" : "stacks",
                    fmt::join(target.stacks, ", ")));
}

void TerminalReporter::show(const InfrastructureChange& change) {
  if (change.lines.empty()) return;
  print(fmt::format("{}  {}\n", paint(kDim, time()), paint(kBold, change.stack)));
  for (const std::string& line : change.lines) {
    std::string_view color = line.starts_with('+') ? kGreen : line.starts_with('-') ? kRed : kYellow;
    print_lines("  ", line, color);
  }
}

void TerminalReporter::show(const Outputs& outputs) {
  std::size_t width = 0;
  for (const auto& [name, value] : outputs.outputs) width = std::max(width, name.size());
  print(fmt::format("{}\n", paint(kBold, outputs.stack)));
  for (const auto& [name, value] : outputs.outputs)
    print(fmt::format("  {:<{}}  {}\n", name, width, paint(kCyan, value)));
}

// One line for each resource that is done, and the reason of what failed or is said of a whole stack (what goes on
// after Ctrl+C, what is waited for); every step with --verbose.
void TerminalReporter::show(const DeployProgress& progress) {
  bool failed =
      progress.status.find("FAILED") != std::string::npos || progress.status.find("ROLLBACK") != std::string::npos;
  bool is_stack = progress.resource == progress.stack;
  if (progress.status.ends_with("IN_PROGRESS") && !failed && !is_stack && !style_.verbose) return;
  bool tells = failed || style_.verbose || (is_stack && progress.reason != "User Initiated");
  std::string reason = progress.reason.empty() || !tells ? "" : "  " + printable(progress.reason);
  std::string name = is_stack ? paint(kBold, progress.stack) : fmt::format("  {:<34}", progress.resource);
  print(fmt::format("{}  {:<18} {}  {}{}\n", paint(kDim, time()), progress.status, name,
                    is_stack ? "" : paint(kDim, progress.type), paint(failed ? kRed : kDim, reason)));
}

void TerminalReporter::show(const Ready& ready) {
  print(fmt::format("\n{} {} on stage {}\n", paint(kBold, "Live:"), ready.app, paint(kBold, ready.stage)));
  std::size_t width = 0;
  for (const auto& [name, value] : ready.outputs) width = std::max(width, name.size());
  for (const auto& function : ready.functions) width = std::max(width, function.logical_id.size());
  for (const auto& [name, value] : ready.outputs)
    print(fmt::format("  {:<{}}  {}\n", name, width, paint(kCyan, value)));
  for (const auto& function : ready.functions) {
    print(
        fmt::format("  {:<{}}  {} {}\n", function.logical_id, width, function.handler, paint(kDim, function.runtime)));
  }
  print("Save a file, and the next request runs it. Ctrl+C ends.\n\n");
}

void TerminalReporter::show(const InvocationReport& report) {
  if (report.phase == InvocationReport::Phase::started) {
    const std::string worker = report.pid == 0 ? "no worker" : fmt::format("pid {}", report.pid);
    print(fmt::format("{}  {} {}  {}  {}\n", paint(kDim, time()), paint(kCyan, "→"), paint(kBold, report.function),
                      printable(report.trigger), paint(kDim, worker)));
    return;
  }
  std::string_view color = report.status == "ok" ? kGreen : kRed;
  std::string more = fmt::format("+ {:.1f} ms overhead", report.overhead_ms);
  if (report.init_ms) more += fmt::format("  init {:.0f} ms", *report.init_ms);
  if (report.max_memory_mb > 0) more += fmt::format("  Max Memory Used: {} MB", report.max_memory_mb);
  if (report.max_memory_mb > 0 && report.memory_size_mb > 0) more += fmt::format(" of {}", report.memory_size_mb);
  print(fmt::format("{}  {} {}  {}  {:.1f} ms {}\n", paint(kDim, time()), paint(color, "←"),
                    paint(kBold, report.function), paint(color, report.status), report.ms, paint(kDim, more)));
  if (!report.error.empty()) print_lines("              ", report.error, kRed);
}

void TerminalReporter::show(const LogLine& log) {
  print_lines(fmt::format("{}    {}  ", paint(kDim, time()), paint(kDim, log.function)), log.line, "");
}

void TerminalReporter::show(const BuildReport& build) {
  bool ok = build.status == "ok";
  if (ok && !build.reload) return;
  std::string what = ok ? fmt::format("{} reloaded", build.function) : fmt::format("{} does not load", build.function);
  print(fmt::format("{}  {} {}\n", paint(kDim, time()), paint(ok ? kGreen : kRed, "↻"), what));
  if (!build.output.empty()) print_lines("              ", build.output, kRed);
}

void TerminalReporter::show(const DebuggerReport& debugger) {
  print(fmt::format("{}  {} {}  {} on {} {}{}\n", paint(kDim, time()), paint(kYellow, "●"),
                    paint(kBold, debugger.function), debugger.debugger, paint(kCyan, debugger.address),
                    paint(kDim, fmt::format("pid {}", debugger.pid)),
                    debugger.waits ? "  waits for its debugger to come back" : ""));
}

void TerminalReporter::show(const Displaced& displaced) {
  print(fmt::format("{}  {}\n", paint(kDim, time()),
                    paint(kYellow, "another client has connected: " + printable(displaced.by))));
}

void TerminalReporter::show(const Dropped& dropped) {
  if (!style_.verbose) return;
  print(fmt::format("{}  {}\n", paint(kDim, time()),
                    paint(kYellow, fmt::format("frames dropped ({}): {}", dropped.reason, dropped.count))));
}

void TerminalReporter::show(const ToolOutput& output) {
  print_lines("              ", output.line, kDim);
}

void TerminalReporter::show(const Question& question) {
  std::string_view text = question.text;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    fmt::print(stderr, "{}\n", printable(text.substr(0, end)));
  }
  fmt::print(stderr, "{}", printable(text));  // seen also if stdout goes elsewhere
}

void TerminalReporter::show(const Notice& notice) {
  print(fmt::format("{}  {}\n", paint(kDim, time()), printable(notice.text)));
}

std::string TerminalReporter::paint(std::string_view code, std::string_view text) const {
  return style_.color && !code.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string TerminalReporter::time() const {
  base::WallTime now = clock_.wall_now();
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(std::chrono::system_clock::to_time_t(now)),
                     base::epoch_ms(now) % 1000);
}

void TerminalReporter::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

void TerminalReporter::print_lines(std::string_view prefix, std::string_view text, std::string_view color) {
  while (true) {
    std::size_t end = text.find('\n');
    print(fmt::format("{}{}\n", prefix, paint(color, printable(text.substr(0, end)))));
    if (end == std::string_view::npos || end + 1 == text.size()) return;
    text.remove_prefix(end + 1);
  }
}

std::string to_terminal_text(const base::Error& error, bool color) {
  std::string text = fmt::format("livelambda: {}{}{}{}\n", color ? "\x1b[31m" : "",
                                 session::place_text(error.file, error.line), error.message, color ? "\x1b[0m" : "");
  if (!error.hint.empty()) text += fmt::format("  {}\n", error.hint);
  return text;
}

}  // namespace cli
