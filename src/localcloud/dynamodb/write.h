// One write of one item, as PutItem, DeleteItem, UpdateItem and the parts of TransactWriteItems ask for it: parsed,
// held against its table, then evaluated to a change that somebody else commits. Pure.
#pragma once

#include <boost/json.hpp>
#include <optional>

#include "base/result.h"
#include "localcloud/dynamodb/expression.h"
#include "localcloud/dynamodb/stream.h"
#include "localcloud/dynamodb/table.h"

namespace localcloud {

struct Write {
  enum class Kind { put, remove, update, check };
  Kind kind = Kind::put;
  json::object item = {};  // of a put
  json::object key = {};
  Update update = {};
  std::optional<Condition> condition = {};
  bool gives_back = false;  // the item goes with a failed condition
};

// Item or Key, and the expressions. Errors: ValidationException.
base::Result<Write> parse_write(Write::Kind kind, const json::object& input);
// Fits it the table's schema? Gives a put its key. Errors: ValidationException.
base::Result<> check_write(Write& write, const Table& table);
// Errors: ConditionalCheckFailedException; ValidationException for what only the stored item shows.
base::Result<ItemChange> evaluate_write(const Write& write, const Table& table);

// Of the attributes that an update wrote, those that the item has: what UPDATED_OLD and UPDATED_NEW give.
json::object written_part(const Update& update, const Item& item);

}  // namespace localcloud
