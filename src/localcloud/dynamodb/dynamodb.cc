#include "localcloud/dynamodb/dynamodb.h"

#include <fmt/format.h>

#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/local_clock.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.0";
constexpr std::size_t kLargestRequest = 16 * 1024 * 1024;
// An item of 32 levels has two levels of JSON for each; codec::parse_json stops before.
constexpr std::size_t kDeepestJson = 128;

base::Result<json::object> read_input(const net::Request& request) {
  if (request.body.size() > kLargestRequest) {
    return aws_error(413, "RequestEntityTooLargeException", "The request is larger than 16 MB");
  }
  if (request.body.empty()) return json::object();
  boost::system::error_code error;
  auto value = json::parse(request.body, error, {}, {.max_depth = kDeepestJson});
  if (error || !value.is_object()) {
    return aws_error(400, "SerializationException", "Start of structure or map found where not expected.");
  }
  return std::move(value.get_object());
}

// Clients know the errors of this service by their full name.
net::Response failure(const Call& call, const base::Error& error, const json::object& members) {
  base::Error named = error;
  static const std::set<std::string_view> kCommon{"SerializationException", "AccessDeniedException"};
  if (error.code == "ValidationException") {
    named.code = "com.amazon.coral.validate#ValidationException";
  } else if (kCommon.contains(error.code)) {
    named.code = "com.amazon.coral.service#" + error.code;
  } else if (!error.code.empty() && error.status != 501) {
    named.code = "com.amazonaws.dynamodb.v20120810#" + error.code;
  }
  return json_failure(call, named, kVersion, members);
}

// API reference, ThrottlingReason.
json::object throttling_reason(const Shortage& shortage) {
  return {{"reason", fmt::format("{}{}ProvisionedThroughputExceeded", shortage.index ? "Index" : "Table",
                                 shortage.write ? "Write" : "Read")},
          {"resource", shortage.arn}};
}

}  // namespace

const std::map<std::string_view, DynamoDbService::Operation>& DynamoDbService::table_of_operations() {
  using S = DynamoDbService;
  static const std::map<std::string_view, Operation> kOperations{
      {"CreateTable", &S::create},
      {"DescribeTable", &S::describe},
      {"UpdateTable", &S::update},
      {"DeleteTable", &S::erase},
      {"ListTables", &S::list},
      {"UpdateTimeToLive", &S::update_ttl},
      {"DescribeTimeToLive", &S::describe_ttl},
      {"TagResource", &S::tag},
      {"UntagResource", &S::untag},
      {"ListTagsOfResource", &S::list_tags},
      {"DescribeLimits", &S::describe_limits},
      {"DescribeContinuousBackups", &S::describe_backups},
      {"DescribeEndpoints", &S::describe_endpoints},
      {"GetItem", &S::get_item},
      {"PutItem", &S::put_item},
      {"DeleteItem", &S::delete_item},
      {"UpdateItem", &S::update_item},
      {"BatchGetItem", &S::batch_get},
      {"BatchWriteItem", &S::batch_write},
      {"TransactGetItems", &S::transact_get},
      {"TransactWriteItems", &S::transact_write},
      {"Query", &S::query},
      {"Scan", &S::scan},
      {"ListStreams", &S::list_streams},
      {"DescribeStream", &S::describe_stream},
      {"GetShardIterator", &S::shard_iterator},
      {"GetRecords", &S::get_records},
  };
  return kOperations;
}

std::vector<std::string> DynamoDbService::operations() const {
  // DynamoDB Streams has an API of its own, with the same scope and endpoint here.
  static const std::set<std::string_view> kOfStreams{"ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"};
  std::vector<std::string> names;
  for (const auto& [name, operation] : table_of_operations()) {
    names.push_back(fmt::format("{}:{}", kOfStreams.contains(name) ? "dynamodbstreams" : "dynamodb", name));
  }
  return names;
}

awaitable<net::Response> DynamoDbService::handle(Call call) {
  auto outcome = act(call);
  if (!outcome.result) co_return failure(call, outcome.result.error(), outcome.error_members);
  co_return json_answer(call, json::value(std::move(*outcome.result)), kVersion);
}

DynamoDbService::Outcome DynamoDbService::act(const Call& call) {
  TRY(auto input, read_input(call.request));
  auto operation = json_operation(call.request);
  auto found = table_of_operations().find(operation);
  if (found == table_of_operations().end()) return base::fail(not_implemented("dynamodb", operation));
  return (this->*found->second)(call, input);
}

std::string DynamoDbService::arn_of(std::string_view table_name) const {
  return fmt::format("arn:aws:dynamodb:{}:{}:table/{}", cloud_.region, cloud_.account_id, table_name);
}

base::Result<Table*> DynamoDbService::authorized(const Call& call, std::string_view action, std::string_view name,
                                                 const json::object* item, std::string_view index) {
  if (name.empty()) {
    return aws_error(400, "ValidationException",
                     "The parameter 'TableName' is required but was not present in the request");
  }
  auto own = arn_of("");
  std::string resource = name.starts_with("arn:") ? std::string(name) : arn_of(name);
  auto found = name.starts_with(own) ? tables_.find(name.substr(own.size())) : tables_.find(name);
  ConditionContext context;
  if (item != nullptr && found != tables_.end()) {
    const auto* read_index = found->second.find_index(index);
    const auto& schema = read_index == nullptr ? found->second.key : read_index->key;
    if (const auto* leading = item->if_contains(schema.hash.name); leading != nullptr) {
      if (content_of(*leading).is_string())
        context["dynamodb:LeadingKeys"] = std::string(content_of(*leading).get_string());
    }
  }
  if (!index.empty()) resource += fmt::format("/index/{}", index);
  TRY(cloud_.iam->authorize(call.caller, fmt::format("dynamodb:{}", action), resource, context));
  if (found == tables_.end()) return aws_error(400, "ResourceNotFoundException", "Requested resource not found");
  return &found->second;
}

base::Result<Table*> DynamoDbService::authorized_resource(const Call& call, const json::object& input) {
  auto arn = text_member(input, "ResourceArn");
  TRY(cloud_.iam->authorize(call.caller, "dynamodb:" + json_operation(call.request), arn));
  auto own = arn_of("");
  if (!arn.starts_with(own)) {
    return aws_error(400, "ValidationException",
                     fmt::format("Invalid TableArn: Invalid ResourceArn provided as input {}", arn));
  }
  auto found = tables_.find(arn.substr(own.size()));
  if (found != tables_.end()) return &found->second;
  return aws_error(400, "ResourceNotFoundException",
                   fmt::format("Requested resource not found: ResourcArn: {} not found", arn));
}

std::optional<DynamoDbService::Outcome> DynamoDbService::charge(Table& its_table, const Capacity& cost) {
  if (auto shortage = cost.find_shortage(its_table, cloud_.clock->now())) return throttled(*shortage);
  cost.charge(its_table);
  return std::nullopt;
}

DynamoDbService::Outcome DynamoDbService::throttled(const Shortage& shortage) {
  Outcome refused(throughput_exceeded(shortage));
  refused.error_members["ThrottlingReasons"] = json::array{throttling_reason(shortage)};
  return refused;
}

void DynamoDbService::commit(Table& its_table, const ItemChange& change) {
  its_table.store(change.key, change.after);
  if (its_table.stream_view.empty()) return;
  auto found = streams_.find(its_table.stream_arn);
  if (found != streams_.end()) found->second.append(change, cloud_.region, cloud_.clock->now());
}

ResourceTypes DynamoDbService::resource_types() {
  return dynamodb_resource_types(*this);
}

std::unique_ptr<DynamoDb> make_dynamodb(Cloud& cloud) {
  return std::make_unique<DynamoDbService>(cloud);
}

}  // namespace localcloud
