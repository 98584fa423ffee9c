// The registration: the one item of the debug stack's table (`pk` = "session") that says which session answers a stage.
// Identity is `session`, compared for equality; nothing is decided by time. Writes are described as values: a condition
// and an item, for whoever talks to DynamoDB; a failed condition must return the item that is there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "bridge/frame.h"

namespace bridge {

inline constexpr std::string_view kRegistrationKey = "session";  // value of the partition key `pk`

struct Registration {
  std::string session;        // 32 hexadecimal digits (128 random bits), one per `start`
  std::uint64_t link = 0;     // raised for each new connection of that session
  std::string connection_id;  // empty after a clean end
  std::string endpoint;       // http(s) form of the WebSocket stage's URL, no slash at its end
  std::string key;            // 32 random bytes; empty after a clean end
  std::string owner;          // user@host
  std::string principal;      // the caller's ARN
  std::size_t max_message = kDefaultMaxMessage;
  int version = kProtocolVersion;
  std::int64_t started_at_ms = 0;

  bool connected() const { return !connection_id.empty() && key.size() == 32; }
};

// A new session: random `session` and `key`; connection_id, endpoint, link and the rest are the caller's to fill.
Registration new_registration();
KeyId key_id_of(const Registration& registration);

// An item: attribute names and values (DynamoDB's S and N; the same type as aws::Item).
using Item = std::map<std::string, std::variant<std::string, std::int64_t>>;
Item to_item(const Registration& registration);          // with `pk`
base::Result<Registration> from_item(const Item& item);  // errors: invalid_input

struct Condition {
  enum class Kind {
    absent,              // no item is there
    unchanged,           // session = `session` and link = `link`
    own_and_older_link,  // session = `session` and link < `link`
    own,                 // session = `session`
  };
  Kind kind = Kind::absent;
  std::string session = {};
  std::uint64_t link = 0;
};
struct ConditionalWrite {
  Condition condition;
  Item item;  // replaces the whole item
};

// `start`: the write of its own item after it read `found`.
ConditionalWrite claim(const std::optional<Registration>& found, const Registration& own);
// A new connection of the same session; `own` carries the new link.
ConditionalWrite renew(const Registration& own);
// A clean end: the same item without connectionId and key.
ConditionalWrite release(const Registration& own);

// After a failed condition: did an earlier try of this same write succeed? Not if only a link before this one is there.
bool claim_had_succeeded(const std::optional<Registration>& found, const Registration& own);
// Read while connected: is the item someone else's?
bool is_displaced(const std::optional<Registration>& found, std::string_view own_session);

// The connection that a successful claim() replaced: post kDisplacedText there, delete it after 15 s.
struct Replaced {
  std::string connection_id;
  std::string endpoint;
};
std::optional<Replaced> replaced_by(const std::optional<Registration>& found, const Registration& own);

}  // namespace bridge
