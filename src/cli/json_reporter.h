// --json: one object per line on stdout, nothing else. docs/json.md has every field.
#pragma once

#include <boost/json.hpp>
#include <cstdio>

#include "base/clock.h"
#include "session/reporter.h"

namespace cli {

class JsonReporter final : public session::Reporter {
 public:
  // `out` stays open as long as this lives.
  JsonReporter(std::FILE* out, const base::Clock& clock) : out_(out), clock_(clock) {}

  void report(const session::Report& report) override;
  void error(const base::Error& error);
  void stopped(int status);
  // A line of any other kind: an object with `event`, to which the time is added.
  void write(boost::json::object object);

 private:
  template <typename Event>
  void show(const Event& event);
  // For people: to stderr.
  void show(const session::Notice& notice);
  void show(const session::ToolOutput& output);
  void show(const session::Question& question);

  std::FILE* out_;
  const base::Clock& clock_;
};

}  // namespace cli
