#include "localcloud/wire.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "codec/json.h"
#include "net/url.h"

namespace localcloud {

namespace {

std::string decode_form(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return net::percent_decode(spaced);
}

std::string_view code_of(const base::Error& error) {
  return error.code.empty() ? std::string_view("InternalFailure") : std::string_view(error.code);
}

int status_of(const base::Error& error) {
  return error.status == 0 ? 500 : error.status;
}

net::Response reply(const Call& call, int status, std::string content_type, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", std::move(content_type));
  response.headers.add("x-amzn-RequestId", call.request_id);
  response.body = std::move(body);
  return response;
}

std::optional<std::size_t> number_of(std::string_view text) {
  std::size_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

// --- Targets and forms

Fields parse_form(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    auto end = text.find('&');
    auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    auto equals = pair.find('=');
    auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    fields.emplace_back(decode_form(pair.substr(0, equals)), decode_form(value));
  }
  return fields;
}

std::optional<std::string> field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return std::nullopt;
}

SplitTarget split_target(std::string_view target) {
  auto question = target.find('?');
  if (question == std::string_view::npos) return {.path = std::string(target), .query = {}};
  return {.path = std::string(target.substr(0, question)), .query = parse_form(target.substr(question + 1))};
}

std::vector<std::string> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    auto slash = path.find('/');
    if (auto segment = path.substr(0, slash); !segment.empty()) segments.push_back(net::percent_decode(segment));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return segments;
}

// --- Times

std::string iso_time(base::WallTime time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  auto millis = std::chrono::duration_cast<base::Millis>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), millis);
}

std::string http_time(base::WallTime time) {
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

double epoch_seconds(base::WallTime time) {
  return static_cast<double>(base::epoch_ms(time)) / 1000.0;
}

// --- Errors

base::Error not_implemented(std::string_view service, std::string_view operation) {
  return {.kind = base::ErrorKind::service,
          .message = fmt::format("The local cloud does not implement {}:{}", service, operation),
          .hint = {},
          .code = "NotImplemented",
          .status = 501};
}

// --- JSON 1.0 and 1.1

std::string json_operation(const net::Request& request) {
  auto target = request.headers.get("X-Amz-Target");
  if (!target) return {};
  auto dot = target->rfind('.');
  return std::string(dot == std::string_view::npos ? *target : target->substr(dot + 1));
}

base::Result<json::object> json_input(const net::Request& request) {
  if (request.body.empty()) return json::object();
  auto value = codec::parse_json(request.body);
  if (!value || !value->is_object()) {
    return aws_error(400, "SerializationException", "Start of structure or map found where not expected.");
  }
  return std::move(value->as_object());
}

net::Response json_answer(const Call& call, const json::value& body, std::string_view version) {
  return reply(call, 200, fmt::format("application/x-amz-json-{}", version), codec::to_text(body));
}

net::Response json_failure(const Call& call, const base::Error& error, std::string_view version,
                           const json::object& extra) {
  json::object body;
  body["__type"] = code_of(error);
  body["message"] = error.message;
  for (const auto& [key, value] : extra) body[key] = value;
  auto response =
      reply(call, status_of(error), fmt::format("application/x-amz-json-{}", version), codec::to_text(body));
  response.headers.add("x-amzn-ErrorType", std::string(code_of(error)));
  return response;
}

// --- REST-JSON

net::Response rest_json_answer(const Call& call, int status, const json::value& body) {
  return reply(call, status, "application/json", codec::to_text(body));
}

net::Response rest_json_failure(const Call& call, const base::Error& error) {
  json::object body;
  body["Type"] = status_of(error) < 500 ? "User" : "Service";
  body["Message"] = error.message;
  body["message"] = error.message;
  auto response = reply(call, status_of(error), "application/json", codec::to_text(body));
  response.headers.add("x-amzn-ErrorType", std::string(code_of(error)));
  return response;
}

// --- Query

QueryInput::QueryInput(const net::Request& request) : fields_(split_target(request.target).query) {
  auto form = parse_form(request.body);
  fields_.insert(fields_.end(), std::make_move_iterator(form.begin()), std::make_move_iterator(form.end()));
}

std::string QueryInput::get_or(std::string_view name, std::string_view fallback) const {
  auto value = get(name);
  return value ? *value : std::string(fallback);
}

base::Result<std::string> QueryInput::need(std::string_view name) const {
  auto value = get(name);
  if (!value || value->empty()) {
    return aws_error(400, "ValidationError",
                     fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: "
                                 "Member must not be null",
                                 name));
  }
  return *value;
}

std::vector<std::string> QueryInput::list(std::string_view name) const {
  auto prefix = fmt::format("{}.member.", name);
  std::map<std::size_t, std::string> found;
  for (const auto& [key, value] : fields_) {
    if (!key.starts_with(prefix)) continue;
    if (auto number = number_of(std::string_view(key).substr(prefix.size()))) found.emplace(*number, value);
  }
  std::vector<std::string> values;
  for (auto& [number, value] : found) values.push_back(std::move(value));
  return values;
}

std::vector<QueryInput> QueryInput::structures(std::string_view name, std::string_view member) const {
  auto prefix = fmt::format("{}.{}.", name, member);
  std::map<std::size_t, Fields> found;
  for (const auto& [key, value] : fields_) {
    if (!key.starts_with(prefix)) continue;
    auto rest = std::string_view(key).substr(prefix.size());
    auto dot = rest.find('.');
    auto number = number_of(rest.substr(0, dot));
    if (!number || dot == std::string_view::npos) continue;
    found[*number].emplace_back(rest.substr(dot + 1), value);
  }
  std::vector<QueryInput> inputs;
  for (auto& [number, fields] : found) inputs.emplace_back(std::move(fields));
  return inputs;
}

bool QueryInput::has_below(std::string_view name) const {
  auto prefix = std::string(name) + ".";
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& one) { return one.first.starts_with(prefix); });
}

std::string xml_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#xD;";
        break;
      default:
        // XML 1.0 has no way to write the other control characters.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

XmlWriter& XmlWriter::open(std::string_view name, std::string_view attributes) {
  text_ += '<';
  text_ += name;
  if (!attributes.empty()) {
    text_ += ' ';
    text_ += attributes;
  }
  text_ += '>';
  open_.emplace_back(name);
  return *this;
}

XmlWriter& XmlWriter::close() {
  if (open_.empty()) return *this;
  text_ += "</" + open_.back() + ">";
  open_.pop_back();
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text) {
  open(name);
  text_ += xml_escape(text);
  return close();
}

XmlWriter& XmlWriter::element(std::string_view name, bool value) {
  return element(name, std::string_view(value ? "true" : "false"));
}

XmlWriter& XmlWriter::list(std::string_view name, const std::vector<std::string>& values, std::string_view member) {
  open(name);
  for (const auto& value : values) element(member, value);
  return close();
}

XmlWriter& XmlWriter::raw(std::string_view xml) {
  text_ += xml;
  return *this;
}

std::string XmlWriter::take() {
  while (!open_.empty()) close();
  return std::exchange(text_, {});
}

net::Response query_answer(const Call& call, std::string_view xmlns, std::string_view action, std::string_view result) {
  XmlWriter xml;
  xml.open(fmt::format("{}Response", action), fmt::format("xmlns=\"{}\"", xmlns));
  xml.open(fmt::format("{}Result", action)).raw(result).close();
  xml.open("ResponseMetadata").element("RequestId", call.request_id).close();
  return reply(call, 200, "text/xml", xml.take());
}

net::Response query_failure(const Call& call, std::string_view xmlns, const base::Error& error) {
  XmlWriter xml;
  xml.open("ErrorResponse", fmt::format("xmlns=\"{}\"", xmlns)).open("Error");
  xml.element("Type", status_of(error) < 500 ? "Sender" : "Receiver");
  xml.element("Code", code_of(error)).element("Message", error.message).close();
  xml.element("RequestId", call.request_id);
  return reply(call, status_of(error), "text/xml", xml.take());
}

// --- REST-XML

net::Response s3_failure(const Call& call, const base::Error& error, std::string_view resource) {
  XmlWriter xml;
  xml.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").open("Error");
  xml.element("Code", code_of(error)).element("Message", error.message);
  xml.element("Resource", resource).element("RequestId", call.request_id);
  auto response = reply(call, status_of(error), "application/xml", xml.take());
  response.headers.add("x-amz-request-id", call.request_id);
  if (call.request.method == "HEAD") response.body.clear();
  return response;
}

}  // namespace localcloud
