#include "localcloud/dynamodb/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ids.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestAnswer = 1024 * 1024;
constexpr std::string_view kSequencePrefix = "1";  // AWS's numbers have 21 digits and more

json::object change_of(const Stream& stream, const ItemChange& change) {
  json::object data{{"Keys", change.key}, {"StreamViewType", stream.view}};
  auto size = item_size(change.key);
  if (change.after != nullptr && stream.view.starts_with("NEW")) {
    data["NewImage"] = *change.after;
    size += item_size(*change.after);
  }
  if (change.before != nullptr && (stream.view == "OLD_IMAGE" || stream.view == "NEW_AND_OLD_IMAGES")) {
    data["OldImage"] = *change.before;
    size += item_size(*change.before);
  }
  data["SizeBytes"] = size;
  return data;
}

}  // namespace

void Stream::append(const ItemChange& change, std::string_view region, base::WallTime now) {
  if (change.before == nullptr && change.after == nullptr) return;
  if (change.before != nullptr && change.after != nullptr && equal_items(*change.before, *change.after)) return;
  auto data = change_of(*this, change);
  data["SequenceNumber"] = sequence_number(++end);
  data["ApproximateCreationDateTime"] =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  auto id = base::random_uuid();
  std::erase(id, '-');
  json::object record{{"eventID", id},
                      {"eventName", change.before == nullptr  ? "INSERT"
                                    : change.after == nullptr ? "REMOVE"
                                                              : "MODIFY"},
                      {"eventVersion", "1.1"},
                      {"eventSource", "aws:dynamodb"},
                      {"awsRegion", region},
                      {"dynamodb", std::move(data)}};
  if (change.expired) {
    record["userIdentity"] = json::object{{"type", "Service"}, {"principalId", "dynamodb.amazonaws.com"}};
  }
  while (!log.empty() && now - log.front().written >= kStreamRetention) log.pop_front();
  log.push_back({.sequence = end, .written = now, .record = std::move(record)});
  changed.notify_all();
}

void Stream::close(base::WallTime now) {
  if (!closed) closed = now;
}

std::uint64_t Stream::oldest(base::WallTime now) const {
  auto kept = std::find_if(log.begin(), log.end(),
                           [&](const StreamRecord& one) { return now - one.written < kStreamRetention; });
  return kept == log.end() ? end + 1 : kept->sequence;
}

std::vector<StreamRecord> Stream::after(std::uint64_t sequence, std::size_t max, base::WallTime now) const {
  std::vector<StreamRecord> found;
  std::size_t size = 0;
  auto first = std::max(sequence + 1, oldest(now));
  auto at = std::lower_bound(log.begin(), log.end(), first,
                             [](const StreamRecord& one, std::uint64_t wanted) { return one.sequence < wanted; });
  for (; at != log.end() && found.size() < max && size < kLargestAnswer; ++at) {
    size += at->record.at("dynamodb").at("SizeBytes").to_number<std::size_t>();
    found.push_back(*at);
  }
  return found;
}

std::string Stream::shard_id() const {
  return fmt::format("shardId-{:020}-{:08x}", base::epoch_ms(created), std::hash<std::string>()(arn) & 0xFFFFFFFFU);
}

std::string sequence_number(std::uint64_t sequence) {
  return fmt::format("{}{:020}", kSequencePrefix, sequence);
}

std::optional<std::uint64_t> parse_sequence_number(std::string_view text) {
  constexpr std::size_t kDigits = 20;
  if (text.size() != kDigits + 1 || !text.starts_with(kSequencePrefix)) return std::nullopt;
  std::uint64_t sequence = 0;
  auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

}  // namespace localcloud
