#include "bridge/testing/ledger.h"

#include <fmt/format.h>

namespace bridge::testing {
namespace {

std::string name_of(const AttemptId& id) {
  return fmt::format("attempt {} of {}", id.number, id.environment.to_string().substr(0, 6));
}

bool is_503(const std::string& body) {
  return body.find("\"statusCode\":503") != std::string::npos;
}

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  sent += other.sent;
  answered += other.answered;
  failed += other.failed;
  doubled += other.doubled;
  lost += other.lost;
  return *this;
}

std::string Tally::to_string() const {
  return fmt::format("{} sent, {} answered, {} failed loudly, {} doubled, {} lost", sent, answered, failed, doubled,
                     lost);
}

void Ledger::sent(const AttemptId& id, std::string expected) {
  entries_[id].expected = std::move(expected);
}

void Ledger::ran(const AttemptId& id) {
  Entry& entry = entries_[id];
  if (++entry.runs == 2) fault(name_of(id) + " ran twice");
}

void Ledger::ended(const AttemptId& id, const Ending& ending) {
  Entry& entry = entries_[id];
  if (entry.ended) {
    fault(name_of(id) + " ended twice");
    entry.wrong = true;
  }
  entry.ended = true;
  if (ending.streamed && ending.failed) entry.wrong = entry.wrong || !entry.expected.starts_with(ending.body);
  if (ending.failed || ending.timed_out || is_503(ending.body)) {
    if (entry.wrong) fault(name_of(id) + " broke off after bytes that are not its own");
    return;
  }
  entry.answered = true;
  if (ending.body != entry.expected) {
    entry.wrong = true;
    fault(name_of(id) + " was answered with what is not its own answer");
  } else if (entry.runs == 0) {
    entry.wrong = true;
    fault(name_of(id) + " was answered, and never ran");
  }
}

int Ledger::runs(const AttemptId& id) const {
  auto found = entries_.find(id);
  return found == entries_.end() ? 0 : found->second.runs;
}

Tally Ledger::tally() const {
  Tally tally;
  for (const auto& [id, entry] : entries_) {
    tally.sent += 1;
    tally.doubled += entry.runs > 1 ? 1 : 0;
    if (!entry.ended || entry.wrong) {
      tally.lost += 1;
    } else if (entry.answered) {
      tally.answered += 1;
    } else {
      tally.failed += 1;
    }
  }
  return tally;
}

}  // namespace bridge::testing
