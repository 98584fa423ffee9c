// TransactGetItems and TransactWriteItems: all or nothing, with a reason for each part when nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/key_order.h"
#include "localcloud/iam/signature.h"
#include "localcloud/local_clock.h"

namespace localcloud {

namespace {

// The API reference of both operations.
constexpr std::size_t kMostParts = 100;
constexpr std::size_t kLargest = 4 * 1024 * 1024;
constexpr std::chrono::minutes kTokenLife{10};

struct PartKind {
  std::string_view member;
  std::string_view action;
  Write::Kind kind;
};
constexpr PartKind kPartKinds[] = {{"ConditionCheck", "ConditionCheckItem", Write::Kind::check},
                                   {"Put", "PutItem", Write::Kind::put},
                                   {"Update", "UpdateItem", Write::Kind::update},
                                   {"Delete", "DeleteItem", Write::Kind::remove}};

struct Part {
  std::string table_name;
  std::string action;
  Write write;
  Table* table = nullptr;
};

tl::unexpected<base::Error> too_large() {
  return validation_exception("Transaction size exceeded the limit of 4 MB");
}

base::Result<const json::array*> transact_items(const json::object& input) {
  const auto* items = array_member(input, "TransactItems");
  if (items == nullptr || items->empty() || items->size() > kMostParts) {
    return validation_exception(
        fmt::format("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must "
                    "have length {}",
                    items == nullptr || items->empty() ? "greater than or equal to 1" : "less than or equal to 100"));
  }
  return items;
}

base::Result<Part> parse_part(const json::value& item) {
  const auto* object = item.if_object();
  if (object == nullptr || object->size() != 1) {
    return validation_exception("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  for (const auto& [member, action, kind] : kPartKinds) {
    const auto* description = object_member(*object, member);
    if (description == nullptr) continue;
    std::set<std::string_view> known{"TableName", "ConditionExpression", "ExpressionAttributeNames",
                                     "ExpressionAttributeValues", "ReturnValuesOnConditionCheckFailure"};
    known.insert(kind == Write::Kind::put ? "Item" : "Key");
    if (kind == Write::Kind::update) known.insert("UpdateExpression");
    TRY(check_members(fmt::format("TransactWriteItems {}", member), *description, known));
    TRY(auto write, parse_write(kind, *description));
    if (kind == Write::Kind::check && !write.condition) {
      return validation_exception("The ConditionExpression is required for ConditionCheck");
    }
    return Part{
        .table_name = text_member(*description, "TableName"), .action = std::string(action), .write = std::move(write)};
  }
  return validation_exception("TransactItems can only contain one of Check, Put, Update or Delete");
}

// Why a transaction was cancelled: one reason for each part, in their order.
class Reasons {
 public:
  void add_none() { add({{"Code", "None"}}); }
  void add(const base::Error& error, const Item& item = nullptr) {
    cancelled_ = true;
    std::string_view code = "ValidationError";
    if (error.code == "ConditionalCheckFailedException") code = "ConditionalCheckFailed";
    if (error.code == "ProvisionedThroughputExceededException") code = "ProvisionedThroughputExceeded";
    json::object reason{{"Code", code}, {"Message", error.message}};
    if (item != nullptr) reason["Item"] = *item;
    add(std::move(reason));
  }
  bool cancelled() const { return cancelled_; }
  json::array take() { return std::move(reasons_); }
  base::Error error() const {
    std::vector<std::string> codes;
    for (const auto& one : reasons_) codes.push_back(text_member(one.get_object(), "Code"));
    return {.kind = base::ErrorKind::service,
            .message = fmt::format("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                                   fmt::join(codes, ", ")),
            .code = "TransactionCanceledException",
            .status = 400};
  }

 private:
  void add(json::object reason) { reasons_.push_back(std::move(reason)); }
  json::array reasons_;
  bool cancelled_ = false;
};

// What the parts of a transaction need of their tables: all of them have it, or none is charged.
class Costs {
 public:
  Capacity& of(Table& table) { return costs_.try_emplace(&table, true).first->second; }
  // Why the transaction is cancelled, if a table that it needs has nothing left. `parts`: the table of each.
  Reasons charge(const std::vector<Table*>& parts, base::WallTime now) {
    std::map<Table*, Shortage> shortages;
    for (auto& [table, cost] : costs_) {
      if (auto shortage = cost.find_shortage(*table, now)) shortages.emplace(table, std::move(*shortage));
    }
    Reasons reasons;
    for (auto* table : parts) {
      auto found = shortages.find(table);
      if (found == shortages.end()) {
        reasons.add_none();
      } else {
        reasons.add(throughput_exceeded(found->second).value());
      }
    }
    if (!shortages.empty()) return reasons;
    for (auto& [table, cost] : costs_) cost.charge(*table);
    return reasons;
  }
  std::map<std::string_view, const Capacity*> by_name() const {
    std::map<std::string_view, const Capacity*> named;
    for (const auto& [table, cost] : costs_) named.emplace(table->name, &cost);
    return named;
  }

 private:
  std::map<Table*, Capacity> costs_;
};

base::Result<> check_distinct(const std::vector<Part>& parts) {
  std::set<std::string> seen;
  for (const auto& part : parts) {
    // A key that does not fit has its own reason.
    if (part.write.key.empty()) continue;
    if (!seen.insert(part.table->name + "/" + place_of(part.table->key, part.write.key)).second) {
      return validation_exception("Transaction request cannot include multiple operations on one item");
    }
  }
  return {};
}

base::Result<std::vector<Part>> parse_parts(const json::object& input) {
  TRY(const auto* items, transact_items(input));
  std::vector<Part> parts;
  for (const auto& one : *items) {
    TRY(auto part, parse_part(one));
    parts.push_back(std::move(part));
  }
  return parts;
}

// What a transaction would do; `changes` count only if nothing cancels it.
struct Evaluation {
  std::vector<ItemChange> changes;
  Reasons reasons;
};

// Errors: what refuses the request as a whole.
base::Result<Evaluation> evaluate_parts(std::vector<Part>& parts) {
  std::vector<base::Result<>> fits;
  for (auto& part : parts) {
    fits.push_back(check_write(part.write, *part.table));
    if (!fits.back()) part.write.key.clear();
  }
  TRY(check_distinct(parts));
  Evaluation found;
  std::size_t size = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& [table_name, action, write, its_table] = parts[i];
    auto change = fits[i] ? evaluate_write(write, *its_table) : base::fail(fits[i].error());
    if (!change) {
      bool condition = change.error().code == "ConditionalCheckFailedException";
      found.reasons.add(change.error(), condition && write.gives_back ? its_table->find(write.key) : nullptr);
      continue;
    }
    found.reasons.add_none();
    size += change->after == nullptr ? 0 : item_size(*change->after);
    found.changes.push_back(std::move(*change));
  }
  if (size > kLargest) return too_large();
  return found;
}

// A transaction that is cancelled costs too.
Costs costs_of(const std::vector<Part>& parts, const Evaluation& found) {
  Costs costs;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto& cost = costs.of(*parts[i].table);
    if (!found.reasons.cancelled()) {
      cost.write(*parts[i].table, found.changes[i]);
    } else if (!parts[i].write.key.empty()) {
      cost.failed_write(parts[i].table->find(parts[i].write.key));
    }
  }
  return costs;
}

std::vector<Table*> tables_of(const std::vector<Part>& parts) {
  std::vector<Table*> tables;
  for (const auto& part : parts) tables.push_back(part.table);
  return tables;
}

}  // namespace

DynamoDbService::Outcome DynamoDbService::cancelled(const base::Error& error, json::array reasons) {
  Outcome failed(base::fail(error));
  failed.error_members["CancellationReasons"] = std::move(reasons);
  return failed;
}

base::Result<std::optional<json::object>> DynamoDbService::earlier_answer(const std::string& token,
                                                                          const std::string& digest) {
  auto now = cloud_.clock->now();
  std::erase_if(transactions_, [&](const auto& one) { return one.second.until <= now; });
  auto known = transactions_.find(token);
  if (known == transactions_.end()) return std::nullopt;
  if (known->second.digest == digest) return known->second.answer;
  return aws_error(400, "IdempotentParameterMismatchException",
                   "Idempotent parameter mismatch: The request uses the same client token as a previous, but "
                   "non-identical request.");
}

DynamoDbService::Outcome DynamoDbService::transact_write(const Call& call, const json::object& input) {
  TRY(check_members("TransactWriteItems", input,
                    {"TransactItems", "ClientRequestToken", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"}));
  TRY(auto capacity_wanted, wanted_capacity(input));
  TRY(auto parts, parse_parts(input));
  for (auto& part : parts) {
    const auto& holder = part.write.kind == Write::Kind::put ? part.write.item : part.write.key;
    TRY(auto* its_table, authorized(call, part.action, part.table_name, &holder));
    part.table = its_table;
  }
  auto token = text_member(input, "ClientRequestToken");
  auto digest = sha256_hex(call.request.body);
  TRY(auto earlier, earlier_answer(token, digest));
  if (earlier) return std::move(*earlier);

  TRY(auto found, evaluate_parts(parts));
  auto throttled = costs_of(parts, found).charge(tables_of(parts), cloud_.clock->now());
  if (throttled.cancelled()) return cancelled(throttled.error(), throttled.take());
  if (found.reasons.cancelled()) return cancelled(found.reasons.error(), found.reasons.take());
  Receipt receipt(capacity_wanted, wants_collection_metrics(input), true);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    commit(*parts[i].table, found.changes[i]);
    receipt.add(*parts[i].table, found.changes[i]);
  }
  json::object output;
  receipt.write_to(output);
  if (!token.empty()) {
    transactions_[token] = {.digest = digest, .until = cloud_.clock->now() + kTokenLife, .answer = output};
  }
  return output;
}

DynamoDbService::Outcome DynamoDbService::transact_get(const Call& call, const json::object& input) {
  TRY(check_members("TransactGetItems", input, {"TransactItems", "ReturnConsumedCapacity"}));
  TRY(auto capacity_wanted, wanted_capacity(input));
  TRY(const auto* items, transact_items(input));
  Reasons reasons;
  json::array responses;
  Costs costs;
  std::vector<Table*> tables;
  std::size_t size = 0;
  for (const auto& one : *items) {
    const auto* get = one.is_object() ? object_member(one.get_object(), "Get") : nullptr;
    if (get == nullptr) return validation_exception("TransactItems can only contain Get");
    TRY(check_members("TransactGetItems Get", *get,
                      {"TableName", "Key", "ProjectionExpression", "ExpressionAttributeNames"}));
    TRY(auto key, item_member(*get, "Key"));
    TRY(auto projection, parse_optional_projection(*get));
    TRY(auto* its_table, authorized(call, "GetItem", text_member(*get, "TableName"), &key));
    auto fits = its_table->key.check_key(key);
    if (!fits) {
      reasons.add(fits.error());
      continue;
    }
    reasons.add_none();
    auto item = its_table->find(key);
    size += item == nullptr ? 0 : item_size(*item);
    json::object response;
    if (item != nullptr) response["Item"] = projection ? project(*projection, *item) : *item;
    responses.push_back(std::move(response));
    tables.push_back(its_table);
    costs.of(*its_table).read_item(item, true);
  }
  if (reasons.cancelled()) return cancelled(reasons.error(), reasons.take());
  if (size > kLargest) return too_large();
  auto throttled = costs.charge(tables, cloud_.clock->now());
  if (throttled.cancelled()) return cancelled(throttled.error(), throttled.take());
  json::object output{{"Responses", std::move(responses)}};
  if (!capacity_wanted.empty()) {
    json::array each;
    for (const auto& [name, capacity] : costs.by_name()) each.push_back(capacity->describe(name, capacity_wanted));
    output["ConsumedCapacity"] = std::move(each);
  }
  return output;
}

}  // namespace localcloud
