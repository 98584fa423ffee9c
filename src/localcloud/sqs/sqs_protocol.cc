#include "localcloud/sqs/sqs_protocol.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "codec/json.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

constexpr std::string_view kNamespace = "http://queue.amazonaws.com/doc/2012-11-05/";

// --- Requests of the query protocol

// "Name.N.Rest" for one Name: the fields below each N, in the order of the numbers.
std::vector<Fields> numbered(const Fields& fields, std::string_view name) {
  std::map<unsigned, Fields> found;
  for (const auto& [key, value] : fields) {
    std::string_view rest(key);
    if (!rest.starts_with(name) || !rest.substr(name.size()).starts_with('.')) continue;
    rest.remove_prefix(name.size() + 1);
    unsigned number = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc()) continue;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.starts_with('.')) rest.remove_prefix(1);
    found[number].emplace_back(rest, value);
  }
  std::vector<Fields> list;
  for (auto& [number, below] : found) list.push_back(std::move(below));
  return list;
}

void read_list(json::object& input, const Fields& fields, std::string_view name, std::string_view member) {
  json::array list;
  for (const auto& one : numbered(fields, name)) list.emplace_back(one.front().second);
  if (!list.empty()) input[member] = std::move(list);
}

void read_map(json::object& input, const Fields& fields, std::string_view name, std::string_view member,
              std::string_view key) {
  json::object map;
  for (const auto& one : numbered(fields, name)) {
    map[field(one, key).value_or(std::string())] = field(one, "Value").value_or(std::string());
  }
  if (!map.empty()) input[member] = std::move(map);
}

void read_message_attributes(json::object& input, const Fields& fields, std::string_view name,
                             std::string_view member) {
  json::object map;
  for (const auto& one : numbered(fields, name)) {
    json::object value;
    for (const auto* part : {"DataType", "StringValue", "BinaryValue"}) {
      if (auto text = field(one, fmt::format("Value.{}", part))) value[part] = *text;
    }
    map[field(one, "Name").value_or(std::string())] = std::move(value);
  }
  if (!map.empty()) input[member] = std::move(map);
}

json::object read_form(const Fields& fields, const std::string& operation) {
  json::object input;
  for (const auto& [key, value] : fields) {
    if (key.find('.') == std::string::npos && key != "Action" && key != "Version") input[key] = value;
  }
  read_list(input, fields, "AttributeName", "AttributeNames");
  read_list(input, fields, "MessageAttributeName", "MessageAttributeNames");
  read_list(input, fields, "MessageSystemAttributeName", "MessageSystemAttributeNames");
  read_list(input, fields, "TagKey", "TagKeys");
  read_list(input, fields, "AWSAccountId", "AWSAccountIds");
  read_list(input, fields, "ActionName", "Actions");
  read_map(input, fields, "Attribute", "Attributes", "Name");
  read_map(input, fields, "Tag", operation == "CreateQueue" ? "tags" : "Tags", "Key");
  read_message_attributes(input, fields, "MessageAttribute", "MessageAttributes");
  read_message_attributes(input, fields, "MessageSystemAttribute", "MessageSystemAttributes");
  if (operation.ends_with("Batch")) {
    json::array entries;
    for (const auto& one : numbered(fields, operation + "RequestEntry")) entries.emplace_back(read_form(one, {}));
    input["Entries"] = std::move(entries);
  }
  return input;
}

// --- Answers of the query protocol

void write_pairs(XmlWriter& xml, std::string_view element, std::string_view key, const json::object& map) {
  for (const auto& [name, value] : map) {
    xml.open(element).element(key, std::string_view(name));
    if (value.is_string()) {
      xml.element("Value", std::string_view(value.get_string()));
    } else {
      xml.open("Value");
      for (const auto* part : {"StringValue", "BinaryValue", "DataType"}) {
        if (auto text = codec::find_string(value, part); !text.empty()) xml.element(part, text);
      }
      xml.close();
    }
    xml.close();
  }
}

// The element that stands for each member of a list.
std::string element_of(std::string_view member, std::string_view operation) {
  if (member == "Messages") return "Message";
  if (member == "Successful") return fmt::format("{}ResultEntry", operation);
  if (member == "Failed") return "BatchResultErrorEntry";
  return "QueueUrl";
}

void write_members(XmlWriter& xml, const json::object& output, std::string_view operation) {
  for (const auto& [key, value] : output) {
    std::string_view name = key;
    if (const auto* list = value.if_array()) {
      auto element = element_of(name, operation);
      for (const auto& one : *list) {
        if (one.is_string()) {
          xml.element(element, std::string_view(one.get_string()));
        } else if (one.is_object()) {
          xml.open(element);
          write_members(xml, one.get_object(), operation);
          xml.close();
        }
      }
    } else if (const auto* map = value.if_object()) {
      auto element = name == "Tags" ? "Tag" : name == "MessageAttributes" ? "MessageAttribute" : "Attribute";
      write_pairs(xml, element, name == "Tags" ? "Key" : "Name", *map);
    } else if (value.is_string()) {
      xml.element(name, std::string_view(value.get_string()));
    } else {
      xml.element(name, codec::to_text(value));
    }
  }
}

// --- Errors

// Codes of the query protocol that the JSON protocol has other names for.
std::string shape_of(std::string_view code) {
  static const std::map<std::string_view, std::string_view> kRenamed{
      {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}, {"QueueAlreadyExists", "QueueNameExists"}};
  static const std::set<std::string_view> kShapes{"OverLimit",
                                                  "InvalidAddress",
                                                  "InvalidAttributeName",
                                                  "InvalidAttributeValue",
                                                  "InvalidMessageContents",
                                                  "ReceiptHandleIsInvalid",
                                                  "ResourceNotFoundException"};
  constexpr std::string_view kPrefix = "AWS.SimpleQueueService.";
  if (auto renamed = kRenamed.find(code); renamed != kRenamed.end()) {
    return fmt::format("com.amazonaws.sqs#{}", renamed->second);
  }
  if (kShapes.contains(code)) return fmt::format("com.amazonaws.sqs#{}", code);
  if (code.starts_with(kPrefix)) return fmt::format("com.amazonaws.sqs#{}", code.substr(kPrefix.size()));
  return fmt::format("com.amazon.coral.service#{}{}", code, code.ends_with("Exception") ? "" : "Exception");
}

}  // namespace

base::Result<SqsRequest> read_sqs_request(const Call& call) {
  if (call.request.headers.has("X-Amz-Target")) {
    TRY(auto input, json_input(call.request));
    return SqsRequest{.operation = json_operation(call.request), .input = std::move(input)};
  }
  QueryInput form(call.request);
  SqsRequest request{.is_query = true, .operation = form.action(), .input = {}};
  request.input = read_form(form.fields(), request.operation);
  auto path = split_target(call.request.target).path;
  if (path != "/" && !request.input.contains("QueueUrl")) request.input["QueueUrl"] = path;
  return request;
}

net::Response sqs_answer(const Call& call, const SqsRequest& request, const json::value& output) {
  if (!request.is_query) return json_answer(call, output, "1.0");
  XmlWriter xml;
  if (const auto* members = output.if_object()) write_members(xml, *members, request.operation);
  return query_answer(call, kNamespace, request.operation, xml.take());
}

net::Response sqs_failure(const Call& call, bool is_query, const base::Error& error) {
  if (is_query) return query_failure(call, kNamespace, error);
  auto named = error;
  if (named.code.empty()) named.code = "InternalFailure";
  auto older = fmt::format("{};{}", named.code, error.status != 0 && error.status < 500 ? "Sender" : "Receiver");
  named.code = shape_of(named.code);
  auto response = json_failure(call, named, "1.0");
  response.headers.add("x-amzn-query-error", std::move(older));
  return response;
}

}  // namespace localcloud
