// Query and Scan of a table (indexes answer 501).
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "localcloud/dynamodb/dynamodb_service.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestPage = 1024 * 1024;

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

const std::string* key_name(const Condition& part) {
  if (part.operands.empty() || part.operands[0].kind != Operand::Kind::path) return nullptr;
  const auto& path = part.operands[0].path;
  return path.size() == 1 ? std::get_if<std::string>(&path[0]) : nullptr;
}

// A key condition: equality of the partition key, and perhaps one comparison of the sort key.
base::Result<> check_key_condition(const Condition& condition, const Table& table) {
  std::vector<Condition> parts =
      condition.kind == Condition::Kind::all ? condition.parts : std::vector<Condition>{condition};
  bool hash = false;
  bool range = false;
  for (const auto& part : parts) {
    const auto* name = key_name(part);
    bool comparison = part.kind == Condition::Kind::comparison && part.name != "<>";
    bool function = part.kind == Condition::Kind::function && part.name == "begins_with";
    if (name == nullptr || !(comparison || function || part.kind == Condition::Kind::between)) {
      return invalid("Invalid operator used in KeyConditionExpression");
    }
    if (*name == table.hash.name && comparison && part.name == "=" && !hash) {
      hash = true;
    } else if (table.range && *name == table.range->name && !range) {
      range = true;
    } else {
      return invalid("Query key condition not supported");
    }
  }
  if (!hash) return invalid(fmt::format("Query condition missed key schema element: {}", table.hash.name));
  return {};
}

// What Query and Scan have in common: the items of a page, filtered and projected.
struct Page {
  std::optional<Condition> filter;
  std::optional<std::vector<Path>> projection;
  std::optional<std::size_t> limit;
  bool count_only = false;
};

base::Result<Page> parse_page(const json::object& input, Placeholders& placeholders) {
  Page page;
  if (input.contains("FilterExpression")) {
    TRY(auto filter, parse_condition(text_member(input, "FilterExpression"), "FilterExpression", placeholders));
    page.filter = std::move(filter);
  }
  if (input.contains("ProjectionExpression")) {
    TRY(auto paths, parse_projection(text_member(input, "ProjectionExpression"), placeholders));
    page.projection = std::move(paths);
  }
  if (const auto* limit = input.if_contains("Limit")) {
    if (!limit->is_int64() || limit->get_int64() < 1) {
      return invalid(
          "1 validation error detected: Value at 'limit' failed to satisfy constraint: Member must have value "
          "greater than or equal to 1");
    }
    page.limit = static_cast<std::size_t>(limit->get_int64());
  }
  auto select = text_member(input, "Select");
  page.count_only = select == "COUNT";
  if (!select.empty() && select != "COUNT" && select != "ALL_ATTRIBUTES" && select != "SPECIFIC_ATTRIBUTES") {
    return base::fail(not_implemented("dynamodb", "Select " + select));
  }
  TRY(placeholders.check_all_used());
  return page;
}

// `items` in reading order; reading starts after the item of ExclusiveStartKey.
base::Result<json::object> read_page(const json::object& input, const Table& table, const Page& page,
                                     const std::vector<const json::object*>& items) {
  auto at = items.begin();
  if (input.contains("ExclusiveStartKey")) {
    TRY(auto start, item_member(input, "ExclusiveStartKey"));
    if (!table.check_key(start)) return invalid("The provided starting key is invalid");
    auto text = table.key_text(start);
    at = std::find_if(items.begin(), items.end(), [&](const auto* item) { return table.key_text(*item) == text; });
    if (at != items.end()) ++at;
  }
  json::object output;
  json::array found;
  std::size_t count = 0;
  std::size_t scanned = 0;
  std::size_t bytes = 0;
  for (; at != items.end(); ++at) {
    ++scanned;
    bytes += item_size(**at);
    if (!page.filter || holds(*page.filter, **at)) {
      ++count;
      if (!page.count_only) found.emplace_back(page.projection ? project(*page.projection, **at) : **at);
    }
    bool full = (page.limit && scanned == *page.limit) || bytes > kLargestPage;
    if (full && (page.limit || std::next(at) != items.end())) {
      output["LastEvaluatedKey"] = table.key_of(**at);
      break;
    }
  }
  if (!page.count_only) output["Items"] = std::move(found);
  output["Count"] = count;
  output["ScannedCount"] = scanned;
  return output;
}

}  // namespace

base::Result<json::object> DynamoDbService::query(const Call& call, const json::object& input) {
  TRY(check_members(
      "Query", input,
      {"TableName", "KeyConditionExpression", "FilterExpression", "ProjectionExpression", "ExpressionAttributeNames",
       "ExpressionAttributeValues", "Limit", "ExclusiveStartKey", "ScanIndexForward", "ConsistentRead", "Select"}));
  TRY(auto* its_table, authorized_table(call, input));
  TRY(auto placeholders, Placeholders::from(input));
  TRY(auto condition,
      parse_condition(text_member(input, "KeyConditionExpression"), "KeyConditionExpression", placeholders));
  TRY(check_key_condition(condition, *its_table));
  TRY(auto page, parse_page(input, placeholders));
  std::vector<const json::object*> items;
  for (const auto& [key, item] : its_table->items) {
    if (holds(condition, item)) items.push_back(&item);
  }
  if (its_table->range) {
    const auto& name = its_table->range->name;
    std::sort(items.begin(), items.end(), [&](const auto* a, const auto* b) {
      return compare_values(*a->if_contains(name), *b->if_contains(name)).value_or(0) < 0;
    });
  }
  const auto* forward = input.if_contains("ScanIndexForward");
  if (forward != nullptr && forward->is_bool() && !forward->get_bool()) std::reverse(items.begin(), items.end());
  return read_page(input, *its_table, page, items);
}

base::Result<json::object> DynamoDbService::scan(const Call& call, const json::object& input) {
  TRY(check_members("Scan", input,
                    {"TableName", "FilterExpression", "ProjectionExpression", "ExpressionAttributeNames",
                     "ExpressionAttributeValues", "Limit", "ExclusiveStartKey", "ConsistentRead", "Select"}));
  TRY(auto* its_table, authorized_table(call, input));
  TRY(auto placeholders, Placeholders::from(input));
  TRY(auto page, parse_page(input, placeholders));
  std::vector<const json::object*> items;
  for (const auto& [key, item] : its_table->items) items.push_back(&item);
  return read_page(input, *its_table, page, items);
}

}  // namespace localcloud
