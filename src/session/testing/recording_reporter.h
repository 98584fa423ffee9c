// A Reporter that keeps what it was told.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "session/reporter.h"

namespace session::testing {

class RecordingReporter final : public Reporter {
 public:
  void report(const Report& report) override { reports.push_back(report); }

  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Report& report : reports) {
      if (const auto* one = std::get_if<T>(&report)) found.push_back(*one);
    }
    return found;
  }
  std::vector<InvocationReport> invocations(InvocationReport::Phase phase) const {
    std::vector<InvocationReport> found;
    for (InvocationReport& report : all<InvocationReport>()) {
      if (report.phase == phase) found.push_back(std::move(report));
    }
    return found;
  }
  std::vector<InvocationReport> started() const { return invocations(InvocationReport::Phase::started); }
  std::vector<InvocationReport> finished() const { return invocations(InvocationReport::Phase::finished); }

  std::vector<Report> reports;
};

}  // namespace session::testing
