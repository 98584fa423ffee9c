// DynamoDB, as far as the registration needs it: one item of strings and numbers, read consistently, written on a
// condition.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <variant>

#include "aws/client.h"

namespace aws {

using AttributeValue = std::variant<std::string, std::int64_t>;  // S or N
using Item = std::map<std::string, AttributeValue>;

struct PutItemInput {
  std::string table;
  Item item;
  std::string condition = {};                         // ConditionExpression; empty = none
  std::map<std::string, std::string> names = {};      // "#s" → "session"
  std::map<std::string, AttributeValue> values = {};  // ":s" → …
};

// A conditional write either happened, or the condition failed and `existing` is the item that is there (none if there
// is none).
struct PutItemOutcome {
  bool written = false;
  std::optional<Item> existing = {};
};

struct UpdateItemInput {
  std::string table;
  Item key;
  std::string update;  // UpdateExpression
  std::string condition = {};
  std::map<std::string, std::string> names = {};
  std::map<std::string, AttributeValue> values = {};
};

// GetItem with ConsistentRead; nullopt if there is no such item. Errors: ResourceNotFoundException,
// AccessDeniedException, ….
awaitable<base::Result<std::optional<Item>>> get_item(ClientConfig config, std::string table, Item key,
                                                      CallOptions options);
awaitable<base::Result<PutItemOutcome>> put_item(ClientConfig config, PutItemInput input, CallOptions options);
awaitable<base::Result<PutItemOutcome>> update_item(ClientConfig config, UpdateItemInput input, CallOptions options);

}  // namespace aws
