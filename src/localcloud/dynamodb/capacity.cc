#include "localcloud/dynamodb/capacity.h"

#include <fmt/format.h>

#include <algorithm>

#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/table_input.h"

namespace localcloud {

namespace {

constexpr std::size_t kReadUnit = 4 * 1024;
constexpr std::size_t kWriteUnit = 1024;

double units_of(std::size_t bytes, std::size_t unit) {
  return static_cast<double>((bytes + unit - 1) / unit);
}

double write_units(const json::object* before, const json::object* after) {
  std::size_t size = std::max(before == nullptr ? 0 : item_size(*before), after == nullptr ? 0 : item_size(*after));
  return std::max(1.0, units_of(size, kWriteUnit));
}

// An entry that moves is deleted and put; one that stays as it is costs nothing.
double index_units(const Table& table, const Index& index, const ItemChange& change) {
  auto entry = [&](const Item& item) -> std::optional<json::object> {
    if (item == nullptr || !index.key.key_of(*item)) return std::nullopt;
    return table.projected(index, *item);
  };
  auto before = entry(change.before);
  auto after = entry(change.after);
  if (!before && !after) return 0;
  if (before && after) {
    if (equal_items(*before, *after)) return 0;
    if (index.key.key_of(*before) == index.key.key_of(*after)) return write_units(&*before, &*after);
  }
  return (before ? write_units(&*before, nullptr) : 0) + (after ? write_units(nullptr, &*after) : 0);
}

}  // namespace

void Capacity::read(std::size_t bytes, bool consistent, const Index* index) {
  auto& units = index == nullptr ? table_ : (index->global ? global_ : local_)[index->name];
  units.read += units_of(bytes, kReadUnit) * (consistent ? 1 : 0.5) * factor_;
}

void Capacity::read_item(const Item& item, bool consistent) {
  read(item == nullptr ? 1 : item_size(*item), consistent);
}

void Capacity::write(const Table& table, const ItemChange& change) {
  table_.write += write_units(change.before.get(), change.after.get()) * factor_;
  for (const auto& index : table.indexes) {
    auto units = index_units(table, index, change) * factor_;
    if (units > 0) (index.global ? global_ : local_)[index.name].write += units;
  }
}

void Capacity::failed_write(const Item& before) {
  table_.write += write_units(before.get(), nullptr) * factor_;
}

std::optional<Shortage> Capacity::find_shortage(Table& table, base::WallTime now) const {
  if (table.pay_per_request) return std::nullopt;
  auto used_up = [&](const Units& needed, const Throughput& provided, ThroughputBuckets& buckets, std::string arn,
                     bool index) -> std::optional<Shortage> {
    bool read = buckets.read.empty(provided.read_units, now) && needed.read > 0;
    bool write = buckets.write.empty(provided.write_units, now) && needed.write > 0;
    if (!read && !write) return std::nullopt;
    return Shortage{.arn = std::move(arn), .index = index, .write = write};
  };
  if (auto found = used_up(of_table(), table.throughput, table.buckets, table.arn, false)) return found;
  for (auto& index : table.indexes) {
    auto needed = global_.find(index.name);
    if (needed == global_.end()) continue;
    auto arn = fmt::format("{}/index/{}", table.arn, index.name);
    if (auto found = used_up(needed->second, index.throughput, index.buckets, std::move(arn), true)) return found;
  }
  return std::nullopt;
}

void Capacity::charge(Table& table) const {
  if (table.pay_per_request) return;
  auto take = [](const Units& units, ThroughputBuckets& buckets) {
    buckets.read.take(units.read);
    buckets.write.take(units.write);
  };
  take(of_table(), table.buckets);
  for (auto& index : table.indexes) {
    if (auto units = global_.find(index.name); units != global_.end()) take(units->second, index.buckets);
  }
}

Capacity::Units Capacity::of_table() const {
  Units units = table_;
  for (const auto& [name, its] : local_) {
    units.read += its.read;
    units.write += its.write;
  }
  return units;
}

json::object Capacity::describe(const Units& units) const {
  json::object described{{"CapacityUnits", units.read + units.write}};
  // Only transactions tell the two apart.
  if (factor_ > 1 && units.read > 0) described["ReadCapacityUnits"] = units.read;
  if (factor_ > 1 && units.write > 0) described["WriteCapacityUnits"] = units.write;
  return described;
}

json::object Capacity::describe(std::string_view table_name, std::string_view wanted) const {
  Units total = table_;
  for (const auto* indexes : {&global_, &local_}) {
    for (const auto& [name, units] : *indexes) {
      total.read += units.read;
      total.write += units.write;
    }
  }
  auto described = describe(total);
  described["TableName"] = table_name;
  if (wanted != "INDEXES") return described;
  described["Table"] = describe(table_);
  for (auto [member, indexes] : {std::pair("GlobalSecondaryIndexes", &global_), {"LocalSecondaryIndexes", &local_}}) {
    if (indexes->empty()) continue;
    json::object each;
    for (const auto& [name, units] : *indexes) each[name] = describe(units);
    described[member] = std::move(each);
  }
  return described;
}

void Receipt::add(const Table& table, const ItemChange& change) {
  capacities_.try_emplace(table.name, transactional_).first->second.write(table, change);
  if (!metrics_wanted_ || !table.has_local_index()) return;
  auto& list = metrics_[table.name];
  if (!list.is_array()) list = json::array();
  list.get_array().push_back(collection_metrics(table, change.key));
}

void Receipt::write_to(json::object& output) const {
  if (!wanted_.empty()) {
    json::array each;
    for (const auto& [name, capacity] : capacities_) each.push_back(capacity.describe(name, wanted_));
    output["ConsumedCapacity"] = std::move(each);
  }
  if (!metrics_.empty()) output["ItemCollectionMetrics"] = metrics_;
}

tl::unexpected<base::Error> throughput_exceeded(const Shortage& shortage) {
  return aws_error(
      400, "ProvisionedThroughputExceededException",
      shortage.index
          ? "The level of configured provisioned throughput for one or more global secondary indexes of the table was "
            "exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes "
            "with the UpdateTable API"
          : "The level of configured provisioned throughput for the table was exceeded. Consider increasing your "
            "provisioning level with the UpdateTable API.");
}

bool wants_collection_metrics(const json::object& input) {
  return text_member(input, "ReturnItemCollectionMetrics") == "SIZE";
}

json::object collection_metrics(const Table& table, const json::object& key) {
  return {{"ItemCollectionKey", json::object{{table.key.hash.name, key.at(table.key.hash.name)}}},
          {"SizeEstimateRangeGB", json::array{0, 1}}};
}

base::Result<std::string> wanted_capacity(const json::object& input) {
  auto wanted = text_member(input, "ReturnConsumedCapacity");
  if (wanted == "TOTAL" || wanted == "INDEXES") return wanted;
  if (wanted.empty() || wanted == "NONE") return "";
  return validation_exception(
      fmt::format("1 validation error detected: Value '{}' at 'returnConsumedCapacity' failed to satisfy constraint: "
                  "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
                  wanted));
}

}  // namespace localcloud
