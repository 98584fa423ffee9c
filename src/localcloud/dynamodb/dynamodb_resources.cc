// What CloudFormation makes of DynamoDB: AWS::DynamoDB::Table.
#include <fmt/format.h>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/sync_type.h"

namespace localcloud {

namespace {

class TableType final : public SyncType {
 public:
  explicit TableType(DynamoDbService& dynamodb)
      : SyncType({.name = "AWS::DynamoDB::Table",
                  .works = {"TableName", "AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput"},
                  .accepted = {"Tags", "SSESpecification", "PointInTimeRecoverySpecification", "TableClass",
                               "TimeToLiveSpecification", "ContributorInsightsSpecification"},
                  .replaces = {"TableName", "AttributeDefinitions", "KeySchema"}}),
        dynamodb_(dynamodb) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    constexpr std::size_t kLongest = 255;
    auto name = text_property(request.properties, "TableName");
    if (name.empty()) name = generated_name(request.stack_name, request.logical_id, kLongest);
    auto input = request.properties;
    TRY(auto* created, dynamodb_.create_table(name, input));
    return state(*created);
  }

  // Billing mode and throughput change in place; they limit nothing here.
  base::Result<ResourceState> change(const ResourceRequest& request) override {
    TRY(auto* found, dynamodb_.table(request.physical_id));
    TRY(auto wanted, make_table(request.properties));
    found->pay_per_request = wanted.pay_per_request;
    found->read_units = wanted.read_units;
    found->write_units = wanted.write_units;
    return state(*found);
  }

  base::Result<> destroy(const ResourceRequest& request) override {
    auto removed = dynamodb_.delete_table(request.physical_id);
    if (!removed && removed.error().code == "ResourceNotFoundException") return {};
    return removed;
  }

 private:
  static ResourceState state(const Table& table) {
    return {.physical_id = table.name, .ref = {}, .attributes = {{"Arn", table.arn}}};
  }

  DynamoDbService& dynamodb_;
};

}  // namespace

ResourceTypes dynamodb_resource_types(DynamoDbService& dynamodb) {
  ResourceTypes types;
  types.push_back(std::make_unique<TableType>(dynamodb));
  return types;
}

}  // namespace localcloud
