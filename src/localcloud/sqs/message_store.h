// The messages of one standard queue: which of them are visible, delayed, in flight or too old. Pure: it is told the
// time, waits for nothing and knows no other queue. Order is that of arrival, which SQS tries to keep and does not
// promise.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace localcloud {

namespace json = boost::json;

struct StoredMessage {
  std::string id;
  std::string body;
  std::string md5_of_body;
  json::object attributes;                               // the user's, as the JSON protocol has them
  std::map<std::string, std::string> system_attributes;  // SenderId, AWSTraceHeader, MessageGroupId, …
  base::WallTime sent;
  std::optional<base::WallTime> first_received = std::nullopt;
  std::int64_t receive_count = 0;
};

class MessageStore {
 public:
  // Of a standard queue (SQS developer guide, "Message quotas").
  static constexpr std::size_t kMostInFlight = 120'000;

  enum class State { visible, delayed, in_flight };
  // What a receipt handle stands for: one message, at one of its receptions. Only the latest counts.
  struct Receipt {
    std::uint64_t number = 0;
    std::int64_t receive_count = 0;
  };
  struct Received {
    Receipt receipt;
    const StoredMessage* message;  // until the next change of the store
  };
  struct Taken {
    std::vector<Received> received;
    std::vector<StoredMessage> dead;  // received too often: no longer here
    bool too_many_in_flight = false;
  };
  struct Counts {
    std::size_t visible = 0;
    std::size_t delayed = 0;
    std::size_t in_flight = 0;
  };

  void add(StoredMessage message, base::WallTime visible_at, base::WallTime now);

  // Up to `max` visible messages, which stay invisible for `visibility`. One that was received `max_receive_count`
  // times already goes to `dead` instead.
  Taken take(std::size_t max, base::Millis visibility, std::optional<std::int64_t> max_receive_count,
             base::WallTime now);

  // Forgets what was sent before `now` - `retention`, and shows what has waited long enough.
  void refresh(base::Millis retention, base::WallTime now);

  // Nothing if the receipt is not the message's latest.
  void remove(const Receipt& receipt);
  void clear();

  // Of the message with this receipt, whatever is the latest; nullopt if it is gone.
  std::optional<State> state(const Receipt& receipt) const;
  // The message is in flight. `false`: the 12 hours since it was received would be passed.
  bool change_visibility(const Receipt& receipt, base::Millis visibility, base::WallTime now);

  Counts counts() const;
  bool has_visible() const { return !visible_.empty(); }
  // When the next delayed message or message in flight shows; WallTime::max() if there is none.
  base::WallTime next_visible() const { return waiting_.empty() ? base::WallTime::max() : waiting_.begin()->first; }

 private:
  struct Entry {
    StoredMessage message;
    State state = State::visible;
    base::WallTime visible_at;
    base::WallTime received_at;
  };
  using Entries = std::map<std::uint64_t, Entry>;

  Entries::iterator erase(Entries::iterator entry);
  void hide(std::uint64_t number, Entry& entry, State state, base::WallTime until);
  void leave_state(std::uint64_t number, const Entry& entry);

  Entries entries_;  // by number, which is the order of arrival
  std::set<std::uint64_t> visible_;
  std::set<std::pair<base::WallTime, std::uint64_t>> waiting_;  // delayed and in flight, by when they show
  std::set<std::pair<base::WallTime, std::uint64_t>> by_age_;
  std::size_t in_flight_ = 0;
  std::uint64_t next_number_ = 1;
};

}  // namespace localcloud
