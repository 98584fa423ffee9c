// The one implementation of DynamoDb. Internal to dynamodb/: dispatch and what operations share (dynamodb.cc), tables
// (tables.cc, update_table.cc), tags, limits and backups (table_settings.cc), items (items.cc), batches (batches.cc),
// transactions (transactions.cc), Query and Scan (reads.cc), streams (streams.cc), expiry (time_to_live.cc), what
// CloudFormation makes of it (dynamodb_resources.cc).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "localcloud/dynamodb/capacity.h"
#include "localcloud/dynamodb/dynamodb.h"
#include "localcloud/dynamodb/stream.h"
#include "localcloud/dynamodb/table.h"
#include "localcloud/dynamodb/table_input.h"
#include "localcloud/dynamodb/write.h"
#include "localcloud/iam/iam.h"
#include "localcloud/wire.h"

namespace localcloud {

class DynamoDbService final : public DynamoDb {
 public:
  explicit DynamoDbService(Cloud& cloud) : cloud_(cloud) {}

  std::vector<std::string> operations() const override;
  awaitable<net::Response> handle(Call call) override;
  ResourceTypes resource_types() override;
  base::Result<std::vector<StreamRecord>> stream_records(std::string_view stream_arn, std::uint64_t sequence,
                                                         std::size_t max) const override;
  base::Result<std::uint64_t> stream_end(std::string_view stream_arn) const override;
  std::string shard_id(std::string_view stream_arn) const override;
  awaitable<void> stream_grows(std::string stream_arn, std::uint64_t sequence) override;

  // --- The state, for the resource types. Errors: ResourceInUseException, ResourceNotFoundException,
  // LimitExceededException 400, ValidationException.
  base::Result<Table*> create_table(std::string name, const json::object& input);
  base::Result<Table*> table(std::string_view name);
  base::Result<> update_table(Table& its_table, const json::object& input);
  base::Result<> delete_table(std::string_view name);
  // "": none. Another view is another stream.
  void set_stream(Table& its_table, const std::string& view);
  const std::string& region() const { return cloud_.region; }
  base::Result<> set_time_to_live(Table& its_table, const std::string& attribute, bool enabled);

 private:
  // An answer, or an error with the members that go beside its message (Item of a failed condition).
  struct Outcome {
    Outcome(base::Result<json::object> answered) : result(std::move(answered)) {}
    Outcome(json::object answer) : result(std::move(answer)) {}
    Outcome(tl::unexpected<base::Error> error) : result(std::move(error)) {}
    base::Result<json::object> result;
    json::object error_members = {};
  };
  using Operation = Outcome (DynamoDbService::*)(const Call&, const json::object&);
  static const std::map<std::string_view, Operation>& table_of_operations();

  Outcome act(const Call& call);

  Outcome create(const Call& call, const json::object& input);
  Outcome describe(const Call& call, const json::object& input);
  Outcome update(const Call& call, const json::object& input);
  Outcome erase(const Call& call, const json::object& input);
  Outcome list(const Call& call, const json::object& input);
  Outcome update_ttl(const Call& call, const json::object& input);
  Outcome describe_ttl(const Call& call, const json::object& input);
  Outcome tag(const Call& call, const json::object& input);
  Outcome untag(const Call& call, const json::object& input);
  Outcome list_tags(const Call& call, const json::object& input);
  Outcome describe_limits(const Call& call, const json::object& input);
  Outcome describe_backups(const Call& call, const json::object& input);
  Outcome describe_endpoints(const Call& call, const json::object& input);

  Outcome get_item(const Call& call, const json::object& input);
  Outcome put_item(const Call& call, const json::object& input);
  Outcome delete_item(const Call& call, const json::object& input);
  Outcome update_item(const Call& call, const json::object& input);
  Outcome batch_get(const Call& call, const json::object& input);
  Outcome batch_write(const Call& call, const json::object& input);
  Outcome transact_get(const Call& call, const json::object& input);
  Outcome transact_write(const Call& call, const json::object& input);
  Outcome query(const Call& call, const json::object& input);
  Outcome scan(const Call& call, const json::object& input);

  Outcome list_streams(const Call& call, const json::object& input);
  Outcome describe_stream(const Call& call, const json::object& input);
  Outcome shard_iterator(const Call& call, const json::object& input);
  Outcome get_records(const Call& call, const json::object& input);

  std::string arn_of(std::string_view table_name) const;
  // The table that `name` (a name or an ARN) means, once the caller may do `action` ("GetItem") with it. `item`: what
  // holds the partition key, for dynamodb:LeadingKeys. `index`: the one that is read.
  base::Result<Table*> authorized(const Call& call, std::string_view action, std::string_view name,
                                  const json::object* item = nullptr, std::string_view index = {});
  base::Result<Table*> authorized(const Call& call, const json::object& input, const json::object* item = nullptr) {
    return authorized(call, json_operation(call.request), text_member(input, "TableName"), item);
  }
  base::Result<Table*> authorized_resource(const Call& call, const json::object& input);  // by ResourceArn

  // What the same request with this token was answered in the last ten minutes. Errors:
  // IdempotentParameterMismatchException.
  base::Result<std::optional<json::object>> earlier_answer(const std::string& token, const std::string& digest);
  Outcome write_item(const Call& call, const json::object& input, Write::Kind kind);
  // Takes what an operation costs from what its table provides. An outcome: nothing is left of that.
  std::optional<Outcome> charge(Table& its_table, const Capacity& cost);
  static Outcome throttled(const Shortage& shortage);
  static Outcome cancelled(const base::Error& error, json::array reasons);  // a transaction
  // The change comes to the table, its indexes and its stream.
  void commit(Table& its_table, const ItemChange& change);

  base::Result<> apply_index_updates(Table& its_table, const json::array& updates);
  void open_stream(Table& its_table);
  void close_stream(Table& its_table);
  // Errors: ResourceNotFoundException 400.
  base::Result<const Stream*> stream(std::string_view arn) const;

  awaitable<void> delete_expired_items();
  void delete_expired_items_of(Table& its_table);

  Cloud& cloud_;
  std::map<std::string, Table, std::less<>> tables_;
  std::map<std::string, Stream, std::less<>> streams_;  // by ARN
  bool expiring_ = false;                               // delete_expired_items() runs
  // What a ClientRequestToken was used for, for ten minutes.
  struct Request {
    std::string digest;  // of the request's body
    base::WallTime until;
    json::object answer;
  };
  std::map<std::string, Request> transactions_;
};

ResourceTypes dynamodb_resource_types(DynamoDbService& dynamodb);

}  // namespace localcloud
