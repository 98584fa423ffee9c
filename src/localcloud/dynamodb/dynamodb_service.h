// The one implementation of DynamoDb. Internal to dynamodb/: dispatch and tables (dynamodb.cc), items (items.cc), Query
// and Scan (reads.cc), what CloudFormation makes of it (dynamodb_resources.cc).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/dynamodb/expression.h"
#include "localcloud/dynamodb/table.h"
#include "localcloud/iam/iam.h"
#include "localcloud/wire.h"

namespace localcloud {

class DynamoDbService final : public DynamoDb {
 public:
  explicit DynamoDbService(Cloud& cloud) : cloud_(cloud) {}

  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;
  base::Result<std::vector<StreamRecord>> stream_records(std::string_view, std::uint64_t, std::size_t) const override {
    return base::fail(not_implemented("dynamodb", "streams"));
  }
  base::Result<std::uint64_t> stream_end(std::string_view) const override {
    return base::fail(not_implemented("dynamodb", "streams"));
  }
  awaitable<void> stream_grows(std::string, std::uint64_t) override { co_return; }

  // The state, for the resource type. Errors: ResourceInUseException, ResourceNotFoundException 400,
  // ValidationException.
  base::Result<Table*> create_table(std::string name, const json::object& input);
  base::Result<Table*> table(std::string_view name);
  base::Result<> delete_table(std::string_view name);

 private:
  // An answer, or an error with the members that go beside its message (Item of a failed condition).
  struct Outcome {
    base::Result<json::object> result;
    json::object error_members = {};
  };
  using Operation = base::Result<json::object> (DynamoDbService::*)(const Call&, const json::object&);
  using WriteOperation = Outcome (DynamoDbService::*)(const Call&, const json::object&);

  Outcome act(const Call& call, const std::string& operation);

  base::Result<json::object> create(const Call& call, const json::object& input);
  base::Result<json::object> describe(const Call& call, const json::object& input);
  base::Result<json::object> erase(const Call& call, const json::object& input);
  base::Result<json::object> list(const Call& call, const json::object& input);
  base::Result<json::object> get_item(const Call& call, const json::object& input);
  base::Result<json::object> query(const Call& call, const json::object& input);
  base::Result<json::object> scan(const Call& call, const json::object& input);
  Outcome put_item(const Call& call, const json::object& input);
  Outcome delete_item(const Call& call, const json::object& input);
  Outcome update_item(const Call& call, const json::object& input);

  std::string arn_of(std::string_view name) const;
  // The table an operation names, once the caller may do it. `key`: the item's partition key, for dynamodb:LeadingKeys.
  base::Result<Table*> authorized_table(const Call& call, const json::object& input, const json::value* key = nullptr);
  // Checks the condition of a write; on failure the outcome holds ConditionalCheckFailedException.
  Outcome write(const json::object& input, Table& its_table, const json::object& key, const json::object* replacement);
  Outcome updated(const json::object& input, Table& its_table, const json::object& key);

  Cloud& cloud_;
  std::map<std::string, Table, std::less<>> tables_;
};

// --- Helpers of the operations

// Errors: 501 naming the first member of the input that is not in `known`; ValidationException if TableName is missing.
base::Result<> check_members(std::string_view operation, const json::object& input,
                             const std::set<std::string_view>& known);
// The string member, or "".
std::string text_member(const json::object& input, std::string_view name);
// The object under a name, checked as an item or key. Errors: ValidationException if it is missing.
base::Result<json::object> item_member(const json::object& input, std::string_view name);

ResourceTypes dynamodb_resource_types(DynamoDbService& dynamodb);

}  // namespace localcloud
