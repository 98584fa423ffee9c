#include "localcloud/dynamodb/table_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>

#include "base/ids.h"
#include "localcloud/dynamodb/errors.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

// The developer guide, "Quotas in Amazon DynamoDB".
constexpr std::size_t kMostLocalIndexes = 5;
constexpr std::ptrdiff_t kMostGlobalIndexes = 20;
constexpr std::size_t kMostIncludedAttributes = 100;  // over all indexes of a table
constexpr std::int64_t kMostUnits = 1'000'000'000'000;
constexpr std::size_t kMostTags = 50;

tl::unexpected<base::Error> invalid_parameter(std::string_view message) {
  return validation_exception(fmt::format("One or more parameter values were invalid: {}", message));
}

std::vector<std::string> names_of(const std::vector<KeyAttribute>& attributes) {
  std::vector<std::string> names;
  for (const auto& one : attributes) names.push_back(one.name);
  return names;
}

base::Result<KeyAttribute> defined(const std::vector<KeyAttribute>& definitions, const std::string& name,
                                   const std::vector<std::string>& keys) {
  auto found = std::find_if(definitions.begin(), definitions.end(), [&](const auto& one) { return one.name == name; });
  if (found != definitions.end()) return *found;
  return invalid_parameter(
      fmt::format("Some index key attributes are not defined in AttributeDefinitions. Keys: [{}], "
                  "AttributeDefinitions: [{}]",
                  fmt::join(keys, ", "), fmt::join(names_of(definitions), ", ")));
}

base::Result<KeySchema> parse_key_schema(const json::array* elements, const std::vector<KeyAttribute>& definitions) {
  if (elements == nullptr || elements->empty() || elements->size() > 2) {
    return validation_exception(
        "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length less "
        "than or equal to 2");
  }
  std::vector<std::string> names;
  std::vector<std::string> kinds;
  for (const auto& one : *elements) {
    if (!one.is_object()) return invalid_parameter("KeySchema");
    names.push_back(text_member(one.get_object(), "AttributeName"));
    kinds.push_back(text_member(one.get_object(), "KeyType"));
  }
  KeySchema schema;
  TRY(auto hash, defined(definitions, names[0], names));
  schema.hash = std::move(hash);
  if (names.size() == 2) {
    TRY(auto range, defined(definitions, names[1], names));
    if (names[0] == names[1]) {
      return validation_exception("Both the Hash Key and the Range Key element in the KeySchema have the same name");
    }
    schema.range = std::move(range);
  }
  if (kinds[0] != "HASH") {
    return validation_exception("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  }
  if (kinds.size() == 2 && kinds[1] != "RANGE") {
    return validation_exception("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  }
  return schema;
}

base::Result<Projection> parse_projection_of_index(const json::object& description) {
  Projection projection;
  const auto* given = object_member(description, "Projection");
  if (given == nullptr) return invalid_parameter("Unknown ProjectionType: null");
  TRY(check_members("CreateTable Projection", *given, {"ProjectionType", "NonKeyAttributes"}));
  projection.type = text_member(*given, "ProjectionType");
  if (projection.type.empty()) return invalid_parameter("Unknown ProjectionType: null");
  if (projection.type != "ALL" && projection.type != "KEYS_ONLY" && projection.type != "INCLUDE") {
    return invalid_parameter(fmt::format("Unknown ProjectionType: {}", projection.type));
  }
  const auto* included = array_member(*given, "NonKeyAttributes");
  if (included != nullptr && projection.type != "INCLUDE") {
    return invalid_parameter(fmt::format("ProjectionType is {}, but NonKeyAttributes is specified", projection.type));
  }
  if (projection.type == "INCLUDE" && (included == nullptr || included->empty())) {
    return invalid_parameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
  }
  for (const auto& one : included == nullptr ? json::array() : *included) {
    if (one.is_string()) projection.included.emplace_back(one.get_string());
  }
  return projection;
}

base::Result<> check_local(const Table& table, const Index& index) {
  if (!index.key.range) {
    return invalid_parameter(fmt::format("Index KeySchema does not have a range key for index: {}", index.name));
  }
  if (index.key.hash.name != table.key.hash.name) {
    return invalid_parameter(
        fmt::format("Index KeySchema does not have the same leading hash key as table KeySchema for index: {}. index "
                    "hash key: {}, table hash key: {}",
                    index.name, index.key.hash.name, table.key.hash.name));
  }
  return {};
}

base::Result<> add_indexes(Table& table, const json::object& input, bool global) {
  std::string_view member = global ? "GlobalSecondaryIndexes" : "LocalSecondaryIndexes";
  if (!input.contains(member) || input.at(member).is_null()) return {};
  const auto* list = array_member(input, member);
  if (list == nullptr || list->empty()) return invalid_parameter(fmt::format("List of {} is empty", member));
  if (!global && !table.key.range) {
    return invalid_parameter(
        "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex");
  }
  for (const auto& one : *list) {
    TRY(auto index, make_index(table, one, global));
    table.indexes.push_back(std::move(index));
  }
  if (!global && list->size() > kMostLocalIndexes) {
    return invalid_parameter("Number of LocalSecondaryIndexes exceeds per-table limit of 5");
  }
  return check_global_indexes(table);
}

base::Result<> read_billing(Table& table, const json::object& input) {
  auto mode = text_member(input, "BillingMode");
  if (!mode.empty() && mode != "PROVISIONED" && mode != "PAY_PER_REQUEST") {
    return validation_exception(
        fmt::format("1 validation error detected: Value '{}' at 'billingMode' failed to satisfy constraint: Member "
                    "must satisfy enum value set: [PROVISIONED, PAY_PER_REQUEST]",
                    mode));
  }
  table.pay_per_request = mode == "PAY_PER_REQUEST";
  const auto* throughput = input.if_contains("ProvisionedThroughput");
  if (table.pay_per_request) {
    if (throughput == nullptr) return {};
    return invalid_parameter(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
  }
  if (throughput == nullptr) {
    return invalid_parameter(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED");
  }
  TRY(auto units, parse_throughput(*throughput));
  table.throughput = units;
  return {};
}

}  // namespace

base::Result<Throughput> parse_throughput(const json::value& description) {
  Throughput units;
  const auto* object = description.if_object();
  if (object == nullptr) return invalid_parameter("ProvisionedThroughput");
  TRY(check_members("CreateTable ProvisionedThroughput", *object, {"ReadCapacityUnits", "WriteCapacityUnits"}));
  units.read_units = number_member(*object, "ReadCapacityUnits", 0);
  units.write_units = number_member(*object, "WriteCapacityUnits", 0);
  for (auto [name, value] :
       {std::pair("ReadCapacityUnits", units.read_units), {"WriteCapacityUnits", units.write_units}}) {
    if (value > kMostUnits)
      return validation_exception(fmt::format("Given value {} for {} is out of bounds", value, name));
    if (value < 1) {
      std::string at = name;
      at.front() = static_cast<char>(std::tolower(at.front()));
      return validation_exception(
          fmt::format("1 validation error detected: Value '{}' at 'provisionedThroughput.{}' failed to satisfy "
                      "constraint: Member must have value greater than or equal to 1",
                      value, at));
    }
  }
  return units;
}

base::Result<std::vector<KeyAttribute>> parse_definitions(const json::object& input) {
  std::vector<KeyAttribute> definitions;
  const auto* list = array_member(input, "AttributeDefinitions");
  for (const auto& one : list == nullptr ? json::array() : *list) {
    if (!one.is_object()) return invalid_parameter("AttributeDefinitions");
    KeyAttribute attribute{.name = text_member(one.get_object(), "AttributeName"),
                           .type = text_member(one.get_object(), "AttributeType")};
    if (attribute.type != "S" && attribute.type != "N" && attribute.type != "B") {
      return validation_exception(
          fmt::format("1 validation error detected: Value '{}' at 'attributeDefinitions.{}.member.attributeType' "
                      "failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]",
                      attribute.type, definitions.size() + 1));
    }
    definitions.push_back(std::move(attribute));
  }
  return definitions;
}

base::Result<> check_global_indexes(const Table& table) {
  auto count = std::count_if(table.indexes.begin(), table.indexes.end(), [](const Index& one) { return one.global; });
  if (count <= kMostGlobalIndexes) return {};
  return invalid_parameter("GlobalSecondaryIndex count exceeds the per-table limit of 20");
}

base::Result<Index> make_index(const Table& table, const json::value& description, bool global) {
  const auto* object = description.if_object();
  if (object == nullptr) return invalid_parameter("Index");
  std::set<std::string_view> known{"IndexName", "KeySchema", "Projection"};
  if (global) known.insert("ProvisionedThroughput");
  TRY(check_members(global ? "CreateTable GlobalSecondaryIndexes" : "CreateTable LocalSecondaryIndexes", *object,
                    known));
  Index index{.name = text_member(*object, "IndexName"), .global = global};
  TRY(auto key, parse_key_schema(array_member(*object, "KeySchema"), table.definitions));
  index.key = std::move(key);
  if (!global) TRY(check_local(table, index));
  TRY(auto projection, parse_projection_of_index(*object));
  index.projection = std::move(projection);
  auto included = index.projection.included.size();
  for (const auto& other : table.indexes) included += other.projection.included.size();
  if (included > kMostIncludedAttributes) {
    return invalid_parameter(
        fmt::format("Number of NonKeyAttributes exceeds the per-table limit of {}", kMostIncludedAttributes));
  }
  const auto* throughput = object->if_contains("ProvisionedThroughput");
  if (throughput != nullptr && table.pay_per_request) {
    return invalid_parameter(fmt::format(
        "ProvisionedThroughput should not be specified for index: {} when BillingMode is PAY_PER_REQUEST", index.name));
  }
  if (throughput != nullptr) {
    TRY(auto units, parse_throughput(*throughput));
    index.throughput = units;
  } else if (global && !table.pay_per_request) {
    return invalid_parameter(fmt::format("ProvisionedThroughput must be specified for index: {}", index.name));
  }
  if (table.find_index(index.name) != nullptr) {
    return invalid_parameter(fmt::format("Duplicate index name: {}", index.name));
  }
  return index;
}

base::Result<> check_definitions_used(const Table& table) {
  std::set<std::string> used;
  for (const auto& one : table.key.attributes()) used.insert(one.name);
  for (const auto& index : table.indexes) {
    for (const auto& one : index.key.attributes()) used.insert(one.name);
  }
  if (used.size() == table.definitions.size()) return {};
  if (table.indexes.empty()) {
    return invalid_parameter(
        "Number of attributes in KeySchema does not exactly match number of attributes defined in "
        "AttributeDefinitions");
  }
  return invalid_parameter(
      fmt::format("Some AttributeDefinitions are not used. AttributeDefinitions: [{}], keys used: [{}]",
                  fmt::join(names_of(table.definitions), ", "), fmt::join(used, ", ")));
}

base::Result<std::string> parse_stream_view(const json::object& input) {
  const auto* given = object_member(input, "StreamSpecification");
  if (given == nullptr) return "";
  TRY(check_members("CreateTable StreamSpecification", *given, {"StreamEnabled", "StreamViewType"}));
  auto view = text_member(*given, "StreamViewType");
  if (!flag_member(*given, "StreamEnabled", true)) {
    if (view.empty()) return "";
    return invalid_parameter("Table is being created without a stream, but StreamViewType is specified");
  }
  static const std::set<std::string_view> kViews{"KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"};
  if (kViews.contains(view)) return view;
  if (view.empty()) return invalid_parameter("StreamViewType must be specified when a stream is enabled");
  return validation_exception(fmt::format(
      "1 validation error detected: Value '{}' at 'streamSpecification.streamViewType' failed to satisfy "
      "constraint: Member must satisfy enum value set: [NEW_AND_OLD_IMAGES, OLD_IMAGE, NEW_IMAGE, KEYS_ONLY]",
      view));
}

base::Result<std::string> parse_table_class(const json::object& input) {
  auto given = text_member(input, "TableClass");
  if (given.empty() || given == "STANDARD" || given == "STANDARD_INFREQUENT_ACCESS") return given;
  return validation_exception(
      fmt::format("1 validation error detected: Value '{}' at 'tableClass' failed to satisfy constraint: Member must "
                  "satisfy enum value set: [STANDARD, STANDARD_INFREQUENT_ACCESS]",
                  given));
}

base::Result<std::map<std::string, std::string>> parse_tags(const json::value* tags) {
  std::map<std::string, std::string> found;
  if (tags == nullptr || !tags->is_array()) return found;
  for (const auto& one : tags->get_array()) {
    if (!one.is_object()) continue;
    auto key = text_member(one.get_object(), "Key");
    if (!found.emplace(key, text_member(one.get_object(), "Value")).second) {
      return validation_exception(fmt::format("Duplicate tag key: {}", key));
    }
  }
  if (found.size() > kMostTags) {
    return validation_exception(fmt::format("Too many tags: at most {} for a resource", kMostTags));
  }
  return found;
}

base::Result<Table> make_table(const json::object& input) {
  Table table;
  TRY(read_billing(table, input));
  TRY(auto definitions, parse_definitions(input));
  table.definitions = std::move(definitions);
  const auto* key_schema = array_member(input, "KeySchema");
  if (key_schema != nullptr && key_schema->size() > table.definitions.size()) {
    return validation_exception("Invalid KeySchema: Some index key attribute have no definition");
  }
  TRY(auto key, parse_key_schema(key_schema, table.definitions));
  table.key = std::move(key);
  TRY(add_indexes(table, input, false));
  TRY(add_indexes(table, input, true));
  TRY(check_definitions_used(table));
  TRY(auto view, parse_stream_view(input));
  table.stream_view = std::move(view);
  TRY(auto tags, parse_tags(input.if_contains("Tags")));
  table.tags = std::move(tags);
  table.deletion_protection = flag_member(input, "DeletionProtectionEnabled");
  TRY(auto table_class, parse_table_class(input));
  table.table_class = std::move(table_class);
  table.id = base::random_uuid();
  return table;
}

// --- Members

base::Result<> check_members(std::string_view operation, const json::object& input,
                             const std::set<std::string_view>& known) {
  for (const auto& [name, value] : input) {
    if (known.contains(name) || value.is_null()) continue;
    return base::fail(not_implemented("dynamodb", fmt::format("{} with {}", operation, std::string_view(name))));
  }
  return {};
}

std::string text_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_member(const json::object& input, std::string_view name, std::int64_t fallback) {
  const auto* value = input.if_contains(name);
  if (value == nullptr) return fallback;
  if (value->is_string()) return std::strtoll(value->get_string().c_str(), nullptr, 10);
  return value->is_int64() ? value->get_int64() : fallback;
}

bool flag_member(const json::object& input, std::string_view name, bool fallback) {
  const auto* value = input.if_contains(name);
  if (value == nullptr) return fallback;
  return value->is_bool() ? value->get_bool() : *value == "true";
}

base::Result<json::object> item_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  if (value != nullptr) return check_item(*value);
  std::string at(name);
  at.front() = static_cast<char>(std::tolower(at.front()));
  return validation_exception(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be "
                  "null",
                  at));
}

const json::object* object_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_member(const json::object& input, std::string_view name) {
  const auto* value = input.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace localcloud
