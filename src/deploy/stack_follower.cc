#include "deploy/stack_follower.h"

#include <algorithm>
#include <chrono>

#include "deploy/stack_state.h"

namespace deploy {
namespace {

using base::awaitable;
using base::Result;
using namespace std::chrono_literals;

constexpr auto kLongestOperation = 2h;
constexpr std::size_t kStreamsPerInterval = 8;  // beyond these, polls are rarer: CloudFormation throttles an account

// CloudFormation marks everything that it stopped because of another failure.
bool says_cancelled(std::string_view reason) {
  return reason.find("cancelled") != std::string_view::npos || reason.find("Cancelled") != std::string_view::npos;
}

bool has_ended(std::string_view status) {
  return !status.ends_with("_IN_PROGRESS");
}

// The events of the stack (prefix "") or of one nested in it ("Nested/").
struct Stream {
  std::string id;
  std::string prefix;
  std::string known_event_id;
  bool over = false;  // its parent said so: one more reading tells the rest
  bool read_to_end = false;
};

// One operation, from its first event to its last.
class Operation {
 public:
  Operation(aws::CloudFormation& cloudformation, FollowedStack target, OnDeployEvent on_event)
      : cloudformation_(cloudformation), name_(target.name), begun_(target.begun), on_event_(std::move(on_event)) {
    streams_.push_back({.id = target.id, .prefix = {}, .known_event_id = std::move(target.known_event_id)});
  }

  // Reads what is new everywhere. The outcome, once the stack's own operation has ended.
  awaitable<Result<std::optional<StackOutcome>>> poll() {
    bool ended = false;
    // By index: what one stream tells may open another.
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      if (streams_[i].read_to_end) continue;
      bool last = streams_[i].over;
      CO_TRY(auto events, co_await cloudformation_.describe_events(streams_[i].id, streams_[i].known_event_id,
                                                                   i == 0 ? "" : since_));
      if (i == 0) ended = events.empty() && begun_;  // nothing new: perhaps it is over
      if (!events.empty()) streams_[i].known_event_id = events.front().id;
      for (auto event = events.rbegin(); event != events.rend(); ++event) {
        bool own = event->physical_id == streams_[i].id && event->type == kStackType;
        if (i == 0) {
          begun_ = true;
          if (since_.empty()) since_ = event->time;
          if (own) ended = !in_progress(event->status);
        }
        take(i, *event, own);
      }
      streams_[i].read_to_end = last;
    }
    if (!ended) co_return std::nullopt;
    CO_TRY(auto stack, co_await cloudformation_.describe_stack(streams_.front().id));
    outcome_.status = stack ? stack->status : "DELETE_COMPLETE";
    outcome_.reason = stack ? stack->status_reason : "";
    if (in_progress(outcome_.status)) co_return std::nullopt;
    outcome_.failure = cause_ ? cause_ : consequence_;
    co_return outcome_;
  }

  std::size_t active() const {
    return static_cast<std::size_t>(
        std::count_if(streams_.begin(), streams_.end(), [](const Stream& stream) { return !stream.read_to_end; }));
  }

 private:
  void take(std::size_t index, const aws::StackEvent& event, bool own) {
    DeployEvent told{.stack = name_,
                     .resource = streams_[index].prefix + event.logical_id,
                     .type = event.type,
                     .status = event.status,
                     .reason = event.reason,
                     .physical_id = event.physical_id};
    if (!own && event.status.ends_with("_FAILED") && !says_cancelled(event.reason)) blame(event, told);
    if (!own && event.type == kStackType && !event.physical_id.empty()) nest(index, event);
    // What a nested stack says of itself, its parent says too.
    if (on_event_ && !(own && index > 0)) on_event_(told);
  }

  void blame(const aws::StackEvent& event, const DeployEvent& told) {
    if (event.type == kStackType) {
      if (!consequence_) consequence_ = told;
      return;
    }
    outcome_.failed.push_back(told);
    if (cause_ && cause_time_ <= event.time) return;  // streams are read one after the other
    cause_ = told;
    cause_time_ = event.time;
  }

  void nest(std::size_t parent, const aws::StackEvent& event) {
    auto known = std::find_if(streams_.begin(), streams_.end(),
                              [&](const Stream& stream) { return stream.id == event.physical_id; });
    if (known == streams_.end()) {
      streams_.push_back({.id = event.physical_id, .prefix = streams_[parent].prefix + event.logical_id + "/"});
      known = std::prev(streams_.end());
    }
    // An update that failed is followed by the way back, which opens the stream again.
    known->over = has_ended(event.status);
    if (!known->over) known->read_to_end = false;
  }

  aws::CloudFormation& cloudformation_;
  std::string name_;
  bool begun_;
  OnDeployEvent on_event_;
  std::vector<Stream> streams_;  // the stack itself comes first
  std::string since_;            // when the operation began, as the stack's first event says
  std::optional<DeployEvent> cause_;
  std::string cause_time_;
  std::optional<DeployEvent> consequence_;  // a nested stack that failed
  StackOutcome outcome_;
};

}  // namespace

std::chrono::nanoseconds PollInterval::next() {
  auto now = value_;
  value_ = std::min<std::chrono::nanoseconds>(value_ * 5 / 4, 1s);
  return now;
}

awaitable<Result<StackOutcome>> StackFollower::follow(FollowedStack target, OnDeployEvent on_event) {
  auto deadline = clock_.now() + kLongestOperation;
  PollInterval interval;
  Operation operation(cloudformation_, std::move(target), std::move(on_event));
  while (true) {
    CO_TRY(auto outcome, co_await operation.poll());
    if (outcome) co_return std::move(*outcome);
    if (clock_.now() >= deadline) {
      co_return base::fail(base::ErrorKind::deployment, "the deployment did not end within two hours",
                           "It goes on in CloudFormation; run the command again when it has ended.");
    }
    co_await sleep_(interval.next() * static_cast<int>(1 + operation.active() / kStreamsPerInterval));
  }
}

}  // namespace deploy
