#include "bridge/message.h"

#include <boost/json.hpp>

#include "codec/json.h"
#include "codec/zstd.h"

namespace bridge {
namespace {

namespace json = boost::json;

constexpr std::size_t kCompressAbove = 1'024;

json::array to_json(const NameValues& pairs) {
  json::array array;
  for (const auto& [name, value] : pairs) array.push_back(json::array{json::value(name), json::value(value)});
  return array;
}

NameValues read_pairs(const json::value& fields, std::string_view key) {
  NameValues pairs;
  const json::value* member = codec::find(fields, key);
  const json::array* array = member == nullptr ? nullptr : member->if_array();
  if (array == nullptr) return pairs;
  for (const json::value& entry : *array) {
    const json::array* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) continue;
    pairs.emplace_back(std::string((*pair)[0].get_string()), std::string((*pair)[1].get_string()));
  }
  return pairs;
}

std::int64_t read_number(const json::value& fields, std::string_view key) {
  const json::value* member = codec::find(fields, key);
  if (member == nullptr) return 0;
  if (member->is_int64()) return member->get_int64();
  return member->is_uint64() ? static_cast<std::int64_t>(member->get_uint64() & INT64_MAX) : 0;
}

bool read_bool(const json::value& fields, std::string_view key) {
  const json::value* member = codec::find(fields, key);
  return member != nullptr && member->is_bool() && member->get_bool();
}

std::vector<std::uint64_t> read_numbers(const json::value& fields, std::string_view key) {
  std::vector<std::uint64_t> numbers;
  const json::value* member = codec::find(fields, key);
  if (member == nullptr || !member->is_array()) return numbers;
  for (const json::value& entry : member->get_array()) {
    if (entry.is_int64() && entry.get_int64() >= 0) numbers.push_back(static_cast<std::uint64_t>(entry.get_int64()));
  }
  return numbers;
}

json::array to_json(const std::vector<std::uint64_t>& numbers) {
  json::array array;
  for (std::uint64_t number : numbers) array.push_back(number);
  return array;
}

// A message's two halves: fields as JSON, and the body.
struct Halves {
  json::object fields;
  std::string_view body = {};
};

Halves split(const Announce& announce) {
  Halves halves;
  halves.fields["function"] = announce.function;
  halves.fields["version"] = announce.version;
  halves.fields["arn"] = announce.arn;
  halves.fields["runtime"] = announce.runtime;
  halves.fields["handler"] = announce.handler;
  halves.fields["region"] = announce.region;
  halves.fields["environment"] = to_json(announce.environment);
  halves.fields["accessKeyId"] = announce.credentials.access_key_id;
  halves.fields["secretAccessKey"] = announce.credentials.secret_access_key;
  halves.fields["sessionToken"] = announce.credentials.session_token;
  return halves;
}

Halves split(const Invoke& invoke) {
  Halves halves{.fields = {}, .body = invoke.invocation.event};
  halves.fields["requestId"] = invoke.invocation.request_id;
  halves.fields["arn"] = invoke.invocation.function_arn;
  halves.fields["traceId"] = invoke.invocation.trace_id;
  halves.fields["clientContext"] = invoke.invocation.client_context;
  halves.fields["identity"] = invoke.invocation.cognito_identity;
  halves.fields["tenantId"] = invoke.invocation.tenant_id;
  halves.fields["contentType"] = invoke.invocation.content_type;
  halves.fields["left"] = invoke.milliseconds_left;
  halves.fields["at"] = invoke.composed_at_ms;
  halves.fields["finished"] = to_json(invoke.finished);
  return halves;
}

Halves split(const Refused& refused) {
  Halves halves;
  halves.fields["reason"] = refused.reason;
  return halves;
}

Halves split(const Answer& answer) {
  Halves halves{.fields = {}, .body = answer.body};
  halves.fields["headers"] = to_json(answer.headers);
  return halves;
}

Halves split(const StreamPiece& piece) {
  Halves halves{.fields = {}, .body = piece.body};
  halves.fields["number"] = piece.number;
  halves.fields["headers"] = to_json(piece.headers);
  halves.fields["end"] = piece.end;
  halves.fields["broken"] = piece.broken;
  return halves;
}

Halves split(const Credit& credit) {
  Halves halves;
  halves.fields["taken"] = credit.taken;
  return halves;
}

Halves split(const Ask& ask) {
  Halves halves;
  halves.fields["finished"] = to_json(ask.finished);
  if (ask.received != 0) {
    halves.fields["taken"] = ask.taken;
    halves.fields["received"] = ask.received;
  }
  return halves;
}

Halves split(const Missing& missing) {
  Halves halves;
  if (missing.all) halves.fields["all"] = true;
  if (missing.announce) halves.fields["announce"] = true;
  if (missing.message_id == 0) return halves;
  json::array gaps;
  for (const ChunkRange& gap : missing.gaps) {
    gaps.push_back(gap.first);
    gaps.push_back(gap.last);
  }
  halves.fields["message"] = missing.message_id;
  halves.fields["gaps"] = std::move(gaps);
  halves.fields["seen"] = missing.seen_up_to;
  halves.fields["received"] = missing.received;
  return halves;
}

Halves split(const Accepted&) {
  return {};
}

Halves split(const Cancel&) {
  return {};
}

Announce read_announce(const json::value& fields) {
  return {.function = codec::find_string(fields, "function"),
          .version = codec::find_string(fields, "version"),
          .arn = codec::find_string(fields, "arn"),
          .runtime = codec::find_string(fields, "runtime"),
          .handler = codec::find_string(fields, "handler"),
          .region = codec::find_string(fields, "region"),
          .environment = read_pairs(fields, "environment"),
          .credentials = {codec::find_string(fields, "accessKeyId"), codec::find_string(fields, "secretAccessKey"),
                          codec::find_string(fields, "sessionToken")}};
}

Invoke read_invoke(const json::value& fields, std::string body) {
  return {.invocation = {.request_id = codec::find_string(fields, "requestId"),
                         .function_arn = codec::find_string(fields, "arn"),
                         .trace_id = codec::find_string(fields, "traceId"),
                         .client_context = codec::find_string(fields, "clientContext"),
                         .cognito_identity = codec::find_string(fields, "identity"),
                         .tenant_id = codec::find_string(fields, "tenantId"),
                         .content_type = codec::find_string(fields, "contentType"),
                         .event = std::move(body)},
          .milliseconds_left = read_number(fields, "left"),
          .composed_at_ms = read_number(fields, "at"),
          .finished = read_numbers(fields, "finished")};
}

Missing read_missing(const json::value& fields) {
  Missing missing{.all = read_bool(fields, "all"),
                  .announce = read_bool(fields, "announce"),
                  .message_id = static_cast<std::uint64_t>(read_number(fields, "message")),
                  .gaps = {},
                  .seen_up_to = static_cast<std::uint32_t>(read_number(fields, "seen")),
                  .received = static_cast<std::uint32_t>(read_number(fields, "received"))};
  auto numbers = read_numbers(fields, "gaps");
  for (std::size_t i = 0; i + 1 < numbers.size(); i += 2) {
    missing.gaps.push_back({static_cast<std::uint32_t>(numbers[i]), static_cast<std::uint32_t>(numbers[i + 1])});
  }
  return missing;
}

Message read_message(MessageType type, const json::value& fields, std::string body) {
  switch (type) {
    case MessageType::announce:
      return read_announce(fields);
    case MessageType::invoke:
      return read_invoke(fields, std::move(body));
    case MessageType::accepted:
      return Accepted{};
    case MessageType::refused:
      return Refused{codec::find_string(fields, "reason")};
    case MessageType::result:
      return Answer{false, read_pairs(fields, "headers"), std::move(body)};
    case MessageType::failure:
      return Answer{true, read_pairs(fields, "headers"), std::move(body)};
    case MessageType::stream:
      return StreamPiece{static_cast<std::uint64_t>(read_number(fields, "number")), read_pairs(fields, "headers"),
                         read_bool(fields, "end"), read_bool(fields, "broken"), std::move(body)};
    case MessageType::credit:
      return Credit{static_cast<std::uint64_t>(read_number(fields, "taken"))};
    case MessageType::ask:
      return Ask{read_numbers(fields, "finished"), static_cast<std::uint64_t>(read_number(fields, "taken")),
                 static_cast<std::uint64_t>(read_number(fields, "received"))};
    case MessageType::missing:
      return read_missing(fields);
    case MessageType::cancel:
      return Cancel{};
  }
  return Cancel{};
}

}  // namespace

MessageType type_of(const Message& message) {
  struct Visitor {
    MessageType operator()(const Announce&) { return MessageType::announce; }
    MessageType operator()(const Invoke&) { return MessageType::invoke; }
    MessageType operator()(const Accepted&) { return MessageType::accepted; }
    MessageType operator()(const Refused&) { return MessageType::refused; }
    MessageType operator()(const Answer& answer) { return answer.failed ? MessageType::failure : MessageType::result; }
    MessageType operator()(const StreamPiece&) { return MessageType::stream; }
    MessageType operator()(const Credit&) { return MessageType::credit; }
    MessageType operator()(const Ask&) { return MessageType::ask; }
    MessageType operator()(const Missing&) { return MessageType::missing; }
    MessageType operator()(const Cancel&) { return MessageType::cancel; }
  };
  return std::visit(Visitor{}, message);
}

Packed pack(const Message& message) {
  Halves halves = std::visit([](const auto& value) { return split(value); }, message);
  Packed packed{.bytes = json::serialize(halves.fields)};
  packed.fields_size = packed.bytes.size();
  packed.bytes += halves.body;
  packed.full_size = packed.bytes.size();
  if (packed.full_size > kCompressAbove) {
    std::string smaller = codec::zstd_compress(packed.bytes);
    if (smaller.size() < packed.bytes.size()) {
      packed.bytes = std::move(smaller);
      packed.compressed = true;
    }
  }
  return packed;
}

base::Result<Message> unpack(const FrameHeader& header, std::string bytes) {
  if (header.compressed) {
    TRY(auto unpacked, codec::zstd_decompress(bytes, header.full_size));
    bytes = std::move(unpacked);
  }
  if (bytes.size() != header.full_size || header.fields_size > bytes.size()) {
    return base::fail(base::ErrorKind::invalid_input, "a message has another size than its header says");
  }
  // Environment variables and headers are bytes to us: what is no UTF-8 passes through.
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  options.max_depth = 8;
  boost::system::error_code error;
  json::value fields = json::parse(std::string_view(bytes).substr(0, header.fields_size), error, {}, options);
  if (error) return base::fail(base::ErrorKind::invalid_input, "the fields of a message are no JSON");
  bytes.erase(0, header.fields_size);
  return read_message(header.type, fields, std::move(bytes));
}

Answer error_answer(std::string_view type, std::string_view message) {
  json::object body;
  body["errorMessage"] = message;
  body["errorType"] = type;
  body["stackTrace"] = json::array();
  return {.failed = true,
          .headers = {{"Content-Type", "application/json"}, {"Lambda-Runtime-Function-Error-Type", std::string(type)}},
          .body = json::serialize(body)};
}

}  // namespace bridge
