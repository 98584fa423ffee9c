// One table: its schema and its items, ordered by key. Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "localcloud/dynamodb/value.h"

namespace localcloud {

struct KeyAttribute {
  std::string name;
  std::string type;  // "S", "N" or "B"
};

struct Table {
  std::string name;
  std::string arn;
  std::string id;
  KeyAttribute hash;
  std::optional<KeyAttribute> range;
  bool pay_per_request = true;
  std::int64_t read_units = 0;
  std::int64_t write_units = 0;
  base::WallTime created;
  json::object attributes_described = {};          // AttributeDefinitions and KeySchema as they were given
  std::map<std::string, json::object> items = {};  // by key_text()

  // Is `key` exactly the key of this schema? Errors: ValidationException in DynamoDB's wording.
  base::Result<> check_key(const json::object& key) const;
  // Has the item the key's attributes, of the right types?
  base::Result<> check_item_key(const json::object& item) const;
  bool is_key(std::string_view attribute) const;

  std::string key_text(const json::object& item) const;
  json::object key_of(const json::object& item) const;

  std::int64_t size_bytes() const;
  json::object describe(std::string_view status) const;
};

// From the input of CreateTable or the properties of AWS::DynamoDB::Table (the same names). Errors:
// ValidationException.
base::Result<Table> make_table(const json::object& input);

}  // namespace localcloud
