// Query and Scan of tables and indexes.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/key_condition.h"
#include "localcloud/dynamodb/key_order.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestPage = 1024 * 1024;
constexpr std::int64_t kMostSegments = 1'000'000;

// What is read: a table, or one of its indexes.
struct Source {
  const Table& table;
  const Index* index = nullptr;

  const KeySchema& key() const { return index == nullptr ? table.key : index->key; }
  const Entries& entries() const { return index == nullptr ? table.items : index->entries; }

  // Where ExclusiveStartKey stands.
  std::string place(const json::object& start) const {
    auto its_place = place_of(key(), start);
    return index == nullptr ? its_place : its_place + place_of(table.key, start);
  }
  json::object last_key(const json::object& item) const {
    auto last = table.key.key_of(item).value_or(json::object());
    if (index == nullptr) return last;
    for (const auto& attribute : index->key.attributes()) last[attribute.name] = item.at(attribute.name);
    return last;
  }
};

// What Query and Scan have in common: which of the entries are given back, and what of them.
struct Page {
  std::optional<Condition> filter;
  std::optional<std::vector<Path>> projection;
  std::optional<std::size_t> limit;
  std::optional<json::object> start;
  bool count_only = false;
  bool consistent = false;
  bool fetches = false;  // a local index is asked for more than it projects: items come from the table
  std::string capacity_wanted;
};

base::Result<Source> find_source(const Table& table, const json::object& input) {
  auto name = text_member(input, "IndexName");
  Source source{.table = table};
  if (name.empty()) return source;
  source.index = table.find_index(name);
  if (source.index == nullptr) {
    return validation_exception(fmt::format("The table does not have the specified index: {}", name));
  }
  if (source.index->global && flag_member(input, "ConsistentRead")) {
    return validation_exception("Consistent reads are not supported on global secondary indexes");
  }
  return source;
}

base::Result<> check_select(std::string_view select, bool projection, bool index) {
  static const std::set<std::string_view> kKnown{"", "COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES",
                                                 "ALL_PROJECTED_ATTRIBUTES"};
  if (!kKnown.contains(select)) {
    return validation_exception(
        fmt::format("1 validation error detected: Value '{}' at 'select' failed to satisfy constraint: Member must "
                    "satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES]",
                    select));
  }
  if (projection && !select.empty() && select != "SPECIFIC_ATTRIBUTES") {
    return validation_exception(fmt::format("Cannot specify the ProjectionExpression when choosing to get {}", select));
  }
  if (select == "SPECIFIC_ATTRIBUTES" && !projection) {
    return validation_exception("Must specify the ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES");
  }
  if (select == "ALL_PROJECTED_ATTRIBUTES" && !index) {
    return validation_exception("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  return {};
}

// Everything that does not depend on the table.
base::Result<Page> parse_page(const json::object& input, Placeholders& placeholders) {
  Page page;
  TRY(auto capacity_wanted, wanted_capacity(input));
  page.capacity_wanted = std::move(capacity_wanted);
  if (input.contains("FilterExpression")) {
    TRY(auto filter, parse_condition(text_member(input, "FilterExpression"), "FilterExpression", placeholders));
    page.filter = std::move(filter);
  }
  if (input.contains("ProjectionExpression")) {
    TRY(auto paths, parse_projection(text_member(input, "ProjectionExpression"), placeholders));
    page.projection = std::move(paths);
  }
  TRY(placeholders.check_all_used());
  if (input.contains("Limit")) {
    auto limit = number_member(input, "Limit", 0);
    if (limit < 1) {
      return validation_exception(
          fmt::format("1 validation error detected: Value '{}' at 'limit' failed to satisfy constraint: Member must "
                      "have value greater than or equal to 1",
                      limit));
    }
    page.limit = static_cast<std::size_t>(limit);
  }
  if (input.contains("ExclusiveStartKey")) {
    auto start = item_member(input, "ExclusiveStartKey");
    if (!start && start.error().code == "ValidationException") {
      return validation_exception(fmt::format("The provided starting key is invalid: {}", start.error().message));
    }
    TRY(auto checked, std::move(start));
    page.start = std::move(checked);
  }
  auto select = text_member(input, "Select");
  TRY(check_select(select, page.projection.has_value(), input.contains("IndexName")));
  page.count_only = select == "COUNT";
  page.consistent = flag_member(input, "ConsistentRead");
  return page;
}

// May the index be asked for this? A global one has what it projects and no more.
base::Result<> check_projection(const json::object& input, const Source& source, Page& page) {
  const auto* index = source.index;
  if (index == nullptr || index->projection.type == "ALL") return {};
  bool all = text_member(input, "Select") == "ALL_ATTRIBUTES";
  if (all && index->global) {
    return validation_exception(
        fmt::format("One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global "
                    "secondary index {} because its projection type is not ALL",
                    index->name));
  }
  std::vector<std::string> missing;
  for (const auto& path : page.projection.value_or(std::vector<Path>())) {
    const auto& name = std::get<std::string>(path[0]);
    json::object only{{name, nullptr}};
    if (source.table.projected(*index, only).empty()) missing.push_back(name);
  }
  if (!missing.empty() && index->global) {
    return validation_exception(
        fmt::format("One or more parameter values were invalid: Global secondary index {} does not project [{}]",
                    index->name, missing.front()));
  }
  page.fetches = all || !missing.empty();
  return {};
}

base::Result<> check_start(const Source& source, const json::object& start, bool is_scan) {
  json::object table_key;
  json::object index_key;
  std::set<std::string> names;
  for (const auto& [name, value] : start) {
    names.insert(std::string(name));
    if (source.table.key.has(name)) table_key[name] = value;
    if (source.key().has(name)) index_key[name] = value;
  }
  std::set<std::string> wanted;
  for (const auto* key : {&source.table.key, &source.key()}) {
    for (const auto& attribute : key->attributes()) wanted.insert(attribute.name);
  }
  auto invalid_start = [&](const base::Error& why) {
    return validation_exception(fmt::format("The provided starting key is invalid: {}", why.message));
  };
  if (names != wanted && (source.index != nullptr || !is_scan)) {
    return validation_exception("The provided starting key is invalid");
  }
  if (auto fits = source.table.key.check_key(table_key); !fits) return invalid_start(fits.error());
  if (auto fits = source.key().check_key(index_key); !fits) return invalid_start(fits.error());
  if (names == wanted) return {};
  return validation_exception(
      "The provided starting key is invalid: The provided key element does not match the schema");
}

// Nested parts of a key cannot be asked for.
base::Result<> check_key_paths(const Source& source, const Page& page) {
  for (const auto& path : page.projection.value_or(std::vector<Path>())) {
    const auto& name = std::get<std::string>(path[0]);
    if (path.size() > 1 && source.table.key.has(name)) {
      return validation_exception(
          fmt::format("Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "
                      "Key: {}",
                      name));
    }
  }
  return {};
}

// `entries` in reading order, after the start. What it costs is added to `capacity`.
json::object read_page(const Source& source, const Page& page, const std::vector<Item>& entries, Capacity& capacity) {
  json::object output;
  json::array found;
  std::size_t count = 0;
  std::size_t scanned = 0;
  std::size_t bytes = 0;
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    ++scanned;
    bytes += item_size(**at);
    auto item = *at;
    if (page.fetches) {
      item = source.table.find(source.table.key.key_of(**at).value_or(json::object()));
      capacity.read_item(item, page.consistent);
    }
    if (!page.filter || holds(*page.filter, *item)) {
      ++count;
      if (!page.count_only) found.emplace_back(page.projection ? project(*page.projection, *item) : *item);
    }
    bool full = (page.limit && scanned == *page.limit) || bytes > kLargestPage;
    if (full && (page.limit || std::next(at) != entries.end())) {
      output["LastEvaluatedKey"] = source.last_key(**at);
      break;
    }
  }
  if (!page.count_only) output["Items"] = std::move(found);
  output["Count"] = count;
  output["ScannedCount"] = scanned;
  capacity.read(bytes, page.consistent, source.index);
  if (!page.capacity_wanted.empty()) {
    output["ConsumedCapacity"] = capacity.describe(source.table.name, page.capacity_wanted);
  }
  return output;
}

struct Segment {
  std::int64_t number = 0;
  std::int64_t total = 1;
};

base::Result<Segment> parse_segment(const json::object& input) {
  bool has_number = input.contains("Segment");
  bool has_total = input.contains("TotalSegments");
  if (has_number && !has_total) {
    return validation_exception(
        "The TotalSegments parameter is required but was not present in the request when Segment parameter is present");
  }
  if (!has_total) return Segment{};
  if (!has_number) {
    return validation_exception(
        "The Segment parameter is required but was not present in the request when parameter TotalSegments is present");
  }
  Segment segment{.number = number_member(input, "Segment", -1), .total = number_member(input, "TotalSegments", 0)};
  if (segment.total < 1 || segment.total > kMostSegments) {
    return validation_exception(
        fmt::format("1 validation error detected: Value '{}' at 'totalSegments' failed to satisfy constraint: Member "
                    "must have value {}",
                    segment.total, segment.total < 1 ? "greater than or equal to 1" : "less than or equal to 1000000"));
  }
  if (segment.number < 0 || segment.number >= segment.total) {
    return validation_exception(
        fmt::format("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {} is "
                    "not less than TotalSegments: {}",
                    segment.number, segment.total));
  }
  return segment;
}

// The start has to be one that an earlier page of the same query can have ended with.
base::Result<> check_start_within(const Source& source, const KeyCondition& condition, const json::object& start) {
  bool same_partition = equal_values(start.at(source.key().hash.name), condition.partition);
  if (!condition.range) {
    if (same_partition) return {};
    return validation_exception("The provided starting key is outside query boundaries based on provided conditions");
  }
  if (!holds(*condition.range, start)) {
    return validation_exception("The provided starting key does not match the range key predicate");
  }
  if (same_partition) return {};
  return validation_exception("The query can return at most one row and cannot be restarted");
}

base::Result<> check_filter(const Source& source, const Page& page) {
  if (!page.filter) return {};
  for (const auto& name : attributes_of(*page.filter)) {
    if (!source.key().has(name)) continue;
    return validation_exception(
        fmt::format("Filter Expression can only contain non-primary key attributes: Primary key attribute: {}", name));
  }
  return {};
}

std::vector<Item> partition_entries(const Source& source, const KeyCondition& condition, const Page& page,
                                    bool forward) {
  auto prefix = partition_place(condition.partition);
  const auto& entries = source.entries();
  auto first = entries.lower_bound(prefix);
  auto last = first;
  while (last != entries.end() && last->first.starts_with(prefix)) ++last;
  if (page.start) {
    auto place = source.place(*page.start);
    if (forward) {
      while (first != last && first->first <= place) ++first;
    } else {
      while (first != last && std::prev(last)->first >= place) --last;
    }
  }
  std::vector<Item> found;
  for (; first != last; ++first) {
    if (!condition.range || holds(*condition.range, *first->second)) found.push_back(first->second);
  }
  if (!forward) std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

DynamoDbService::Outcome DynamoDbService::query(const Call& call, const json::object& input) {
  TRY(check_members("Query", input,
                    {"TableName", "IndexName", "KeyConditionExpression", "FilterExpression", "ProjectionExpression",
                     "ExpressionAttributeNames", "ExpressionAttributeValues", "Limit", "ExclusiveStartKey",
                     "ScanIndexForward", "ConsistentRead", "Select", "ReturnConsumedCapacity"}));
  if (!input.contains("KeyConditionExpression")) {
    return validation_exception(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.");
  }
  TRY(auto placeholders, Placeholders::from(input, {"FilterExpression", "KeyConditionExpression"}));
  TRY(auto condition,
      parse_condition(text_member(input, "KeyConditionExpression"), "KeyConditionExpression", placeholders));
  TRY(auto page, parse_page(input, placeholders));
  auto leading = equalities_of(condition);
  TRY(auto* its_table,
      authorized(call, "Query", text_member(input, "TableName"), &leading, text_member(input, "IndexName")));
  TRY(auto source, find_source(*its_table, input));
  if (page.start) TRY(check_start(source, *page.start, false));
  TRY(auto key_condition, key_condition_of(condition, source.key()));
  if (page.start) TRY(check_start_within(source, key_condition, *page.start));
  TRY(check_key_paths(source, page));
  TRY(check_filter(source, page));
  TRY(check_projection(input, source, page));
  Capacity capacity;
  bool forward = flag_member(input, "ScanIndexForward", true);
  auto output = read_page(source, page, partition_entries(source, key_condition, page, forward), capacity);
  if (auto refused = charge(*its_table, capacity)) return std::move(*refused);
  return output;
}

DynamoDbService::Outcome DynamoDbService::scan(const Call& call, const json::object& input) {
  TRY(check_members("Scan", input,
                    {"TableName", "IndexName", "FilterExpression", "ProjectionExpression", "ExpressionAttributeNames",
                     "ExpressionAttributeValues", "Limit", "ExclusiveStartKey", "ConsistentRead", "Select", "Segment",
                     "TotalSegments", "ReturnConsumedCapacity"}));
  TRY(auto placeholders, Placeholders::from(input, {"FilterExpression"}));
  TRY(auto page, parse_page(input, placeholders));
  TRY(auto segment, parse_segment(input));
  TRY(auto* its_table,
      authorized(call, "Scan", text_member(input, "TableName"), nullptr, text_member(input, "IndexName")));
  TRY(auto source, find_source(*its_table, input));
  std::string place;
  if (page.start) {
    TRY(check_start(source, *page.start, true));
    place = source.place(*page.start);
    if (segment_of(place, segment.total) != segment.number) {
      return validation_exception(
          fmt::format("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey "
                      "with correct Segment. TotalSegments: {} Segment: {}",
                      segment.total, segment.number));
    }
  }
  TRY(check_key_paths(source, page));
  TRY(check_projection(input, source, page));
  std::vector<Item> entries;
  const auto& all = source.entries();
  for (auto at = page.start ? all.upper_bound(place) : all.begin(); at != all.end(); ++at) {
    if (segment_of(at->first, segment.total) == segment.number) entries.push_back(at->second);
  }
  Capacity capacity;
  auto output = read_page(source, page, entries, capacity);
  if (auto refused = charge(*its_table, capacity)) return std::move(*refused);
  return output;
}

}  // namespace localcloud
