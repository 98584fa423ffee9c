#include "localcloud/sqs/message_store.h"

#include <chrono>
#include <utility>

namespace localcloud {

namespace {

constexpr auto kLongestInvisible = std::chrono::hours(12);

}  // namespace

void MessageStore::add(StoredMessage message, base::WallTime visible_at, base::WallTime now) {
  auto number = next_number_++;
  by_age_.emplace(message.sent, number);
  auto& entry = entries_[number];
  entry.message = std::move(message);
  if (visible_at > now) {
    hide(number, entry, State::delayed, visible_at);
  } else {
    visible_.insert(number);
  }
}

MessageStore::Taken MessageStore::take(std::size_t max, base::Millis visibility,
                                       std::optional<std::int64_t> max_receive_count, base::WallTime now) {
  Taken taken;
  std::vector<std::uint64_t> numbers;
  while (numbers.size() < max && !visible_.empty()) {
    if (in_flight_ >= kMostInFlight) {
      taken.too_many_in_flight = true;
      break;
    }
    auto number = *visible_.begin();
    auto found = entries_.find(number);
    auto& entry = found->second;
    if (max_receive_count && entry.message.receive_count >= *max_receive_count) {
      taken.dead.push_back(std::move(entry.message));
      // What is erased is found by when it was sent, which a move leaves as it is.
      erase(found);
      continue;
    }
    visible_.erase(number);
    ++entry.message.receive_count;
    if (!entry.message.first_received) entry.message.first_received = now;
    entry.received_at = now;
    hide(number, entry, State::in_flight, now + visibility);
    numbers.push_back(number);
  }
  for (auto number : numbers) {
    const auto& message = entries_.at(number).message;
    taken.received.push_back({{number, message.receive_count}, &message});
  }
  return taken;
}

void MessageStore::refresh(base::Millis retention, base::WallTime now) {
  while (!by_age_.empty() && by_age_.begin()->first + retention <= now) {
    erase(entries_.find(by_age_.begin()->second));
  }
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    auto number = waiting_.begin()->second;
    auto& entry = entries_.at(number);
    leave_state(number, entry);
    entry.state = State::visible;
    visible_.insert(number);
  }
}

void MessageStore::remove(const Receipt& receipt) {
  auto found = entries_.find(receipt.number);
  if (found != entries_.end() && found->second.message.receive_count == receipt.receive_count) erase(found);
}

void MessageStore::clear() {
  entries_.clear();
  visible_.clear();
  waiting_.clear();
  by_age_.clear();
  in_flight_ = 0;
}

std::optional<MessageStore::State> MessageStore::state(const Receipt& receipt) const {
  auto found = entries_.find(receipt.number);
  if (found == entries_.end()) return std::nullopt;
  return found->second.state;
}

bool MessageStore::change_visibility(const Receipt& receipt, base::Millis visibility, base::WallTime now) {
  auto& entry = entries_.at(receipt.number);
  if (now + visibility > entry.received_at + kLongestInvisible) return false;
  leave_state(receipt.number, entry);
  if (visibility <= base::Millis(0)) {
    entry.state = State::visible;
    visible_.insert(receipt.number);
  } else {
    hide(receipt.number, entry, State::in_flight, now + visibility);
  }
  return true;
}

MessageStore::Counts MessageStore::counts() const {
  return {.visible = visible_.size(), .delayed = waiting_.size() - in_flight_, .in_flight = in_flight_};
}

MessageStore::Entries::iterator MessageStore::erase(Entries::iterator entry) {
  leave_state(entry->first, entry->second);
  by_age_.erase({entry->second.message.sent, entry->first});
  return entries_.erase(entry);
}

void MessageStore::hide(std::uint64_t number, Entry& entry, State state, base::WallTime until) {
  entry.state = state;
  entry.visible_at = until;
  waiting_.emplace(until, number);
  if (state == State::in_flight) ++in_flight_;
}

void MessageStore::leave_state(std::uint64_t number, const Entry& entry) {
  if (entry.state == State::visible) {
    visible_.erase(number);
    return;
  }
  waiting_.erase({entry.visible_at, number});
  if (entry.state == State::in_flight) --in_flight_;
}

}  // namespace localcloud
