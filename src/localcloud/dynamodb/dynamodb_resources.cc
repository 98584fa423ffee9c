// What CloudFormation makes of DynamoDB: AWS::DynamoDB::Table, and AWS::DynamoDB::GlobalTable with its one replica
// here.
#include <fmt/format.h>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

json::object in_units(const Throughput& units) {
  return {{"ReadCapacityUnits", units.read_units}, {"WriteCapacityUnits", units.write_units}};
}

// What GlobalSecondaryIndexes says of the index of that name.
json::value index_named(const json::object& properties, std::string_view name) {
  if (const auto* list = array_member(properties, "GlobalSecondaryIndexes")) {
    for (const auto& one : *list) {
      if (one.is_object() && text_member(one.get_object(), "IndexName") == name) return one;
    }
  }
  return {};
}

base::Result<json::array> index_updates(const Table& now, const Table& wanted, const json::object& properties) {
  json::array updates;
  int made_or_deleted = 0;
  for (const auto& index : now.indexes) {
    if (!index.global) continue;
    const auto* next = wanted.find_index(index.name);
    if (next == nullptr) {
      updates.push_back({{"Delete", {{"IndexName", index.name}}}});
      ++made_or_deleted;
    } else if (next->key != index.key || next->projection != index.projection) {
      return validation_exception(
          "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. "
          "You "
          "can create a new GSI with a different name.");
    } else if (!wanted.pay_per_request && next->throughput != index.throughput) {
      updates.push_back(
          {{"Update", {{"IndexName", index.name}, {"ProvisionedThroughput", in_units(next->throughput)}}}});
    }
  }
  for (const auto& index : wanted.indexes) {
    if (!index.global || now.find_index(index.name) != nullptr) continue;
    updates.push_back({{"Create", index_named(properties, index.name)}});
    ++made_or_deleted;
  }
  if (made_or_deleted > 1) {
    return validation_exception("Cannot perform more than one GSI creation or deletion in a single update");
  }
  return updates;
}

// The input of UpdateTable that makes of the table what the properties say; empty if that is what it is.
base::Result<json::object> update_input(const Table& now, const Table& wanted, const json::object& properties) {
  if (wanted.key != now.key) {
    return base::fail(not_implemented("dynamodb", "AWS::DynamoDB::Table with another type of a key in an update"));
  }
  json::object input;
  TRY(auto updates, index_updates(now, wanted, properties));
  if (!updates.empty()) {
    input["GlobalSecondaryIndexUpdates"] = std::move(updates);
    input["AttributeDefinitions"] = properties.at("AttributeDefinitions");
  }
  if (wanted.pay_per_request != now.pay_per_request) {
    input["BillingMode"] = wanted.pay_per_request ? "PAY_PER_REQUEST" : "PROVISIONED";
  }
  if (!wanted.pay_per_request && wanted.throughput != now.throughput) {
    input["ProvisionedThroughput"] = in_units(wanted.throughput);
  }
  if (wanted.deletion_protection != now.deletion_protection) {
    input["DeletionProtectionEnabled"] = wanted.deletion_protection;
  }
  if (!wanted.table_class.empty() && wanted.table_class != now.table_class) input["TableClass"] = wanted.table_class;
  if (!input.empty()) input["TableName"] = now.name;
  return input;
}

struct TimeToLiveWish {
  std::string attribute;
  bool enabled = false;
};

base::Result<TimeToLiveWish> time_to_live_of(const json::object& properties) {
  const auto* given = object_member(properties, "TimeToLiveSpecification");
  if (given == nullptr) return TimeToLiveWish{};
  TRY(check_members("AWS::DynamoDB::Table TimeToLiveSpecification", *given, {"AttributeName", "Enabled"}));
  TimeToLiveWish wish{.attribute = text_member(*given, "AttributeName"), .enabled = flag_member(*given, "Enabled")};
  if (wish.enabled && wish.attribute.empty()) {
    return validation_exception("TimeToLiveSpecification AttributeName is required");
  }
  return wish;
}

class TableType : public SyncType {
 public:
  explicit TableType(DynamoDbService& dynamodb)
      : TableType(
            dynamodb,
            {.name = "AWS::DynamoDB::Table",
             .works = {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput",
                       "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification",
                       "TimeToLiveSpecification", "Tags", "DeletionProtectionEnabled", "TableClass"},
             .accepted = {"SSESpecification", "PointInTimeRecoverySpecification", "ContributorInsightsSpecification"},
             .replaces = {"TableName", "KeySchema", "LocalSecondaryIndexes"}}) {}

 protected:
  TableType(DynamoDbService& dynamodb, TypeDescription description)
      : SyncType(std::move(description)), dynamodb_(dynamodb) {}

  // The properties as AWS::DynamoDB::Table has them.
  virtual base::Result<json::object> table_properties(const json::object& properties) const { return properties; }

  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 255;
    TRY(auto properties, table_properties(request.properties));
    auto name = text_property(properties, "TableName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongest);
    TRY(auto time_to_live, time_to_live_of(properties));
    TRY(auto* created, dynamodb_.create_table(name, properties));
    add_stack_tags(*created, request);
    if (time_to_live.enabled) TRY(dynamodb_.set_time_to_live(*created, time_to_live.attribute, true));
    return state(*created);
  }

  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, dynamodb_.table(request.physical_id));
    TRY(auto properties, table_properties(request.properties));
    TRY(auto wanted, make_table(properties));
    TRY(auto input, update_input(*found, wanted, properties));
    if (!input.empty()) TRY(dynamodb_.update_table(*found, input));
    if (wanted.stream_view != found->stream_view) dynamodb_.set_stream(*found, wanted.stream_view);
    found->tags = wanted.tags;
    add_stack_tags(*found, request);
    TRY(auto now, time_to_live_of(properties));
    bool enabled = found->time_to_live && found->time_to_live->enabled;
    if (enabled && (!now.enabled || now.attribute != found->time_to_live->attribute)) {
      TRY(dynamodb_.set_time_to_live(*found, found->time_to_live->attribute, false));
      enabled = false;
    }
    if (now.enabled && !enabled) TRY(dynamodb_.set_time_to_live(*found, now.attribute, true));
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto removed = dynamodb_.delete_table(request.physical_id);
    if (!removed && removed.error().code == "ResourceNotFoundException") return {};
    return removed;
  }

  DynamoDbService& dynamodb_;

 private:
  static void add_stack_tags(Table& table, const ResourceRequest& request) {
    for (const auto& [key, value] : request.tags) table.tags.emplace(key, value);
  }

  static ResourceState state(const Table& table) {
    ResourceState state{.physical_id = table.name, .attributes = {{"Arn", table.arn}, {"TableId", table.id}}};
    if (!table.stream_view.empty()) state.attributes["StreamArn"] = table.stream_arn;
    return state;
  }
};

// What aws-cdk-lib's TableV2 makes. More than one replica, or one elsewhere, is not there.
class GlobalTableType final : public TableType {
 public:
  explicit GlobalTableType(DynamoDbService& dynamodb)
      : TableType(dynamodb, {.name = "AWS::DynamoDB::GlobalTable",
                             .works = {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "Replicas",
                                       "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification",
                                       "TimeToLiveSpecification"},
                             .accepted = {"SSESpecification"},
                             .replaces = {"TableName", "KeySchema", "LocalSecondaryIndexes"}}) {}

 protected:
  base::Result<json::object> table_properties(const json::object& properties) const override {
    const auto* replicas = array_member(properties, "Replicas");
    const auto* replica = replicas != nullptr && replicas->size() == 1 ? replicas->front().if_object() : nullptr;
    if (replica == nullptr || text_member(*replica, "Region") != dynamodb_.region()) {
      return base::fail(not_implemented("dynamodb", fmt::format("replicas outside of {}", dynamodb_.region())));
    }
    TRY(check_members("AWS::DynamoDB::GlobalTable Replicas", *replica,
                      {"Region", "DeletionProtectionEnabled", "TableClass", "Tags", "SSESpecification",
                       "PointInTimeRecoverySpecification", "ContributorInsightsSpecification"}));
    auto table = properties;
    table.erase("Replicas");
    if (text_member(table, "BillingMode") != "PAY_PER_REQUEST") {
      return base::fail(not_implemented("dynamodb", "AWS::DynamoDB::GlobalTable with provisioned throughput"));
    }
    for (std::string_view name : {"DeletionProtectionEnabled", "TableClass", "Tags"}) {
      if (const auto* value = replica->if_contains(name)) table[name] = *value;
    }
    return table;
  }
};

}  // namespace

ResourceTypes dynamodb_resource_types(DynamoDbService& dynamodb) {
  ResourceTypes types;
  types.push_back(std::make_unique<TableType>(dynamodb));
  types.push_back(std::make_unique<GlobalTableType>(dynamodb));
  return types;
}

}  // namespace localcloud
