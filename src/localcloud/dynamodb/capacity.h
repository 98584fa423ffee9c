// Capacity units that an operation consumes on one table, as ReturnConsumedCapacity tells them and as they are taken
// from what the table provides (developer guide, "DynamoDB provisioned capacity mode": reads by 4 KB, writes by 1 KB,
// transactions twice). Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/dynamodb/stream.h"
#include "localcloud/dynamodb/table.h"

namespace localcloud {

class Capacity {
 public:
  explicit Capacity(bool transactional = false) : factor_(transactional ? 2 : 1) {}

  // `bytes` read in one go, from the table or from `index`.
  void read(std::size_t bytes, bool consistent, const Index* index = nullptr);
  // One item: a read of nothing costs as much as the smallest.
  void read_item(const Item& item, bool consistent);
  void write(const Table& table, const ItemChange& change);
  // Whose condition did not hold: it costs what the item that is there would.
  void failed_write(const Item& before);

  // Of what the table or its global indexes provide, what this needs and is used up; none of tables on demand.
  std::optional<Shortage> find_shortage(Table& table, base::WallTime now) const;
  // Takes what this costs; after find_shortage() found none.
  void charge(Table& table) const;

  // {"TableName", "CapacityUnits", …}; `wanted`: "TOTAL" or "INDEXES".
  json::object describe(std::string_view table_name, std::string_view wanted) const;

 private:
  struct Units {
    double read = 0;
    double write = 0;
  };
  json::object describe(const Units& units) const;
  Units of_table() const;  // with its local indexes, which use what the table provides

  double factor_;
  Units table_;
  std::map<std::string, Units> global_;
  std::map<std::string, Units> local_;
};

// What a request that writes several items gives back about all of them.
class Receipt {
 public:
  Receipt(std::string capacity_wanted, bool metrics_wanted, bool transactional = false)
      : wanted_(std::move(capacity_wanted)), metrics_wanted_(metrics_wanted), transactional_(transactional) {}

  void add(const Table& table, const ItemChange& change);
  void write_to(json::object& output) const;  // "ConsumedCapacity", "ItemCollectionMetrics"

 private:
  std::string wanted_;
  bool metrics_wanted_;
  bool transactional_;
  std::map<std::string, Capacity> capacities_;
  json::object metrics_;
};

// Errors: ProvisionedThroughputExceededException 400.
tl::unexpected<base::Error> throughput_exceeded(const Shortage& shortage);

bool wants_collection_metrics(const json::object& input);
// {"ItemCollectionKey", "SizeEstimateRangeGB"}: of tables with a local index. No partition here comes near 1 GB.
json::object collection_metrics(const Table& table, const json::object& key);

// Is consumed capacity asked for? Errors: ValidationException for an unknown value.
base::Result<std::string> wanted_capacity(const json::object& input);

}  // namespace localcloud
