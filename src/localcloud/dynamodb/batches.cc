// BatchGetItem and BatchWriteItem.
#include <fmt/format.h>

#include <optional>
#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/key_order.h"

namespace localcloud {

namespace {

// The API reference of both operations.
constexpr std::size_t kMostGets = 100;
constexpr std::size_t kMostWrites = 25;
constexpr std::size_t kLargestAnswer = 16 * 1024 * 1024;

tl::unexpected<base::Error> duplicates() {
  return validation_exception("Provided list of item keys contains duplicates");
}

base::Result<const json::object*> request_items(const json::object& input) {
  const auto* items = object_member(input, "RequestItems");
  if (items != nullptr && !items->empty()) return items;
  return validation_exception(
      "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have length "
      "greater than or equal to 1");
}

// What is asked of one table.
struct Gets {
  std::string name;
  Table* table = nullptr;
  std::vector<json::object> keys = {};
  std::optional<std::vector<Path>> projection = {};
  bool consistent = false;
};

base::Result<Gets> parse_gets(std::string_view name, const json::value& description) {
  const auto* object = description.if_object();
  const auto* keys = object == nullptr ? nullptr : array_member(*object, "Keys");
  if (keys == nullptr || keys->empty()) {
    return validation_exception(
        "1 validation error detected: Value at 'requestItems.member.keys' failed to satisfy constraint: Member must "
        "have length greater than or equal to 1");
  }
  TRY(check_members("BatchGetItem", *object,
                    {"Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"}));
  Gets gets{.name = std::string(name), .consistent = flag_member(*object, "ConsistentRead")};
  TRY(auto projection, parse_optional_projection(*object));
  gets.projection = std::move(projection);
  for (const auto& one : *keys) {
    TRY(auto key, check_item(one));
    gets.keys.push_back(std::move(key));
  }
  return gets;
}

base::Result<> check_distinct(const Gets& gets) {
  std::set<std::string> seen;
  for (const auto& key : gets.keys) {
    TRY(gets.table->key.check_key(key));
    if (!seen.insert(place_of(gets.table->key, key)).second) return duplicates();
  }
  return {};
}

base::Result<std::vector<Gets>> parse_all_gets(const json::object& request) {
  std::vector<Gets> all;
  std::size_t count = 0;
  for (const auto& [name, description] : request) {
    TRY(auto gets, parse_gets(name, description));
    count += gets.keys.size();
    if (count > kMostGets) return validation_exception("Too many items requested for the BatchGetItem call");
    all.push_back(std::move(gets));
  }
  return all;
}

struct Got {
  json::array found;
  json::array left;  // keys of items that would not fit into the answer, or had no throughput left
  int read = 0;
  std::optional<Shortage> shortage;
};

// `room`: bytes that the answer can still take.
Got read_items(const Gets& gets, std::size_t& room, Capacity& capacity, base::WallTime now) {
  Got got;
  for (const auto& key : gets.keys) {
    auto item = gets.table->find(key);
    auto size = item == nullptr ? 0 : item_size(*item);
    if (size > room) {
      room = 0;
      got.left.emplace_back(key);
      continue;
    }
    Capacity cost;
    cost.read_item(item, gets.consistent);
    if (auto shortage = cost.find_shortage(*gets.table, now)) {
      got.shortage = std::move(shortage);
      got.left.emplace_back(key);
      continue;
    }
    cost.charge(*gets.table);
    ++got.read;
    room -= size;
    if (item != nullptr) got.found.emplace_back(gets.projection ? project(*gets.projection, *item) : *item);
    capacity.read_item(item, gets.consistent);
  }
  return got;
}

base::Result<Write> parse_batch_write(const json::value& request) {
  const auto* object = request.if_object();
  const auto* put = object == nullptr ? nullptr : object_member(*object, "PutRequest");
  const auto* remove = object == nullptr ? nullptr : object_member(*object, "DeleteRequest");
  if ((put == nullptr) == (remove == nullptr)) {
    return validation_exception(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes");
  }
  if (put != nullptr) {
    TRY(check_members("BatchWriteItem PutRequest", *put, {"Item"}));
    return parse_write(Write::Kind::put, *put);
  }
  TRY(check_members("BatchWriteItem DeleteRequest", *remove, {"Key"}));
  return parse_write(Write::Kind::remove, *remove);
}

struct BatchWrite {
  std::string table_name;  // as the request has it
  const json::value* request;
  Write write;
  Table* table = nullptr;
};

}  // namespace

DynamoDbService::Outcome DynamoDbService::batch_get(const Call& call, const json::object& input) {
  TRY(check_members("BatchGetItem", input, {"RequestItems", "ReturnConsumedCapacity"}));
  TRY(auto capacity_wanted, wanted_capacity(input));
  TRY(const auto* request, request_items(input));
  TRY(auto all, parse_all_gets(*request));
  for (auto& gets : all) {
    for (const auto& key : gets.keys) {
      TRY(auto* its_table, authorized(call, "BatchGetItem", gets.name, &key));
      gets.table = its_table;
    }
    TRY(check_distinct(gets));
  }
  json::object responses;
  json::object unprocessed;
  json::array capacities;
  std::size_t room = kLargestAnswer;
  int read = 0;
  std::optional<Shortage> shortage;
  for (const auto& gets : all) {
    Capacity capacity;
    auto got = read_items(gets, room, capacity, cloud_.clock->now());
    auto& left = got.left;
    read += got.read;
    if (got.shortage) shortage = std::move(got.shortage);
    if (!left.empty()) {
      auto again = request->at(gets.name).get_object();
      again["Keys"] = std::move(left);
      unprocessed[gets.name] = std::move(again);
    }
    responses[gets.name] = std::move(got.found);
    if (!capacity_wanted.empty()) capacities.push_back(capacity.describe(gets.table->name, capacity_wanted));
  }
  if (read == 0 && shortage) return throttled(*shortage);
  json::object output{{"Responses", std::move(responses)}, {"UnprocessedKeys", std::move(unprocessed)}};
  if (!capacities.empty()) output["ConsumedCapacity"] = std::move(capacities);
  return output;
}

DynamoDbService::Outcome DynamoDbService::batch_write(const Call& call, const json::object& input) {
  TRY(check_members("BatchWriteItem", input,
                    {"RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"}));
  TRY(auto capacity_wanted, wanted_capacity(input));
  TRY(const auto* request, request_items(input));
  std::vector<BatchWrite> writes;
  for (const auto& [name, list] : *request) {
    const auto* requests = list.if_array();
    if (requests == nullptr || requests->empty()) {
      return validation_exception(
          fmt::format("1 validation error detected: Value '{{{}=[]}}' at 'requestItems' failed to satisfy constraint: "
                      "Map value must satisfy constraint: [Member must have length less than or equal to 25, Member "
                      "must have length greater than or equal to 1]",
                      std::string_view(name)));
    }
    for (const auto& one : *requests) {
      TRY(auto write, parse_batch_write(one));
      writes.push_back({.table_name = name, .request = &one, .write = std::move(write)});
    }
  }
  if (writes.size() > kMostWrites) return validation_exception("Too many items requested for the BatchWriteItem call");
  std::set<std::string> seen;
  for (auto& [name, one, write, table] : writes) {
    const auto& holder = write.kind == Write::Kind::put ? write.item : write.key;
    TRY(auto* its_table, authorized(call, "BatchWriteItem", name, &holder));
    // A batch words what is wrong with a put's key like what is wrong with any key.
    if (write.kind == Write::Kind::put && !its_table->key.key_of(write.item)) {
      return validation_exception("The provided key element does not match the schema");
    }
    TRY(check_write(write, *its_table));
    if (!seen.insert(its_table->name + "/" + place_of(its_table->key, write.key)).second) return duplicates();
    table = its_table;
  }
  Receipt receipt(capacity_wanted, wants_collection_metrics(input));
  json::object unprocessed;
  std::optional<Shortage> shortage;
  std::size_t left = 0;
  for (const auto& [name, one, write, its_table] : writes) {
    TRY(auto change, evaluate_write(write, *its_table));
    Capacity cost;
    cost.write(*its_table, change);
    if (auto found = cost.find_shortage(*its_table, cloud_.clock->now())) {
      shortage = std::move(found);
      ++left;
      auto& of_table = unprocessed[name];
      if (!of_table.is_array()) of_table = json::array();
      of_table.get_array().push_back(*one);
      continue;
    }
    cost.charge(*its_table);
    commit(*its_table, change);
    receipt.add(*its_table, change);
  }
  if (shortage && left == writes.size()) return throttled(*shortage);
  json::object output{{"UnprocessedItems", std::move(unprocessed)}};
  receipt.write_to(output);
  return output;
}

}  // namespace localcloud
