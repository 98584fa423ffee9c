#include "aws/dynamodb.h"

#include <charconv>

#include "codec/json.h"

namespace aws {
namespace {

namespace json = boost::json;

json::object to_json(const AttributeValue& value) {
  json::object attribute;
  if (const auto* text = std::get_if<std::string>(&value)) {
    attribute["S"] = *text;
  } else {
    attribute["N"] = std::to_string(std::get<std::int64_t>(value));
  }
  return attribute;
}

json::object to_json(const std::map<std::string, AttributeValue>& values) {
  json::object object;
  for (const auto& [name, value] : values) object[name] = to_json(value);
  return object;
}

// Attributes of other types than S and N are not ours and are left out.
Item read_item(const json::value& value) {
  Item item;
  const auto* object = value.if_object();
  if (object == nullptr) return item;
  for (const auto& [name, attribute] : *object) {
    if (const auto* text = codec::find(attribute, "S"); text != nullptr && text->is_string()) {
      item[name] = std::string(text->get_string());
    } else if (const auto* number = codec::find(attribute, "N"); number != nullptr && number->is_string()) {
      std::string_view digits = number->get_string();
      std::int64_t parsed = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
      item[name] = parsed;
    }
  }
  return item;
}

// The service's answer, also where it refused.
awaitable<base::Result<net::Response>> ask(ClientConfig config, std::string operation, json::object body,
                                           CallOptions options) {
  CO_TRY(auto url, service_url(config, "dynamodb"));
  net::Request request{.method = "POST", .target = url.target};
  request.headers.set("Content-Type", "application/x-amz-json-1.0");
  request.headers.set("X-Amz-Target", "DynamoDB_20120810." + operation);
  request.body = codec::to_text(body);
  co_return co_await exchange(config, url, std::move(request), "dynamodb", options);
}

// A failed condition carries the item that is there.
awaitable<base::Result<PutItemOutcome>> write(ClientConfig config, std::string operation, json::object body,
                                              CallOptions options) {
  CO_TRY(auto response, co_await ask(config, operation, std::move(body), options));
  if (response.status < 400) co_return PutItemOutcome{.written = true};
  base::Error error = read_service_error(response, "dynamodb");
  if (error.code != "ConditionalCheckFailedException") co_return base::fail(std::move(error));
  CO_TRY(auto answer, codec::parse_json(response.body));
  const auto* item = codec::find(answer, "Item");
  co_return PutItemOutcome{.existing = item == nullptr ? std::optional<Item>() : std::optional<Item>(read_item(*item))};
}

void add_expressions(json::object& body, const std::string& condition, const std::map<std::string, std::string>& names,
                     const std::map<std::string, AttributeValue>& values) {
  if (!condition.empty()) {
    body["ConditionExpression"] = condition;
    body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD";
  }
  if (!names.empty()) {
    json::object& object = body["ExpressionAttributeNames"].emplace_object();
    for (const auto& [alias, name] : names) object[alias] = name;
  }
  if (!values.empty()) body["ExpressionAttributeValues"] = to_json(values);
}

}  // namespace

awaitable<base::Result<std::optional<Item>>> get_item(ClientConfig config, std::string table, Item key,
                                                      CallOptions options) {
  json::object body;
  body["TableName"] = table;
  body["Key"] = to_json(key);
  body["ConsistentRead"] = true;
  CO_TRY(auto response, co_await ask(config, "GetItem", std::move(body), options));
  if (response.status >= 400) co_return base::fail(read_service_error(response, "dynamodb"));
  CO_TRY(auto answer, codec::parse_json(response.body));
  const auto* item = codec::find(answer, "Item");
  co_return item == nullptr ? std::optional<Item>() : std::optional<Item>(read_item(*item));
}

awaitable<base::Result<PutItemOutcome>> put_item(ClientConfig config, PutItemInput input, CallOptions options) {
  json::object body;
  body["TableName"] = input.table;
  body["Item"] = to_json(input.item);
  add_expressions(body, input.condition, input.names, input.values);
  co_return co_await write(config, "PutItem", std::move(body), options);
}

awaitable<base::Result<PutItemOutcome>> update_item(ClientConfig config, UpdateItemInput input, CallOptions options) {
  json::object body;
  body["TableName"] = input.table;
  body["Key"] = to_json(input.key);
  body["UpdateExpression"] = input.update;
  add_expressions(body, input.condition, input.names, input.values);
  co_return co_await write(config, "UpdateItem", std::move(body), options);
}

}  // namespace aws
