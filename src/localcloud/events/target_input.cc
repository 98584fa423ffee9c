#include "localcloud/events/target_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "codec/json.h"
#include "localcloud/json_members.h"
#include "localcloud/service.h"

namespace localcloud {

namespace {

constexpr std::string_view kReserved = "aws.events.";
const std::set<std::string_view> kPredefined{"aws.events.rule-arn", "aws.events.rule-name",
                                             "aws.events.event.ingestion-time", "aws.events.event",
                                             "aws.events.event.json"};

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

struct Placeholder {
  std::size_t begin;  // of '<'
  std::size_t end;    // behind '>'
  std::string name;
  bool in_string;  // between quotation marks
};

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
}

// Every <name> of the template; other angle brackets are text.
std::vector<Placeholder> placeholders(std::string_view text) {
  std::vector<Placeholder> found;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_string = !in_string;
    } else if (text[i] == '<') {
      auto end = std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(i) + 1, text.end(), is_name_character);
      auto size = static_cast<std::size_t>(end - text.begin());
      if (end == text.end() || *end != '>' || size == i + 1) continue;
      found.push_back(
          {.begin = i, .end = size + 1, .name = std::string(text.substr(i + 1, size - i - 1)), .in_string = in_string});
      i = size;
    }
  }
  return found;
}

// What stands in a string: text as it is (escaped), anything else as JSON without its quotation marks.
std::string inside_string(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) {
    auto quoted = codec::to_text(value);
    return quoted.substr(1, quoted.size() - 2);
  }
  auto text = codec::to_text(value);
  std::erase(text, '"');
  return text;
}

json::value without_detail(const json::value& event) {
  json::object rest;
  if (const auto* members = event.if_object()) {
    for (const auto& [key, value] : *members) {
      if (key == "detail") continue;
      // AWS names this one otherwise here.
      rest[key == "detail-type" ? "detailType" : std::string_view(key)] = value;
    }
  }
  return rest;
}

std::string fill(std::string_view text, const std::map<std::string, json::value>& values) {
  std::string filled;
  std::size_t at = 0;
  for (const auto& one : placeholders(text)) {
    filled += text.substr(at, one.begin - at);
    at = one.end;
    auto value = values.find(one.name);
    if (one.in_string) {
      if (value != values.end()) filled += inside_string(value->second);
    } else {
      filled += value == values.end() ? "\"\"" : codec::to_text(value->second);
    }
  }
  return filled + std::string(text.substr(at));
}

std::optional<std::string> transformed(const json::object& transformer, const json::value& event, const RuleNames& rule,
                                       std::string_view ingestion_time) {
  std::map<std::string, json::value> values{{"aws.events.rule-arn", json::value(rule.arn)},
                                            {"aws.events.rule-name", json::value(rule.name)},
                                            {"aws.events.event.ingestion-time", json::value(ingestion_time)},
                                            {"aws.events.event", without_detail(event)},
                                            {"aws.events.event.json", event}};
  for (const auto& [name, path] : object_in(transformer, "InputPathsMap")) {
    if (!path.is_string()) continue;
    auto value = value_at(event, path.get_string());
    if (value && *value != nullptr) values[std::string(name)] = **value;
  }
  auto text = fill(text_in(transformer, "InputTemplate"), values);
  auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || (text[first] != '{' && text[first] != '[')) return text;
  auto parsed = codec::parse_json(text);
  if (!parsed) return std::nullopt;
  return codec::to_text(*parsed);
}

base::Result<> check_transformer(const json::object& transformer, std::string_view id) {
  constexpr std::size_t kMostPaths = 100;
  constexpr std::size_t kLongest = 8192;
  TRY(known_members(transformer, "events", "InputTransformer", {"InputPathsMap", "InputTemplate"}));
  const auto& paths = object_in(transformer, "InputPathsMap");
  if (paths.size() > kMostPaths) return invalid(fmt::format("InputPathsMap for target {} has too many entries.", id));
  for (const auto& [name, path] : paths) {
    if (std::string_view(name).starts_with("AWS.") || std::string_view(name).starts_with(kReserved)) {
      return invalid(
          fmt::format("InputPathsMap for target {} contains the reserved key {}.", id, std::string_view(name)));
    }
    if (!path.is_string() || !value_at(json::object(), path.get_string())) {
      return invalid(fmt::format("Invalid InputPath for target {}.", id));
    }
  }
  auto text = text_in(transformer, "InputTemplate");
  if (text.empty() || text.size() > kLongest) {
    return invalid(fmt::format("InputTemplate for target {} must have 1 to {} characters.", id, kLongest));
  }
  for (const auto& one : placeholders(text)) {
    if (kPredefined.contains(one.name) || paths.contains(one.name)) continue;
    return invalid(fmt::format("InputTemplate for target {} contains invalid placeholder {}.", id, one.name));
  }
  return {};
}

}  // namespace

base::Result<const json::value*> value_at(const json::value& root, std::string_view path) {
  auto wrong = [&] { return invalid(fmt::format("The path {} is not a path of names and indexes", path)); };
  if (!path.starts_with('$')) return wrong();
  const json::value* at = &root;
  for (std::size_t i = 1; i < path.size();) {
    auto end = path.size();
    if (path[i] == '.') {
      end = std::min(path.find_first_of(".[", i + 1), path.size());
      auto name = path.substr(i + 1, end - i - 1);
      if (name.empty() || name.find_first_of("*?@()") != std::string_view::npos) return wrong();
      const auto* members = at != nullptr ? at->if_object() : nullptr;
      at = members != nullptr ? members->if_contains(name) : nullptr;
    } else if (path[i] == '[') {
      auto close = path.find(']', i);
      if (close == std::string_view::npos) return wrong();
      auto inside = path.substr(i + 1, close - i - 1);
      end = close + 1;
      if (inside.size() > 2 && (inside.front() == '\'' || inside.front() == '"') && inside.back() == inside.front()) {
        const auto* members = at != nullptr ? at->if_object() : nullptr;
        at = members != nullptr ? members->if_contains(inside.substr(1, inside.size() - 2)) : nullptr;
      } else {
        std::size_t index = 0;
        auto [stop, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
        if (inside.empty() || error != std::errc() || stop != inside.data() + inside.size()) return wrong();
        const auto* items = at != nullptr ? at->if_array() : nullptr;
        at = items != nullptr && index < items->size() ? &(*items)[index] : nullptr;
      }
    } else {
      return wrong();
    }
    i = end;
  }
  return at;
}

base::Result<> check_target_input(const json::object& target) {
  auto id = text_in(target, "Id");
  int given = 0;
  for (auto name : {"Input", "InputPath", "InputTransformer"}) given += target.contains(name) ? 1 : 0;
  if (given > 1) {
    return invalid(
        fmt::format("Only one of Input, InputPath, or InputTransformer must be provided for target {}.", id));
  }
  if (target.contains("Input") && !codec::parse_json(text_in(target, "Input"))) {
    return invalid(fmt::format("JSON text for target {} is not valid.", id));
  }
  if (target.contains("InputPath") && !value_at(json::object(), text_in(target, "InputPath"))) {
    return invalid(fmt::format("Invalid InputPath for target {}.", id));
  }
  if (target.contains("InputTransformer")) return check_transformer(object_in(target, "InputTransformer"), id);
  return {};
}

std::optional<std::string> target_input(const json::object& target, const json::value& event, const RuleNames& rule,
                                        std::string_view ingestion_time) {
  if (target.contains("Input")) return text_in(target, "Input");
  if (target.contains("InputPath")) {
    auto value = value_at(event, text_in(target, "InputPath"));
    return value && *value != nullptr ? codec::to_text(**value) : std::string("{}");
  }
  if (!target.contains("InputTransformer")) return codec::to_text(event);
  return transformed(object_in(target, "InputTransformer"), event, rule, ingestion_time);
}

}  // namespace localcloud
