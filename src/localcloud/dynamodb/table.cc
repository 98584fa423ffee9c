#include "localcloud/dynamodb/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/key_order.h"

namespace localcloud {

namespace {

std::optional<std::string> index_place(const Table& table, const Index& index, const json::object& item) {
  auto its_key = index.key.key_of(item);
  if (!its_key) return std::nullopt;
  return place_of(index.key, *its_key) + place_of(table.key, item);
}

void enter(const Table& table, Index& index, const json::object& item) {
  if (auto place = index_place(table, index, item)) {
    index.entries[*place] = std::make_shared<const json::object>(table.projected(index, item));
  }
}

}  // namespace

Item Table::find(const json::object& its_key) const {
  auto found = items.find(place_of(key, its_key));
  return found == items.end() ? nullptr : found->second;
}

base::Result<> Table::check_index_keys(const json::object& item) const {
  for (const auto& index : indexes) {
    for (const auto& attribute : index.key.attributes()) {
      const auto* value = item.if_contains(attribute.name);
      if (value == nullptr) continue;
      if (type_of(*value) != attribute.type) {
        return validation_exception(
            fmt::format("One or more parameter values were invalid: Type mismatch for Index Key {} Expected: {} "
                        "Actual: {} IndexName: {}",
                        attribute.name, attribute.type, type_of(*value), index.name));
      }
      if (attribute.type != "N" && content_of(*value).get_string().empty()) {
        return validation_exception(
            fmt::format("One or more parameter values are not valid. A value specified for a secondary index key is "
                        "not supported. The AttributeValue for a key attribute cannot contain an empty {} value. "
                        "IndexName: {}, IndexKey: {}",
                        attribute.type == "S" ? "string" : "binary", index.name, attribute.name));
      }
    }
  }
  return {};
}

void Table::store(const json::object& its_key, const Item& item) {
  auto place = place_of(key, its_key);
  auto before = items.find(place);
  for (auto& index : indexes) {
    if (before != items.end()) {
      if (auto old = index_place(*this, index, *before->second)) index.entries.erase(*old);
    }
    if (item != nullptr) enter(*this, index, *item);
  }
  if (item != nullptr) {
    items[place] = item;
  } else if (before != items.end()) {
    items.erase(before);
  }
}

const Index* Table::find_index(std::string_view index_name) const {
  auto found = std::find_if(indexes.begin(), indexes.end(), [&](const Index& one) { return one.name == index_name; });
  return found == indexes.end() ? nullptr : &*found;
}

void Table::fill(Index& index) const {
  for (const auto& [place, item] : items) enter(*this, index, *item);
}

json::object Table::projected(const Index& index, const json::object& item) const {
  if (index.projection.type == "ALL") return item;
  json::object kept;
  for (const auto& [name_of, value] : item) {
    const auto& included = index.projection.included;
    bool wanted = key.has(name_of) || index.key.has(name_of) ||
                  std::find(included.begin(), included.end(), name_of) != included.end();
    if (wanted) kept[name_of] = value;
  }
  return kept;
}

bool Table::has_local_index() const {
  return std::any_of(indexes.begin(), indexes.end(), [](const Index& one) { return !one.global; });
}

std::int64_t Table::size_bytes() const {
  std::size_t size = 0;
  for (const auto& [place, item] : items) size += item_size(*item);
  return static_cast<std::int64_t>(size);
}

}  // namespace localcloud
