#include "localcloud/dynamodb/expression.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

#include "localcloud/service.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

struct Token {
  enum class Kind { identifier, name, value, number, symbol, end };
  Kind kind = Kind::end;
  std::string text = {};
  std::size_t begin = 0;
  std::size_t size = 0;
};

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

// The token at `at`; an unknown character is a symbol that no rule of the grammar takes.
Token read_token(std::string_view text, std::size_t at) {
  char first = text[at];
  std::size_t end = at + 1;
  auto words = [&] {
    while (end < text.size() && is_word(text[end])) ++end;
  };
  Token::Kind kind = Token::Kind::symbol;
  if (std::isdigit(static_cast<unsigned char>(first)) != 0) {
    kind = Token::Kind::number;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  } else if (is_word(first)) {
    kind = Token::Kind::identifier;
    words();
  } else if (first == '#' || first == ':') {
    kind = first == '#' ? Token::Kind::name : Token::Kind::value;
    words();
  } else if (auto two = text.substr(at, 2); two == "<>" || two == "<=" || two == ">=") {
    ++end;
  }
  return {.kind = kind, .text = std::string(text.substr(at, end - at)), .begin = at, .size = end - at};
}

// Recursive descent over the tokens of one expression. Methods return an error at the first token that does not fit.
class Parser {
 public:
  Parser(std::string_view text, std::string_view kind, Placeholders& placeholders)
      : text_(text), kind_(kind), placeholders_(placeholders) {
    for (std::size_t at = 0; at < text.size();) {
      if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
        ++at;
        continue;
      }
      tokens_.push_back(read_token(text, at));
      at += tokens_.back().size;
    }
    auto end = tokens_.empty() ? 0 : tokens_.back().begin + tokens_.back().size;
    tokens_.push_back({.kind = Token::Kind::end, .text = "<EOF>", .begin = end, .size = 0});
  }

  base::Result<Condition> condition() {
    TRY(check_not_empty());
    TRY(auto parsed, any(0));
    TRY(expect_end());
    return parsed;
  }

  base::Result<std::vector<Path>> projection() {
    TRY(check_not_empty());
    std::vector<Path> paths;
    do {
      TRY(auto one, path());
      paths.push_back(std::move(one));
    } while (take(","));
    TRY(expect_end());
    TRY(check_overlap(paths));
    return paths;
  }

  base::Result<Update> update() {
    TRY(check_not_empty());
    Update parsed;
    std::set<std::string> seen;
    while (current().kind != Token::Kind::end) {
      auto section = upper(current().text);
      if (section != "SET" && section != "REMOVE" && section != "ADD" && section != "DELETE") return syntax_error();
      if (!seen.insert(section).second) {
        return invalid(fmt::format("Invalid {}: The \"{}\" section can only be used once in an update expression;",
                                   kind_, section));
      }
      ++at_;
      do {
        TRY(clause(section, parsed));
      } while (take(","));
    }
    return parsed;
  }

  base::Result<> check_overlap(const std::vector<Path>& paths) const {
    for (std::size_t i = 0; i < paths.size(); ++i) {
      for (std::size_t j = i + 1; j < paths.size(); ++j) {
        auto common = std::min(paths[i].size(), paths[j].size());
        if (std::equal(paths[i].begin(), paths[i].begin() + static_cast<std::ptrdiff_t>(common), paths[j].begin())) {
          return invalid(
              fmt::format("Invalid {}: Two document paths overlap with each other; must remove or rewrite "
                          "one of these paths; path one: {}, path two: {}",
                          kind_, to_text(paths[i]), to_text(paths[j])));
        }
      }
    }
    return {};
  }

 private:
  static constexpr int kDeepest = 300;  // AWS: at most 300 operators

  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }

  bool take(std::string_view symbol) {
    if (current().kind != Token::Kind::symbol || current().text != symbol) return false;
    ++at_;
    return true;
  }
  bool at_keyword(std::string_view keyword) const {
    return current().kind == Token::Kind::identifier && upper(current().text) == keyword;
  }
  bool take_keyword(std::string_view keyword) {
    if (!at_keyword(keyword)) return false;
    ++at_;
    return true;
  }
  base::Result<> expect(std::string_view symbol) {
    if (!take(symbol)) return syntax_error();
    return {};
  }
  base::Result<> expect_end() const {
    if (current().kind != Token::Kind::end) return syntax_error();
    return {};
  }
  base::Result<> check_not_empty() const {
    if (tokens_.size() == 1) return invalid(fmt::format("Invalid {}: The expression can not be empty;", kind_));
    return {};
  }

  tl::unexpected<base::Error> syntax_error() const {
    const auto& before = tokens_[at_ == 0 ? 0 : at_ - 1];
    const auto& after = next();
    auto near = text_.substr(before.begin, after.begin + after.size - before.begin);
    return invalid(fmt::format("Invalid {}: Syntax error; token: \"{}\", near: \"{}\"", kind_, current().text, near));
  }

  // --- Conditions

  base::Result<Condition> any(int depth) { return chain(depth, Condition::Kind::any, "OR", &Parser::all); }
  base::Result<Condition> all(int depth) { return chain(depth, Condition::Kind::all, "AND", &Parser::negation); }

  base::Result<Condition> chain(int depth, Condition::Kind kind, std::string_view keyword,
                                base::Result<Condition> (Parser::*part)(int)) {
    TRY(auto first, (this->*part)(depth));
    if (!at_keyword(keyword)) return first;
    Condition whole{.kind = kind};
    whole.parts.push_back(std::move(first));
    while (take_keyword(keyword)) {
      TRY(auto more, (this->*part)(depth));
      whole.parts.push_back(std::move(more));
    }
    return whole;
  }

  base::Result<Condition> negation(int depth) {
    if (depth > kDeepest) return invalid(fmt::format("Invalid {}: The expression contains too many operators", kind_));
    if (take_keyword("NOT")) {
      TRY(auto inner, negation(depth + 1));
      Condition whole{.kind = Condition::Kind::negation};
      whole.parts.push_back(std::move(inner));
      return whole;
    }
    if (take("(")) {
      TRY(auto inner, any(depth + 1));
      TRY(expect(")"));
      return inner;
    }
    bool call = current().kind == Token::Kind::identifier && next().text == "(" && current().text != "size";
    return call ? function() : comparison();
  }

  base::Result<Condition> function() {
    static const std::map<std::string_view, std::size_t> kArguments{{"attribute_exists", 1},
                                                                    {"attribute_not_exists", 1},
                                                                    {"attribute_type", 2},
                                                                    {"begins_with", 2},
                                                                    {"contains", 2}};
    Condition whole{.kind = Condition::Kind::function, .name = current().text};
    auto known = kArguments.find(whole.name);
    if (known == kArguments.end()) {
      bool update_only = whole.name == "if_not_exists" || whole.name == "list_append";
      return invalid(fmt::format(
          "Invalid {}: {}; function: {}", kind_,
          update_only ? "The function is not allowed in a condition expression" : "Invalid function name", whole.name));
    }
    at_ += 2;
    do {
      TRY(auto one, operand());
      whole.operands.push_back(std::move(one));
    } while (take(","));
    TRY(expect(")"));
    if (whole.operands.size() != known->second) {
      return invalid(
          fmt::format("Invalid {}: Incorrect number of operands for operator or function; operator or "
                      "function: {}, number of operands: {}",
                      kind_, whole.name, whole.operands.size()));
    }
    if (known->second == 1 && whole.operands[0].kind != Operand::Kind::path) {
      return invalid(fmt::format("Invalid {}: Operator or function requires a document path; operator or function: {}",
                                 kind_, whole.name));
    }
    TRY(check_function_types(whole));
    return whole;
  }

  base::Result<> check_function_types(const Condition& function) const {
    if (function.name != "begins_with" && function.name != "attribute_type") return {};
    const auto& second = function.operands[1];
    if (second.kind != Operand::Kind::value) return {};
    auto type = type_of(second.value);
    bool fits = type == "S" || (type == "B" && function.name == "begins_with");
    if (fits) return {};
    return invalid(
        fmt::format("Invalid {}: Incorrect operand type for operator or function; operator or function: {}, "
                    "operand type: {}",
                    kind_, function.name, type));
  }

  base::Result<Condition> comparison() {
    TRY(auto left, operand());
    Condition whole{.kind = Condition::Kind::comparison};
    whole.operands.push_back(std::move(left));
    if (take_keyword("BETWEEN")) {
      whole.kind = Condition::Kind::between;
      TRY(auto low, operand());
      if (!take_keyword("AND")) return syntax_error();
      TRY(auto high, operand());
      whole.operands.push_back(std::move(low));
      whole.operands.push_back(std::move(high));
      return whole;
    }
    if (take_keyword("IN")) {
      whole.kind = Condition::Kind::in;
      TRY(expect("("));
      do {
        TRY(auto one, operand());
        whole.operands.push_back(std::move(one));
      } while (take(","));
      TRY(expect(")"));
      return whole;
    }
    static const std::set<std::string_view> kComparators{"=", "<>", "<", "<=", ">", ">="};
    if (current().kind != Token::Kind::symbol || !kComparators.contains(current().text)) return syntax_error();
    whole.name = current().text;
    ++at_;
    TRY(auto right, operand());
    whole.operands.push_back(std::move(right));
    return whole;
  }

  base::Result<Operand> operand() {
    if (current().kind == Token::Kind::value) {
      TRY(auto found, value());
      return Operand{.kind = Operand::Kind::value, .value = std::move(found)};
    }
    if (current().kind == Token::Kind::identifier && current().text == "size" && next().text == "(") {
      at_ += 2;
      TRY(auto inner, path());
      TRY(expect(")"));
      return Operand{.kind = Operand::Kind::size, .path = std::move(inner)};
    }
    TRY(auto found, path());
    return Operand{.kind = Operand::Kind::path, .path = std::move(found)};
  }

  // --- Paths and values

  base::Result<json::value> value() {
    if (current().kind != Token::Kind::value) return syntax_error();
    const auto* found = placeholders_.value(current().text);
    if (found == nullptr) {
      return invalid(
          fmt::format("Invalid {}: An expression attribute value used in expression is not defined; "
                      "attribute value: {}",
                      kind_, current().text));
    }
    ++at_;
    return *found;
  }

  base::Result<std::string> attribute_name() {
    if (current().kind == Token::Kind::name) {
      const auto* found = placeholders_.name(current().text);
      if (found == nullptr) {
        return invalid(
            fmt::format("Invalid {}: An expression attribute name used in the document path is not defined; "
                        "attribute name: {}",
                        kind_, current().text));
      }
      ++at_;
      return *found;
    }
    if (current().kind != Token::Kind::identifier) return syntax_error();
    if (is_reserved_word(current().text)) {
      return invalid(
          fmt::format("Invalid {}: Attribute name is a reserved keyword; reserved keyword: {}", kind_, current().text));
    }
    return tokens_[at_++].text;
  }

  base::Result<Path> path() {
    Path found;
    TRY(auto first, attribute_name());
    found.emplace_back(std::move(first));
    for (;;) {
      if (take(".")) {
        TRY(auto name, attribute_name());
        found.emplace_back(std::move(name));
      } else if (take("[")) {
        std::size_t index = 0;
        const auto& digits = current().text;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
        if (current().kind != Token::Kind::number || error != std::errc()) return syntax_error();
        ++at_;
        TRY(expect("]"));
        found.emplace_back(index);
      } else {
        return found;
      }
    }
  }

  // --- Updates

  base::Result<> clause(const std::string& section, Update& parsed) {
    TRY(auto target, path());
    if (section == "REMOVE") {
      parsed.remove.push_back(std::move(target));
      return {};
    }
    if (section == "SET") return set_clause(std::move(target), parsed);
    TRY(auto change, value());
    auto type = type_of(change);
    bool set = type == "SS" || type == "NS" || type == "BS";
    if (!set && (section == "DELETE" || type != "N")) {
      return invalid(
          fmt::format("Invalid {}: Incorrect operand type for operator or function; operator: {}, operand "
                      "type: {}",
                      kind_, section, type_name(type)));
    }
    (section == "ADD" ? parsed.add : parsed.erase).push_back({.path = std::move(target), .value = std::move(change)});
    return {};
  }

  static std::string_view type_name(std::string_view type) {
    static const std::map<std::string_view, std::string_view> kNames{
        {"S", "STRING"},  {"N", "NUMBER"}, {"B", "BINARY"}, {"BOOL", "BOOLEAN"},
        {"NULL", "NULL"}, {"M", "MAP"},    {"L", "LIST"}};
    auto found = kNames.find(type);
    return found == kNames.end() ? type : found->second;
  }

  base::Result<> set_clause(Path target, Update& parsed) {
    TRY(expect("="));
    Update::Set clause{.path = std::move(target), .first = {}};
    TRY(auto first, set_operand(0));
    clause.first = std::move(first);
    if (current().text == "+" || current().text == "-") {
      clause.operation = current().text.front();
      ++at_;
      TRY(auto second, set_operand(0));
      clause.second = std::move(second);
    }
    parsed.set.push_back(std::move(clause));
    return {};
  }

  base::Result<Operand> set_operand(int depth) {
    if (depth > kDeepest) return invalid(fmt::format("Invalid {}: The expression contains too many operators", kind_));
    bool call = current().kind == Token::Kind::identifier && next().text == "(";
    if (!call) {
      if (take("(")) {
        TRY(auto inner, set_operand(depth + 1));
        TRY(expect(")"));
        return inner;
      }
      return operand();
    }
    Operand found;
    if (current().text == "if_not_exists") {
      at_ += 2;
      found.kind = Operand::Kind::if_not_exists;
      TRY(auto tested, path());
      found.path = std::move(tested);
      TRY(expect(","));
      TRY(auto fallback, set_operand(depth + 1));
      found.arguments.push_back(std::move(fallback));
    } else if (current().text == "list_append") {
      at_ += 2;
      found.kind = Operand::Kind::list_append;
      TRY(auto first, set_operand(depth + 1));
      TRY(expect(","));
      TRY(auto second, set_operand(depth + 1));
      found.arguments.push_back(std::move(first));
      found.arguments.push_back(std::move(second));
    } else {
      return invalid(fmt::format("Invalid {}: Invalid function name; function: {}", kind_, current().text));
    }
    TRY(expect(")"));
    return found;
  }

  std::string_view text_;
  std::string_view kind_;
  Placeholders& placeholders_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

// --- Placeholders

base::Result<Placeholders> Placeholders::from(const json::object& input) {
  Placeholders placeholders;
  if (const auto* names = input.if_contains("ExpressionAttributeNames"); names != nullptr && names->is_object()) {
    for (const auto& [key, name] : names->get_object()) {
      if (!key.starts_with('#') || !name.is_string()) {
        return invalid(fmt::format("ExpressionAttributeNames contains invalid key: Syntax error; key: \"{}\"",
                                   std::string_view(key)));
      }
      placeholders.names_.emplace(key, name.get_string());
    }
  }
  if (const auto* values = input.if_contains("ExpressionAttributeValues"); values != nullptr && values->is_object()) {
    for (const auto& [key, value] : values->get_object()) {
      if (!key.starts_with(':')) {
        return invalid(fmt::format("ExpressionAttributeValues contains invalid key: Syntax error; key: \"{}\"",
                                   std::string_view(key)));
      }
      TRY(auto checked, check_value(value));
      placeholders.values_.emplace(key, std::move(checked));
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
    return invalid(fmt::format("Value provided in ExpressionAttributeNames unused in expressions: keys: {{{}}}", list));
  }
  if (auto list = unused(values_); !list.empty()) {
    return invalid(
        fmt::format("Value provided in ExpressionAttributeValues unused in expressions: keys: {{{}}}", list));
  }
  return {};
}

base::Result<Condition> parse_condition(std::string_view text, std::string_view kind, Placeholders& placeholders) {
  return Parser(text, kind, placeholders).condition();
}

base::Result<Update> parse_update(std::string_view text, Placeholders& placeholders) {
  Parser parser(text, "UpdateExpression", placeholders);
  TRY(auto update, parser.update());
  std::vector<Path> paths = update.remove;
  for (const auto& one : update.set) paths.push_back(one.path);
  for (const auto& one : update.add) paths.push_back(one.path);
  for (const auto& one : update.erase) paths.push_back(one.path);
  TRY(parser.check_overlap(paths));
  return update;
}

base::Result<std::vector<Path>> parse_projection(std::string_view text, Placeholders& placeholders) {
  return Parser(text, "ProjectionExpression", placeholders).projection();
}

}  // namespace localcloud
