// One table: its schema, its items and its indexes, which every change keeps up to date. Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/dynamodb/schema.h"
#include "localcloud/dynamodb/throughput.h"
#include "localcloud/dynamodb/value.h"

namespace localcloud {

// An item is never changed, only replaced: whoever holds one holds what was there.
using Item = std::shared_ptr<const json::object>;
using Entries = std::map<std::string, Item>;  // by place (key_order.h); an index's places end with the table's

struct Index {
  std::string name;
  bool global = false;
  KeySchema key;
  Projection projection;
  Throughput throughput;
  ThroughputBuckets buckets = {};
  Entries entries = {};  // items as they are projected; those without the index's key are not in it
};

struct TimeToLive {
  std::string attribute;
  bool enabled = false;
  base::WallTime changed;
};

struct Table {
  std::string name;
  std::string arn;
  std::string id;
  std::vector<KeyAttribute> definitions;
  KeySchema key;
  std::vector<Index> indexes = {};
  bool pay_per_request = true;
  Throughput throughput = {};
  ThroughputBuckets buckets = {};  // count unless pay_per_request
  std::string table_class = {};
  bool deletion_protection = false;
  base::WallTime created;
  std::optional<base::WallTime> made_on_demand = {};  // when it became PAY_PER_REQUEST
  std::optional<TimeToLive> time_to_live = {};
  std::map<std::string, std::string> tags = {};
  std::string stream_view = {};  // "NEW_IMAGE", …; empty: changes are not recorded
  std::string stream_arn = {};   // of the last stream; kept when it was switched off
  Entries items = {};

  Item find(const json::object& its_key) const;  // null: there is none
  // Errors: an attribute that is an index's key has another type, or is empty.
  base::Result<> check_index_keys(const json::object& item) const;
  // Stores, replaces, or with a null `item` deletes; checked before.
  void store(const json::object& its_key, const Item& item);

  const Index* find_index(std::string_view index_name) const;
  void fill(Index& index) const;
  json::object projected(const Index& index, const json::object& item) const;
  bool has_local_index() const;

  std::int64_t size_bytes() const;
  json::object describe(std::string_view status) const;
};

}  // namespace localcloud
