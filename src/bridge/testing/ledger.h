// The account of every attempt: what became of it, at Lambda's end and at the developer's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bridge/session_machine.h"

namespace bridge::testing {

// How one invocation ended, as Lambda sees it.
struct Ending {
  bool failed = false;
  std::string error_type = {};
  std::string body = {};
  base::Millis after{0};
  bool streamed = false;   // `body` is what came before the end, or before the error
  bool timed_out = false;  // Lambda says so, loudly: it had no answer until the deadline
};

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;   // loudly: an error, a 503, Lambda's own words after a deadline
  std::uint64_t doubled = 0;  // ran more than once
  std::uint64_t lost = 0;     // ended in silence, or with an answer that is not its own

  Tally& operator+=(const Tally& other);
  std::string to_string() const;
};

class Ledger {
 public:
  void sent(const AttemptId& id, std::string expected);
  void ran(const AttemptId& id);
  void ended(const AttemptId& id, const Ending& ending);

  int runs(const AttemptId& id) const;
  Tally tally() const;
  const std::vector<std::string>& faults() const { return faults_; }  // of those doubled or lost
  void fault(std::string text) { faults_.push_back(std::move(text)); }

 private:
  struct Entry {
    std::string expected;
    int runs = 0;
    bool ended = false;
    bool answered = false;
    bool wrong = false;
  };
  std::map<AttemptId, Entry> entries_;
  std::vector<std::string> faults_;
};

}  // namespace bridge::testing
