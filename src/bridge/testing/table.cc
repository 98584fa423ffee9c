#include "bridge/testing/table.h"

#include <fmt/format.h>

namespace bridge::testing {

using base::Millis;

namespace {

constexpr Millis kTimeout{2'000};
constexpr Millis kLatest{8'000};
const Outcome kUnanswered{.reach = Outcome::Reach::maybe_sent, .status = 0};

bool holds(const Condition& condition, const std::optional<Registration>& item) {
  using Kind = Condition::Kind;
  if (condition.kind == Kind::absent) return !item;
  if (!item || item->session != condition.session) return false;
  if (condition.kind == Kind::unchanged) return item->link == condition.link;
  return condition.kind == Kind::own || item->link < condition.link;
}

}  // namespace

std::optional<Outcome> Table::refusal() {
  if (outcome.reach != Outcome::Reach::answered || outcome.status != 200) return outcome;
  if (timeline_.chance(weather_.table_throttled)) return Outcome{.status = 400, .detail = "ThrottlingException"};
  return std::nullopt;
}

void Table::read(Answered done) {
  reads += 1;
  timeline_.after(read_time, [this, done = std::move(done)] {
    if (auto refused = refusal()) {
      done(*refused, {});
    } else if (timeline_.chance(weather_.table_unanswered)) {
      timeline_.after(kTimeout, [done] { done(kUnanswered, {}); });
    } else {
      done({}, item);
    }
  });
}

Table::Written Table::apply(const ConditionalWrite& write) {
  if (auto faster = std::exchange(before_next_write, nullptr)) faster();
  if (!holds(write.condition, item)) return {.found = item};
  auto written = from_item(write.item);
  if (!written) return {.found = item};
  item = std::move(*written);
  timeline_.note("table",
                 fmt::format("names {}, link {}, connection {}", item->owner, item->link, item->connection_id));
  return {.done = true};
}

void Table::write(ConditionalWrite write, WriteAnswered done) {
  timeline_.after(read_time, [this, write = std::move(write), done = std::move(done)] {
    if (auto refused = refusal()) {
      done(*refused, {});
    } else if (timeline_.chance(weather_.table_late)) {
      timeline_.after(timeline_.up_to(kLatest), [this, write] { apply(write); });
      timeline_.after(kTimeout, [done] { done(kUnanswered, {}); });
    } else if (timeline_.chance(weather_.table_unanswered)) {
      apply(write);
      timeline_.after(kTimeout, [done] { done(kUnanswered, {}); });
    } else {
      done({}, apply(write));
    }
  });
}

}  // namespace bridge::testing
