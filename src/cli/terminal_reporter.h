// What a person reads: lines on stdout, coloured on a terminal unless NO_COLOR is set.
#pragma once

#include <cstdio>

#include "base/clock.h"
#include "session/reporter.h"

namespace cli {

class TerminalReporter final : public session::Reporter {
 public:
  struct Style {
    bool color = false;
    bool verbose = false;  // also what is dropped, and every step of a deployment
  };

  TerminalReporter(std::FILE* out, Style style, const base::Clock& clock) : out_(out), style_(style), clock_(clock) {}

  void report(const session::Report& report) override;

 private:
  void show(const session::Target& target);
  void show(const session::DeployProgress& progress);
  void show(const session::InfrastructureChange& change);
  void show(const session::Outputs& outputs);
  void show(const session::Ready& ready);
  void show(const session::InvocationReport& report);
  void show(const session::LogLine& log);
  void show(const session::BuildReport& build);
  void show(const session::DebuggerReport& debugger);
  void show(const session::Displaced& displaced);
  void show(const session::Dropped& dropped);
  void show(const session::ToolOutput& output);
  void show(const session::Question& question);
  void show(const session::Notice& notice);

  // `code` of ANSI's SGR: "32" green, "31" red, "2" dim, "1" bold.
  std::string paint(std::string_view code, std::string_view text) const;
  std::string time() const;  // local, "10:31:02.123"
  void print(std::string_view text);
  // Every line of `text` behind `prefix`.
  void print_lines(std::string_view prefix, std::string_view text, std::string_view color);

  std::FILE* out_;
  Style style_;
  const base::Clock& clock_;
};

// An error as a person reads it: place, message, hint.
std::string to_terminal_text(const base::Error& error, bool color);

}  // namespace cli
