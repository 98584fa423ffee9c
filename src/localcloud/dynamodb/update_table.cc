// UpdateTable: one kind of change at a time, as AWS has it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid_parameter(std::string_view message) {
  return validation_exception(fmt::format("One or more parameter values were invalid: {}", message));
}

base::Result<> set_throughput(Throughput& units, const json::value& description) {
  TRY(auto wanted, parse_throughput(description));
  if (wanted.read_units == units.read_units && wanted.write_units == units.write_units) {
    return validation_exception(
        fmt::format("The provisioned throughput for the table will not change. The requested value equals the current "
                    "value. Current ReadCapacityUnits provisioned for the table: {}. Requested ReadCapacityUnits: {}. "
                    "Current WriteCapacityUnits provisioned for the table: {}. Requested WriteCapacityUnits: {}. Refer "
                    "to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
                    units.read_units, wanted.read_units, units.write_units, wanted.write_units));
  }
  units = wanted;
  return {};
}

// Provisioned again: every global index needs its own units in the same request.
base::Result<> check_indexes_provisioned(const Table& table, const json::array* updates) {
  std::set<std::string> missing;
  for (const auto& index : table.indexes) {
    if (index.global) missing.insert(index.name);
  }
  for (const auto& one : updates == nullptr ? json::array() : *updates) {
    const auto* update = one.is_object() ? object_member(one.get_object(), "Update") : nullptr;
    if (update != nullptr) missing.erase(text_member(*update, "IndexName"));
  }
  if (missing.empty()) return {};
  return invalid_parameter(
      fmt::format("ProvisionedThroughput must be specified for index: {}", fmt::join(missing, ",")));
}

base::Result<> set_billing(Table& table, const json::object& input, base::WallTime now) {
  auto mode = text_member(input, "BillingMode");
  const auto* throughput = input.if_contains("ProvisionedThroughput");
  bool on_demand = mode.empty() ? table.pay_per_request : mode == "PAY_PER_REQUEST";
  if (throughput != nullptr && on_demand) {
    return invalid_parameter(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
  }
  if (mode == "PROVISIONED" && throughput == nullptr) {
    return invalid_parameter("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
  }
  if (!on_demand && table.pay_per_request) {
    TRY(check_indexes_provisioned(table, array_member(input, "GlobalSecondaryIndexUpdates")));
  }
  if (throughput != nullptr) TRY(set_throughput(table.throughput, *throughput));
  if (on_demand && !table.pay_per_request) {
    table.throughput = {};
    for (auto& index : table.indexes) index.throughput = {};
    table.made_on_demand = now;
  }
  table.pay_per_request = on_demand;
  return {};
}

// Definitions that no key needs any more go with the index that needed them.
void drop_unused_definitions(Table& table) {
  std::erase_if(table.definitions, [&](const KeyAttribute& one) {
    return !table.key.has(one.name) && std::none_of(table.indexes.begin(), table.indexes.end(),
                                                    [&](const Index& index) { return index.key.has(one.name); });
  });
}

std::string updated_index(const json::object& update) {
  for (std::string_view kind : {"Update", "Create", "Delete"}) {
    if (const auto* its = object_member(update, kind)) return text_member(*its, "IndexName");
  }
  return "";
}

base::Result<> check_index_updates(const json::array& updates) {
  std::set<std::string> names;
  int made_or_deleted = 0;
  for (const auto& one : updates) {
    const auto* update = one.if_object();
    auto name = update == nullptr ? "" : updated_index(*update);
    if (name.empty()) {
      return invalid_parameter(
          "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
          "GlobalSecondaryIndexUpdate.Delete must not be null");
    }
    if (!names.insert(name).second) {
      return invalid_parameter(
          fmt::format("Only one global secondary index update per index is allowed simultaneously. Index: {}", name));
    }
    if (!update->contains("Update")) ++made_or_deleted;
  }
  if (made_or_deleted <= 1) return {};
  return aws_error(400, "LimitExceededException",
                   "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table");
}

}  // namespace

base::Result<> DynamoDbService::apply_index_updates(Table& its_table, const json::array& updates) {
  TRY(check_index_updates(updates));
  for (const auto& one : updates) {
    const auto& update = one.get_object();
    auto name = updated_index(update);
    auto found = std::find_if(its_table.indexes.begin(), its_table.indexes.end(),
                              [&](const Index& index) { return index.global && index.name == name; });
    if (const auto* create = update.if_contains("Create")) {
      TRY(auto index, make_index(its_table, *create, true));
      its_table.fill(index);
      its_table.indexes.push_back(std::move(index));
      TRY(check_global_indexes(its_table));
      continue;
    }
    if (found == its_table.indexes.end()) {
      return aws_error(
          400, "ResourceNotFoundException",
          fmt::format("Requested resource not found: Index: {} not found for table: {}", name, its_table.name));
    }
    if (update.contains("Delete")) {
      its_table.indexes.erase(found);
      continue;
    }
    const auto& change = update.at("Update").get_object();
    TRY(check_members("UpdateTable GlobalSecondaryIndexUpdates", change, {"IndexName", "ProvisionedThroughput"}));
    if (its_table.pay_per_request) {
      return invalid_parameter(
          "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    }
    const auto* throughput = change.if_contains("ProvisionedThroughput");
    if (throughput == nullptr) return invalid_parameter("ProvisionedThroughput");
    TRY(set_throughput(found->throughput, *throughput));
  }
  return {};
}

base::Result<> DynamoDbService::update_table(Table& its_table, const json::object& input) {
  if (input.size() < 2) {
    return validation_exception(
        "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
        "SSESpecification or ReplicaUpdates is required");
  }
  // All or nothing: the change is made on a copy, whose items are shared.
  Table changed = its_table;
  TRY(auto view, parse_stream_view(input));
  bool streams = object_member(input, "StreamSpecification") != nullptr;
  if (streams && view.empty() == its_table.stream_view.empty()) {
    return invalid_parameter(view.empty()
                                 ? fmt::format("Table already has a disabled stream: TableName: {}", its_table.name)
                                 : fmt::format("Table already has an enabled stream: TableName: {}", its_table.name));
  }
  TRY(set_billing(changed, input, cloud_.clock->now()));
  TRY(auto definitions, parse_definitions(input));
  for (auto& one : definitions) {
    auto known = std::find_if(changed.definitions.begin(), changed.definitions.end(),
                              [&](const KeyAttribute& other) { return other.name == one.name; });
    if (known == changed.definitions.end()) {
      changed.definitions.push_back(std::move(one));
    } else if (known->type != one.type) {
      return invalid_parameter(fmt::format("Attempting to redefine the type of attribute {}", one.name));
    }
  }
  if (const auto* updates = array_member(input, "GlobalSecondaryIndexUpdates")) {
    TRY(apply_index_updates(changed, *updates));
  }
  drop_unused_definitions(changed);
  changed.deletion_protection = flag_member(input, "DeletionProtectionEnabled", changed.deletion_protection);
  TRY(auto table_class, parse_table_class(input));
  if (!table_class.empty()) changed.table_class = std::move(table_class);
  its_table = std::move(changed);
  if (streams) set_stream(its_table, view);
  return {};
}

DynamoDbService::Outcome DynamoDbService::update(const Call& call, const json::object& input) {
  TRY(check_members("UpdateTable", input,
                    {"TableName", "AttributeDefinitions", "BillingMode", "ProvisionedThroughput",
                     "GlobalSecondaryIndexUpdates", "StreamSpecification", "DeletionProtectionEnabled", "TableClass"}));
  auto found = authorized(call, input);
  if (!found && found.error().code == "ResourceNotFoundException") return no_table(text_member(input, "TableName"));
  TRY(auto* its_table, std::move(found));
  auto before = its_table->throughput.describe();
  TRY(update_table(*its_table, input));
  auto description = its_table->describe("UPDATING");
  // The units change when the table is active again.
  description["ProvisionedThroughput"] = std::move(before);
  return json::object{{"TableDescription", std::move(description)}};
}

}  // namespace localcloud
