// What DescribeTable says of a table.
#include <fmt/format.h>

#include "localcloud/dynamodb/table.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

json::object describe_index(const Table& table, const Index& index, std::string_view status) {
  std::size_t size = 0;
  for (const auto& [place, item] : index.entries) size += item_size(*item);
  json::object described{{"IndexName", index.name},
                         {"KeySchema", index.key.describe()},
                         {"Projection", index.projection.describe()},
                         {"IndexSizeBytes", size},
                         {"ItemCount", index.entries.size()},
                         {"IndexArn", fmt::format("{}/index/{}", table.arn, index.name)}};
  if (index.global) {
    described["IndexStatus"] = status;
    described["ProvisionedThroughput"] = index.throughput.describe();
  }
  return described;
}

}  // namespace

json::object Table::describe(std::string_view status) const {
  json::array attributes;
  for (const auto& one : definitions) {
    attributes.push_back({{"AttributeName", one.name}, {"AttributeType", one.type}});
  }
  json::object table{{"AttributeDefinitions", std::move(attributes)},
                     {"TableName", name},
                     {"KeySchema", key.describe()},
                     {"TableStatus", status},
                     {"CreationDateTime", epoch_seconds(created)},
                     {"ProvisionedThroughput", throughput.describe()},
                     {"TableSizeBytes", size_bytes()},
                     {"ItemCount", items.size()},
                     {"TableArn", arn},
                     {"TableId", id},
                     {"DeletionProtectionEnabled", deletion_protection}};
  if (made_on_demand) {
    table["BillingModeSummary"] = json::object{{"BillingMode", pay_per_request ? "PAY_PER_REQUEST" : "PROVISIONED"},
                                               {"LastUpdateToPayPerRequestDateTime", epoch_seconds(*made_on_demand)}};
  }
  for (const auto& index : indexes) {
    auto& list = table[index.global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes"];
    if (!list.is_array()) list = json::array();
    list.get_array().push_back(describe_index(*this, index, status == "CREATING" ? "CREATING" : "ACTIVE"));
  }
  if (!stream_view.empty()) {
    table["StreamSpecification"] = json::object{{"StreamEnabled", true}, {"StreamViewType", stream_view}};
  }
  if (!stream_arn.empty()) {
    table["LatestStreamArn"] = stream_arn;
    table["LatestStreamLabel"] = stream_arn.substr(stream_arn.rfind('/') + 1);
  }
  if (!table_class.empty()) table["TableClassSummary"] = json::object{{"TableClass", table_class}};
  return table;
}

}  // namespace localcloud
