// The stream of one table: what was written to it in the last 24 hours, in order, in one shard. A stream that was
// switched off, or whose table is gone, is closed: it stays readable until its records are old. Pure but for those who
// wait for it to grow.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/dynamodb/table.h"

namespace localcloud {

constexpr std::chrono::hours kStreamRetention{24};

// One change of one item; null is an item that is not there.
struct ItemChange {
  json::object key;
  Item before;
  Item after;
  bool expired = false;  // deleted by the table's time to live
};

struct Stream {
  std::string arn;
  std::string label;
  std::string table;
  std::string view;  // "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"
  KeySchema key;
  base::WallTime created;
  std::optional<base::WallTime> closed = {};
  std::uint64_t end = 0;  // the sequence of the newest record ever written
  std::deque<StreamRecord> log = {};
  base::Notifier changed = {};

  // Records what changed; a write that changes nothing leaves no record. Drops what is too old.
  void append(const ItemChange& change, std::string_view region, base::WallTime now);
  void close(base::WallTime now);
  bool gone(base::WallTime now) const { return closed && now - *closed >= kStreamRetention; }

  // What comes after `sequence` and is not older than 24 hours: at most `max` records and about 1 MB.
  std::vector<StreamRecord> after(std::uint64_t sequence, std::size_t max, base::WallTime now) const;
  // The sequence of the oldest record that is kept, or of the one to come.
  std::uint64_t oldest(base::WallTime now) const;

  std::string shard_id() const;
};

// Sequences as the API has them: decimal, 21 digits.
std::string sequence_number(std::uint64_t sequence);
std::optional<std::uint64_t> parse_sequence_number(std::string_view text);

}  // namespace localcloud
