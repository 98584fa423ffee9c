// Placeholders and projections.
#include "localcloud/dynamodb/expression.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "localcloud/dynamodb/errors.h"
#include "localcloud/dynamodb/expression_parser.h"

namespace localcloud {

namespace {

class ProjectionParser : ExpressionParser {
 public:
  ProjectionParser(std::string_view text, Placeholders& placeholders)
      : ExpressionParser(text, "ProjectionExpression", placeholders) {}

  base::Result<std::vector<Path>> parse() {
    TRY(check_text());
    std::vector<Path> paths;
    do {
      TRY(auto one, path());
      paths.push_back(std::move(one));
    } while (take(","));
    check_overlap(paths);
    TRY(finish());
    return paths;
  }
};

bool is_placeholder(std::string_view key, char mark) {
  return key.size() > 1 && key.front() == mark && std::all_of(key.begin() + 1, key.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
         });
}

// The object under `name`, whose keys are placeholders; nullptr if it is not there.
base::Result<const json::object*> placeholder_map(const json::object& input, std::string_view name, char mark) {
  const auto* found = input.if_contains(name);
  if (found == nullptr || !found->is_object()) return nullptr;
  const auto& object = found->get_object();
  if (object.empty()) return validation_exception(fmt::format("{} must not be empty", name));
  for (const auto& [key, value] : object) {
    if (is_placeholder(key, mark)) continue;
    return validation_exception(
        fmt::format("{} contains invalid key: Syntax error; key: \"{}\"", name, std::string_view(key)));
  }
  return &object;
}

}  // namespace

base::Result<Placeholders> Placeholders::from(const json::object& input,
                                              const std::vector<std::string_view>& expressions) {
  bool any = std::any_of(expressions.begin(), expressions.end(), [&](auto name) { return input.contains(name); });
  if (!any && !input.contains("ProjectionExpression") && input.contains("ExpressionAttributeNames")) {
    return validation_exception("ExpressionAttributeNames can only be specified when using expressions");
  }
  if (!any && !expressions.empty() && input.contains("ExpressionAttributeValues")) {
    return validation_exception(
        fmt::format("ExpressionAttributeValues can only be specified when using expressions: {} {} null",
                    fmt::join(expressions, " and "), expressions.size() > 1 ? "are" : "is"));
  }
  Placeholders placeholders;
  TRY(const auto* names, placeholder_map(input, "ExpressionAttributeNames", '#'));
  TRY(const auto* values, placeholder_map(input, "ExpressionAttributeValues", ':'));
  if (names != nullptr) {
    for (const auto& [key, name] : *names) {
      if (!name.is_string()) return aws_error(400, "SerializationException", "Unexpected field type");
      placeholders.names_.emplace(key, name.get_string());
    }
  }
  if (values != nullptr) {
    for (const auto& [key, value] : *values) {
      auto checked = check_value(value);
      if (!checked && checked.error().code == "ValidationException") {
        return validation_exception(fmt::format("ExpressionAttributeValues contains invalid value: {} for key {}",
                                                checked.error().message, std::string_view(key)));
      }
      TRY(auto stored, std::move(checked));
      placeholders.values_.emplace(key, std::move(stored));
    }
  }
  return placeholders;
}

const std::string* Placeholders::name(const std::string& placeholder) {
  auto found = names_.find(placeholder);
  if (found == names_.end()) return nullptr;
  used_.insert(placeholder);
  return &found->second;
}

const json::value* Placeholders::value(const std::string& placeholder) {
  auto found = values_.find(placeholder);
  if (found == values_.end()) return nullptr;
  used_.insert(placeholder);
  return &found->second;
}

base::Result<> Placeholders::check_all_used() const {
  auto unused = [&](const auto& all) {
    std::string list;
    for (const auto& [key, value] : all) {
      if (!used_.contains(key)) list += (list.empty() ? "" : ", ") + key;
    }
    return list;
  };
  if (auto list = unused(names_); !list.empty()) {
    return validation_exception(
        fmt::format("Value provided in ExpressionAttributeNames unused in expressions: keys: {{{}}}", list));
  }
  if (auto list = unused(values_); !list.empty()) {
    return validation_exception(
        fmt::format("Value provided in ExpressionAttributeValues unused in expressions: keys: {{{}}}", list));
  }
  return {};
}

base::Result<std::vector<Path>> parse_projection(std::string_view text, Placeholders& placeholders) {
  return ProjectionParser(text, placeholders).parse();
}

base::Result<std::optional<std::vector<Path>>> parse_optional_projection(const json::object& input) {
  TRY(auto placeholders, Placeholders::from(input, {}));
  const auto* text = input.if_contains("ProjectionExpression");
  if (text == nullptr || !text->is_string()) return std::nullopt;
  TRY(auto paths, parse_projection(text->get_string(), placeholders));
  TRY(placeholders.check_all_used());
  return std::optional(std::move(paths));
}

}  // namespace localcloud
