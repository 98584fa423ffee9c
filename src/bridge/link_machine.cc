#include "bridge/link_machine.h"

#include <algorithm>

#include "bridge/post_queue.h"

namespace bridge {
namespace {

using namespace std::chrono_literals;
using base::Millis;

constexpr Millis kLinkAge = 100min;  // the API closes at 2 hours
constexpr std::uint64_t kLinkAgeJitter = 300'000;
constexpr Millis kHelloEvery = 5min;  // idle is 10 minutes
constexpr Millis kRound = 5s;
constexpr Millis kPingBusy = 5s;  // while attempts are open
constexpr Millis kPingIdle = 30s;
constexpr Millis kSteadyLink = 10s;  // one that breaks sooner is replaced with back-off
constexpr Millis kFirstRetry = 200ms;
constexpr Millis kFirstLongestRetry = 2s;
constexpr Millis kRetry = 100ms;
constexpr Millis kLongestRetry = 10s;
constexpr Millis kClaimAgain = 50ms;
constexpr Millis kCheckEvery = 1s;  // the table, at most
constexpr Millis kCheckRetry = 5s;  // when it could not be read

// A refusal that may be over in a moment: throttling, or a deployment that is not in force everywhere yet.
bool may_pass(const Outcome& outcome) {
  return outcome.reach == Outcome::Reach::answered &&
         (outcome.status == 403 || outcome.status == 404 || outcome.status == 429 || outcome.status >= 500);
}

bool is_refusal(const Outcome& outcome) {
  return outcome.reach == Outcome::Reach::answered && outcome.status >= 400 && outcome.status < 500;
}

}  // namespace

LinkMachine::LinkMachine(Registration own, Millis patience, std::uint64_t seed)
    : own_(std::move(own)), patience_(patience), random_(static_cast<std::minstd_rand::result_type>(seed)) {}

LinkActions LinkMachine::start(Instant at) {
  LinkActions actions;
  give_up_at_ = at.steady + patience_;
  open(actions);
  return actions;
}

LinkActions LinkMachine::link_opened(Instant, std::string connection_id) {
  LinkActions actions;
  if (over()) {
    opening_ = false;
    return actions;
  }
  own_.link += 1;
  own_.connection_id = std::move(connection_id);
  if (established_) {
    actions.push_back(WriteEntry{TableUse::renewal, renew(own_)});
  } else {
    read_claim(actions);
  }
  return actions;
}

LinkActions LinkMachine::link_failed(Instant at, const Outcome& outcome) {
  LinkActions actions;
  fail(at, outcome, actions);
  return actions;
}

LinkActions LinkMachine::link_lost(Instant at, std::string_view connection_id) {
  LinkActions actions;
  if (connection_id != ready_id_ || lost_) return actions;
  lost_ = true;
  round_at_.reset();
  if (over() || opening_) return actions;
  if (at.steady - ready_at_ > kSteadyLink) tries_ = 0;
  reopen(at, actions);
  return actions;
}

LinkActions LinkMachine::entry_read(Instant, TableUse use, const std::optional<Registration>& found) {
  LinkActions actions;
  if (use == TableUse::check) checking_ = false;
  if (over()) return actions;
  if (use == TableUse::claim) {
    found_ = found;
    bool foreign = is_displaced(found, own_.session);
    if (foreign) to_be_told_ = replaced_by(found, own_);
    perhaps_registered_ = true;
    actions.push_back(WriteEntry{TableUse::claim, claim(found, own_)});
  } else if (is_displaced(found, own_.session)) {
    displaced(found, actions);
  }
  return actions;
}

LinkActions LinkMachine::entry_written(Instant at, TableUse) {
  LinkActions actions;
  if (over()) return actions;
  become_ready(at, actions);
  return actions;
}

LinkActions LinkMachine::condition_failed(Instant at, TableUse use, const std::optional<Registration>& found) {
  LinkActions actions;
  if (over()) return actions;
  if (claim_had_succeeded(found, own_)) {
    become_ready(at, actions);
  } else if (use == TableUse::renewal) {
    displaced(found, actions);
  } else {
    claim_again_at_ = at.steady + kClaimAgain;  // somebody else wrote in between: read again
  }
  return actions;
}

LinkActions LinkMachine::table_failed(Instant at, TableUse use, const Outcome& outcome) {
  LinkActions actions;
  if (use == TableUse::claim && is_refusal(outcome)) perhaps_registered_ = false;
  if (use != TableUse::check) {
    fail(at, outcome, actions);
    return actions;
  }
  checking_ = false;
  if (over()) return actions;
  if (outcome.detail.find("ResourceNotFoundException") != std::string::npos) {
    removed_ = true;
    actions.push_back(BridgeRemoved{});
    return actions;
  }
  check_at_ = at.steady + kCheckRetry;
  return actions;
}

LinkActions LinkMachine::displaced_hint(Instant at) {
  want_check(at);
  return timer(at, false);
}

LinkActions LinkMachine::network_changed(Instant at) {
  tries_ = 0;
  if (retry_at_) retry_at_ = at.steady;
  if (old_at_) old_at_ = at.steady;
  return timer(at, false);
}

std::optional<ConditionalWrite> LinkMachine::end() {
  const bool take_back = perhaps_registered_ && !displaced_ && !removed_;
  ended_ = true;
  if (!take_back) return std::nullopt;
  own_.link += 1;  // a renewal that is still under way comes too late by this
  return release(own_);
}

LinkActions LinkMachine::timer(Instant at, bool attempts_are_open) {
  LinkActions actions;
  auto due = [&](std::optional<base::SteadyTime>& time) {
    if (!time || *time > at.steady) return false;
    time.reset();
    return true;
  };
  if (due(round_at_)) keep_alive(at, attempts_are_open, actions);
  if (over()) return actions;
  if (due(retry_at_)) open(actions);
  if (due(claim_again_at_)) read_claim(actions);
  if (due(old_at_) && !opening_ && !lost_) {
    tries_ = 0;
    reopen(at, actions);
  }
  if (!checking_ && due(check_at_)) {
    checking_ = true;
    last_check_ = at.steady;
    actions.push_back(ReadEntry{TableUse::check});
  }
  return actions;
}

std::optional<base::SteadyTime> LinkMachine::next_timer() const {
  std::optional<base::SteadyTime> earliest = round_at_;
  if (over()) return earliest;
  auto consider = [&](const std::optional<base::SteadyTime>& time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  consider(retry_at_);
  consider(claim_again_at_);
  consider(old_at_);
  if (!checking_) consider(check_at_);
  return earliest;
}

void LinkMachine::open(LinkActions& actions) {
  opening_ = true;
  tries_ += 1;
  retry_at_.reset();
  actions.push_back(OpenLink{});
}

// At once, unless tries before this one failed or did not last.
void LinkMachine::reopen(Instant at, LinkActions& actions) {
  if (tries_ == 0) {
    open(actions);
    return;
  }
  retry_at_ = at.steady + (established_ ? back_off(tries_ - 1, kRetry, kLongestRetry, random_)
                                        : back_off(tries_ - 1, kFirstRetry, kFirstLongestRetry, random_));
}

void LinkMachine::fail(Instant at, const Outcome& outcome, LinkActions& actions) {
  opening_ = false;
  if (over()) return;
  if (!established_ && (!may_pass(outcome) || at.steady >= give_up_at_)) {
    actions.push_back(NoLink{});
    return;
  }
  if (established_) {
    if (!std::exchange(trouble_told_, true)) actions.push_back(LinkTrouble{});
    want_check(at);  // or is the whole bridge gone?
  }
  reopen(at, actions);
}

void LinkMachine::become_ready(Instant at, LinkActions& actions) {
  if (!std::exchange(established_, true)) tries_ = 0;
  opening_ = trouble_told_ = false;
  lost_ = false;
  ready_id_ = own_.connection_id;
  ready_at_ = at.steady;
  retry_at_.reset();
  old_at_ = at.steady + kLinkAge - Millis(static_cast<std::int64_t>(random_() % kLinkAgeJitter));
  round_at_ = at.steady + kRound;
  last_round_ = at.wall;
  last_ping_ = last_hello_ = at.steady;
  actions.push_back(LinkReady{own_.connection_id, own_.link});
  if (to_be_told_) actions.push_back(BidFarewell{*std::exchange(to_be_told_, std::nullopt)});
}

void LinkMachine::read_claim(LinkActions& actions) {
  actions.push_back(ReadEntry{TableUse::claim});
}

void LinkMachine::want_check(Instant at) {
  base::SteadyTime when = last_check_ ? std::max(at.steady, *last_check_ + kCheckEvery) : at.steady;
  if (!check_at_ || when < *check_at_) check_at_ = when;
}

// Pings, and says hello, with which it also looks whether the entry is still ours.
void LinkMachine::keep_alive(Instant at, bool attempts_are_open, LinkActions& actions) {
  round_at_ = at.steady + kRound;
  const bool slept = at.wall - last_round_ > 4 * kRound;  // the machine did: only the wall clock went on
  last_round_ = at.wall;
  if (slept || at.steady - last_ping_ >= (attempts_are_open ? kPingBusy : kPingIdle)) {
    last_ping_ = at.steady;
    actions.push_back(PingLink{});
  }
  if (slept || at.steady - last_hello_ >= kHelloEvery) {
    last_hello_ = at.steady;
    actions.push_back(HelloLink{});
    want_check(at);
  }
}

void LinkMachine::displaced(const std::optional<Registration>& by, LinkActions& actions) {
  displaced_ = true;
  std::string owner = by ? by->owner : "someone who ended it";
  actions.push_back(DisplacedBy{owner.empty() ? "someone else" : std::move(owner)});
}

}  // namespace bridge
