#include "localcloud/dynamodb/write.h"

#include <fmt/format.h>

#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/table_input.h"

namespace localcloud {

namespace {

constexpr std::size_t kLargestItem = 400 * 1024;  // the developer guide, "Quotas": item size

// Nested parts of a key cannot be written, nor a key at all.
base::Result<> check_written_paths(const Update& update, const Table& table) {
  for (const auto& path : written_paths(update)) {
    const auto& name = std::get<std::string>(path.front());
    if (table.key.has(name)) {
      return validation_exception(
          fmt::format("One or more parameter values were invalid: Cannot update attribute {}. This attribute is part "
                      "of the key",
                      name));
    }
  }
  // What the request itself says of an index's key.
  json::object given;
  auto take = [&](const Path& path, const json::value& value) {
    if (path.size() == 1) given[std::get<std::string>(path.front())] = value;
  };
  for (const auto& one : update.set) {
    if (one.operation == 0 && one.first.kind == Operand::Kind::value) take(one.path, one.first.value);
  }
  for (const auto& one : update.add) take(one.path, one.value);
  return table.check_index_keys(given);
}

base::Result<Item> updated(const Write& write, const Item& before, const Table& table) {
  TRY(auto after, apply(write.update, before == nullptr ? write.key : *before));
  if (!fits_nesting(after)) {
    return validation_exception(
        "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported "
        "limit");
  }
  if (item_size(after) > kLargestItem) {
    return validation_exception("Item size to update has exceeded the maximum allowed size");
  }
  if (!table.check_index_keys(after)) {
    return validation_exception(
        "The update expression attempted to update the secondary index key to unsupported type");
  }
  return std::make_shared<const json::object>(std::move(after));
}

}  // namespace

base::Result<Write> parse_write(Write::Kind kind, const json::object& input) {
  Write write{.kind = kind};
  TRY(auto item, item_member(input, kind == Write::Kind::put ? "Item" : "Key"));
  (kind == Write::Kind::put ? write.item : write.key) = std::move(item);
  std::vector<std::string_view> expressions{"ConditionExpression"};
  if (kind == Write::Kind::update) expressions.insert(expressions.begin(), "UpdateExpression");
  TRY(auto placeholders, Placeholders::from(input, expressions));
  if (input.contains("UpdateExpression")) {
    TRY(auto update, parse_update(text_member(input, "UpdateExpression"), placeholders));
    write.update = std::move(update);
  }
  if (input.contains("ConditionExpression")) {
    TRY(auto condition,
        parse_condition(text_member(input, "ConditionExpression"), "ConditionExpression", placeholders));
    write.condition = std::move(condition);
  }
  TRY(placeholders.check_all_used());
  write.gives_back = text_member(input, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
  return write;
}

base::Result<> check_write(Write& write, const Table& table) {
  if (write.kind != Write::Kind::put) {
    TRY(table.key.check_key(write.key));
    return check_written_paths(write.update, table);
  }
  TRY(table.key.check_item(write.item));
  TRY(table.check_index_keys(write.item));
  if (item_size(write.item) > kLargestItem) {
    return validation_exception("Item size has exceeded the maximum allowed size");
  }
  write.key = table.key.key_of(write.item).value_or(json::object());
  return {};
}

base::Result<ItemChange> evaluate_write(const Write& write, const Table& table) {
  static const json::object kNothing;
  ItemChange change{.key = write.key, .before = table.find(write.key), .after = nullptr};
  if (write.condition && !holds(*write.condition, change.before == nullptr ? kNothing : *change.before)) {
    return aws_error(400, "ConditionalCheckFailedException", "The conditional request failed");
  }
  switch (write.kind) {
    case Write::Kind::put:
      change.after = std::make_shared<const json::object>(write.item);
      break;
    case Write::Kind::update: {
      TRY(auto after, updated(write, change.before, table));
      change.after = std::move(after);
      break;
    }
    case Write::Kind::check:
      change.after = change.before;
      break;
    case Write::Kind::remove:
      break;
  }
  return change;
}

json::object written_part(const Update& update, const Item& item) {
  if (item == nullptr) return {};
  std::vector<Path> there;
  for (const auto& path : written_paths(update)) {
    if (find_path(*item, path) != nullptr) there.push_back(path);
  }
  return project(there, *item);
}

}  // namespace localcloud
