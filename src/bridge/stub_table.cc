// The stub machine and the table: whom it names, what follows for an attempt, and roads that do not work.
#include "bridge/stub_state.h"

namespace bridge {
namespace {

constexpr base::Millis kReadOnHttp{500};
constexpr base::Millis kReadOn{5'000};
constexpr base::Millis kReadEveryHttp{100};
constexpr base::Millis kReadEvery{500};
constexpr base::Millis kReadEveryPinned{1'000};
constexpr base::Millis kWaitDisplaced{15'000};
constexpr base::Millis kWaitEnded{5'000};
constexpr base::Millis kDeniedFor{5'000};
constexpr base::Millis kUnreachableFor{3'000};

bool denied_like(const Outcome& outcome) {
  return outcome.reach == Outcome::Reach::answered && outcome.status < 500 && !is_throttling(outcome);
}

bool same_kind(const Outcome& a, const Outcome& b) {
  return a.reach == b.reach && denied_like(a) == denied_like(b);
}

}  // namespace

void StubMachine::State::read_table(StubActions& actions) {
  read_at.reset();
  if (reading) return;
  reading = true;
  actions.push_back(ReadRegistration{});
}

void StubMachine::State::take_registration(Instant at, const std::optional<Registration>& registration,
                                           StubActions& actions) {
  reading = false;
  read_failures = 0;
  trouble.erase(Road::table);
  table = registration;
  table_known = true;
  bool usable = table && table->connected() && table->version >= 1;
  if (usable) channel_to(*table);
  if (working()) {
    decide(at, actions);
  } else if (usable && !init_done) {
    announce_to(channel_to(*table));
  }
}

StubMachine::State::Channel& StubMachine::State::channel_to(const Registration& registration) {
  auto& channel = channels[registration.session];
  if (channel == nullptr) {
    KeyPair keys = derive_keys(registration.key, options.environment);
    channel = std::make_unique<Channel>(registration, options.environment, keys, 1);
  } else if (registration.link > channel->registration.link) {
    channel->registration = registration;
    channel->silent = false;
  }
  channel->registration.max_message = registration.max_message;
  return *channel;
}

void StubMachine::State::decide(Instant at, StubActions& actions) {
  if (attempt->pinned) {
    decide_pinned(at, actions);
  } else {
    decide_free(at, actions);
  }
}

// Not pinned: to whatever the table names, or to nobody.
void StubMachine::State::decide_free(Instant at, StubActions& actions) {
  if (!table || !table->connected()) {
    answer_nobody(kNoSession, nobody_text("no session is connected"), actions);
    return;
  }
  if (table->version < 1) {
    answer_nobody(kNoSession, nobody_text("the session speaks another version of the protocol"), actions);
    return;
  }
  if (attempt->invoke && attempt->session != table->session) {
    // What is under way to the session of before may complete it there: only then is it known whether it may go
    // elsewhere.
    drop_posts();
    check_pinned(at, actions);
    if (attempt->pinned) {
      decide_pinned(at, actions);
      return;
    }
  }
  Channel& channel = channel_to(*table);
  const std::string& target = channel.registration.connection_id;
  if (!attempt->dead.contains(target) && !attempt->refused.contains(table->session)) {
    bool on_its_way = attempt->session == table->session && attempt->target == target && attempt->invoke;
    if (!on_its_way) dispatch(at, channel);
    return;
  }
  if (!attempt->dead_since) attempt->dead_since = at.steady;
  SteadyTime until = *attempt->dead_since + (is_http() ? kReadOnHttp : kReadOn);
  if (until <= at.steady) {
    answer_nobody(kNoSession, nobody_text("the session of " + owner() + " is no longer connected"), actions);
    return;
  }
  read_at = std::min(until, at.steady + (is_http() ? kReadEveryHttp : kReadEvery));
}

// Pinned: only ever to the same session, over a newer link of it.
void StubMachine::State::decide_pinned(Instant at, StubActions& actions) {
  if (!table || !table->connected() || table->session != attempt->session) {
    bool ended = !table || !table->connected();
    if (!attempt->other_until) attempt->other_until = at.steady + (ended ? kWaitEnded : kWaitDisplaced);
    return;
  }
  Channel& channel = *channel_of_attempt();
  const std::string& target = channel.registration.connection_id;
  if (target != attempt->target && !attempt->dead.contains(target)) {
    if (!attempt->heard) {
      attempt->pinned_at = at.steady;
      attempt->silence_checked = false;
    }
    ask(at, actions);
  } else if (!attempt->heard && attempt->silence_checked) {
    channel.silent = true;
    std::string text = nobody_text("the session of " + owner() + " does not answer");
    cancel(at, actions);
    answer_nobody(kNoSession, text, actions);
    return;
  }
  bool seeking = attempt->lost_since || attempt->dead.contains(attempt->target);
  if (seeking) read_at = at.steady + kReadEveryPinned;
}

void StubMachine::State::target_dead(Instant at, const std::string& connection, StubActions& actions) {
  drop_posts();
  if (!working()) return;
  check_pinned(at, actions);
  attempt->dead.insert(connection);
  attempt->ask_at.reset();
  attempt->reply_due.reset();
  if (!attempt->pinned) {
    if (!attempt->dead_since) attempt->dead_since = at.steady;
  } else if (attempt->heard && !attempt->lost_since) {
    attempt->lost_since = at.steady;
  }
  read_table(actions);
}

void StubMachine::State::note_trouble(Road road, Instant at, const Outcome& outcome) {
  auto found = trouble.find(road);
  if (found == trouble.end() || !same_kind(found->second.outcome, outcome)) {
    trouble[road] = {at.steady, outcome};
  } else {
    found->second.outcome = outcome;
  }
}

// When trouble on a road ends the attempt. Once it is pinned only our own WebSocket matters: without it no answer
// arrives.
std::optional<SteadyTime> StubMachine::State::trouble_limit(Road road) const {
  auto found = trouble.find(road);
  if (found == trouble.end() || !working()) return std::nullopt;
  if (road == Road::socket ? socket_open : attempt->pinned) return std::nullopt;
  const Outcome& outcome = found->second.outcome;
  if (denied_like(outcome)) return found->second.since + kDeniedFor;
  if (outcome.reach == Outcome::Reach::not_sent) return found->second.since + kUnreachableFor;
  return std::nullopt;
}

void StubMachine::State::check_trouble(Instant at, StubActions& actions) {
  for (auto [road, what] :
       {std::pair{Road::posts, "a message to the session"}, std::pair{Road::table, "the registration"},
        std::pair{Road::socket, "the WebSocket connection"}}) {
    auto limit = trouble_limit(road);
    if (!limit || *limit > at.steady) continue;
    Outcome outcome = trouble.at(road).outcome;
    Denial denial{
        "livelambda: no connection to AWS for " + std::string(what) +
        ": the function's network has no way out. In a VPC its subnets need a route to a NAT gateway (docs/vpc.md)"};
    if (denied_like(outcome)) denial = explain_denial(outcome, what);
    if (attempt->pinned) {
      answer_disconnected(at, denial.text, actions, denial.expired);
    } else {
      answer_nobody(denied_like(outcome) ? kDenied : kUnreachable, denial.text, actions, denial.expired);
    }
    return;
  }
}

}  // namespace bridge
