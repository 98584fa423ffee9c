// Update expressions (developer guide, "Using update expressions in DynamoDB").
#include <fmt/format.h>

#include <map>
#include <set>

#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/expression_parser.h"

namespace localcloud {

namespace {

std::string_view long_name(std::string_view type) {
  static const std::map<std::string_view, std::string_view> kNames{
      {"S", "STRING"},  {"N", "NUMBER"}, {"B", "BINARY"}, {"BOOL", "BOOLEAN"},
      {"NULL", "NULL"}, {"M", "MAP"},    {"L", "LIST"}};
  auto found = kNames.find(type);
  return found == kNames.end() ? type : found->second;
}

class UpdateParser : ExpressionParser {
 public:
  UpdateParser(std::string_view text, Placeholders& placeholders)
      : ExpressionParser(text, "UpdateExpression", placeholders) {}

  base::Result<Update> parse() {
    TRY(check_text());
    static const std::set<std::string> kSections{"SET", "REMOVE", "ADD", "DELETE"};
    std::set<std::string> seen;
    while (!at_end()) {
      auto section = upper(current().text);
      if (!kSections.contains(section)) return syntax_error();
      if (!seen.insert(section).second) {
        note(Problem::repeated_section,
             fmt::format("The \"{}\" section can only be used once in an update expression;", section));
      }
      advance();
      do {
        TRY(clause(section));
      } while (take(","));
    }
    check_overlap(paths_);
    TRY(finish());
    return std::move(update_);
  }

 private:
  base::Result<> clause(const std::string& section) {
    TRY(auto target, path());
    paths_.push_back(target);
    if (section == "REMOVE") {
      update_.remove.push_back(std::move(target));
      return {};
    }
    if (section == "SET") return set_clause(std::move(target));
    Operand change{.kind = Operand::Kind::value};
    TRY(auto given, value());
    change.value = std::move(given);
    auto type = given_type(change);
    bool number = section == "ADD" && type == "N";
    if (long_name(type) != type || type == "NULL") {
      if (!number) {
        note(Problem::operand_type,
             fmt::format("Incorrect operand type for operator or function; operator: {}, operand type: {}", section,
                         long_name(type)));
      }
    }
    count_operator();
    (section == "ADD" ? update_.add : update_.erase)
        .push_back({.path = std::move(target), .value = std::move(change.value)});
    return {};
  }

  base::Result<> set_clause(Path target) {
    TRY(expect("="));
    Update::Set clause{.path = std::move(target), .first = {}};
    TRY(auto first, operand(0));
    clause.first = std::move(first);
    if (current().text == "+" || current().text == "-") {
      clause.operation = current().text.front();
      auto name = current().text;
      advance();
      count_operator();
      TRY(auto second, operand(0));
      clause.second = std::move(second);
      check_types(name, {&clause.first, &clause.second}, "N");
    }
    update_.set.push_back(std::move(clause));
    return {};
  }

  base::Result<Operand> operand(int depth) {
    TRY(check_depth(depth));
    if (at_call()) return call(depth);
    if (take("(")) {
      TRY(auto inner, operand(depth + 1));
      TRY(expect(")"));
      return inner;
    }
    if (current().kind == Token::Kind::value) {
      TRY(auto found, value());
      return Operand{.kind = Operand::Kind::value, .value = std::move(found)};
    }
    TRY(auto found, path());
    return Operand{.kind = Operand::Kind::path, .path = std::move(found)};
  }

  base::Result<Operand> call(int depth) {
    auto name = current().text;
    advance();
    advance();
    std::vector<Operand> arguments;
    if (!take(")")) {
      do {
        TRY(auto one, operand(depth + 1));
        arguments.push_back(std::move(one));
      } while (take(","));
      TRY(expect(")"));
    }
    count_operator();
    if (name != "if_not_exists" && name != "list_append") {
      note(Problem::unknown_function, fmt::format("Invalid function name; function: {}", name));
      return Operand{};
    }
    if (arguments.size() != 2) {
      note(Problem::operand_count,
           fmt::format("Incorrect number of operands for operator or function; operator or function: {}, number of "
                       "operands: {}",
                       name, arguments.size()));
      return Operand{};
    }
    if (name == "list_append") {
      check_types(name, {&arguments[0], &arguments[1]}, "L");
      return Operand{.kind = Operand::Kind::list_append, .arguments = std::move(arguments)};
    }
    if (arguments[0].kind != Operand::Kind::path) {
      note(Problem::operand_type,
           fmt::format("Operator or function requires a document path; operator or function: {}", name));
    }
    Operand found{.kind = Operand::Kind::if_not_exists, .path = std::move(arguments[0].path)};
    found.arguments.push_back(std::move(arguments[1]));
    return found;
  }

  void check_types(std::string_view name, std::initializer_list<const Operand*> operands, std::string_view wanted) {
    for (const auto* one : operands) {
      auto type = given_type(*one);
      if (type.empty() || type == wanted) continue;
      note(Problem::operand_type,
           fmt::format("Incorrect operand type for operator or function; operator or function: {}, operand type: {}",
                       name, type));
    }
  }

  Update update_;
  std::vector<Path> paths_;  // in the order of the text
};

}  // namespace

base::Result<Update> parse_update(std::string_view text, Placeholders& placeholders) {
  return UpdateParser(text, placeholders).parse();
}

}  // namespace localcloud
