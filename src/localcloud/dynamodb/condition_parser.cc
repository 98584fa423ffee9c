// Condition, filter and key condition expressions (developer guide, "Condition and filter expressions, operators, and
// functions").
#include <fmt/format.h>

#include <set>

#include "localcloud/dynamodb/evaluate.h"
#include "localcloud/dynamodb/expression_parser.h"

namespace localcloud {

namespace {

constexpr std::size_t kMostInOperands = 100;

std::string as_text(const json::value& value) {
  const auto& content = content_of(value);
  return fmt::format("{{{}:{}}}", type_of(value),
                     content.is_string() ? std::string(content.get_string()) : json::serialize(content));
}

class ConditionParser : ExpressionParser {
 public:
  ConditionParser(std::string_view text, std::string_view kind, Placeholders& placeholders)
      : ExpressionParser(text, kind, placeholders) {}

  base::Result<Condition> parse() {
    TRY(check_text());
    TRY(auto parsed, any(0));
    TRY(finish());
    return parsed;
  }

 private:
  base::Result<Condition> any(int depth) { return chain(depth, Condition::Kind::any, "OR", &ConditionParser::all); }
  base::Result<Condition> all(int depth) {
    return chain(depth, Condition::Kind::all, "AND", &ConditionParser::negation);
  }

  base::Result<Condition> chain(int depth, Condition::Kind kind, std::string_view keyword,
                                base::Result<Condition> (ConditionParser::*part)(int)) {
    TRY(auto first, (this->*part)(depth));
    if (!at_keyword(keyword)) return first;
    Condition whole{.kind = kind};
    whole.parts.push_back(std::move(first));
    while (take_keyword(keyword)) {
      count_operator();
      TRY(auto more, (this->*part)(depth));
      whole.parts.push_back(std::move(more));
    }
    return whole;
  }

  base::Result<Condition> negation(int depth) {
    TRY(check_depth(depth));
    if (take_keyword("NOT")) {
      count_operator();
      TRY(auto inner, negation(depth + 1));
      Condition whole{.kind = Condition::Kind::negation};
      whole.parts.push_back(std::move(inner));
      return whole;
    }
    if (current().text == "(") return parenthesised(depth);
    bool condition = at_call() && current().text != "size";
    if (!condition) return comparison();
    TRY(auto call, function());
    // A function that is compared is used where a value is wanted.
    if (!at_comparator()) return call;
    note_misused(call.name);
    TRY(auto rest, compared_with({}));
    return rest;
  }

  base::Result<Condition> parenthesised(int depth) {
    auto open = position();
    advance();
    TRY(auto inner, any(depth + 1));
    if (last_pair_ == std::pair(open + 1, position() - 1)) {
      note(Problem::redundant_parentheses, "The expression has redundant parentheses;");
    }
    last_pair_ = {open, position()};
    TRY(expect(")"));
    return inner;
  }

  bool at_comparator() const {
    static const std::set<std::string_view> kComparators{"=", "<>", "<", "<=", ">", ">="};
    bool symbol = current().kind == Token::Kind::symbol && kComparators.contains(current().text);
    return symbol || at_keyword("BETWEEN") || at_keyword("IN");
  }

  void note_misused(const std::string& name) {
    note(Problem::misused_function,
         fmt::format("The function is not allowed to be used this way in an expression; function: {}", name));
  }

  base::Result<Condition> function() {
    Condition whole{.kind = Condition::Kind::function, .name = current().text};
    advance();
    advance();
    TRY(check_depth(++calls_));
    if (!take(")")) {
      do {
        TRY(auto one, operand());
        whole.operands.push_back(std::move(one));
      } while (take(","));
      TRY(expect(")"));
    }
    --calls_;
    count_operator();
    check_function(whole.name, whole.operands);
    // What was noted never runs, but has to be safe to look at.
    whole.operands.resize(2);
    return whole;
  }

  void check_function(const std::string& name, const std::vector<Operand>& operands) {
    static const std::map<std::string_view, std::size_t> kArguments{
        {"attribute_exists", 1}, {"attribute_not_exists", 1},
        {"attribute_type", 2},   {"begins_with", 2},
        {"contains", 2},         {"size", 1}};
    auto known = kArguments.find(name);
    if (known == kArguments.end()) {
      note(Problem::unknown_function, fmt::format("Invalid function name; function: {}", name));
      return;
    }
    if (operands.size() != known->second) {
      note(Problem::operand_count,
           fmt::format("Incorrect number of operands for operator or function; operator or function: {}, number of "
                       "operands: {}",
                       name, operands.size()));
      return;
    }
    bool exists = name == "attribute_exists" || name == "attribute_not_exists";
    if (exists && operands[0].kind != Operand::Kind::path) {
      note(Problem::operand_type,
           fmt::format("Operator or function requires a document path; operator or function: {}", name));
    }
    if (operands.size() == 2) check_distinct(name, operands[0], operands[1]);
    if (name == "begins_with") {
      for (const auto& one : operands) check_type(name, one, {"S", "B"});
    }
    if (name == "attribute_type") check_type_name(operands[1]);
    if (name == "size") {
      check_type(name, operands[0], {"S", "B", "SS", "NS", "BS", "L", "M"});
    }
  }

  void check_type(std::string_view name, const Operand& operand, const std::set<std::string_view>& allowed) {
    auto type = given_type(operand);
    if (!type.empty() && !allowed.contains(type)) note_type(name, type);
  }

  void note_type(std::string_view name, std::string_view type) {
    note(Problem::operand_type,
         fmt::format("Incorrect operand type for operator or function; operator or function: {}, operand type: {}",
                     name, type));
  }

  void check_type_name(const Operand& operand) {
    static const std::set<std::string_view> kTypes{"B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"};
    auto type = given_type(operand);
    if (type != "S") {
      note_type("attribute_type", type.empty() ? "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}" : type);
    } else if (std::string_view name = content_of(operand.value).get_string(); !kTypes.contains(name)) {
      note(Problem::operand_type,
           fmt::format("Invalid attribute type name found; type: {}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}",
                       name));
    }
  }

  void check_distinct(std::string_view name, const Operand& first, const Operand& second) {
    bool paths = first.kind == Operand::Kind::path && second.kind == Operand::Kind::path;
    if (!paths || first.path != second.path) return;
    note(Problem::same_operands,
         fmt::format("The first operand must be distinct from the remaining operands for this operator or function; "
                     "operator: {}, first operand: {}",
                     name, to_text(first.path)));
  }

  base::Result<Condition> comparison() {
    TRY(auto left, operand());
    if (left.kind == Operand::Kind::size && !at_comparator()) {
      note_misused("size");
      return Condition{.kind = Condition::Kind::all};
    }
    return compared_with(std::move(left));
  }

  base::Result<Condition> compared_with(Operand left) {
    Condition whole{.kind = Condition::Kind::comparison};
    whole.operands.push_back(std::move(left));
    count_operator();
    if (take_keyword("BETWEEN")) return between(std::move(whole));
    if (take_keyword("IN")) return in(std::move(whole));
    if (!at_comparator()) return syntax_error();
    whole.name = current().text;
    advance();
    TRY(auto right, operand());
    check_distinct(whole.name, whole.operands[0], right);
    whole.operands.push_back(std::move(right));
    if (whole.name != "=" && whole.name != "<>") {
      for (const auto& one : whole.operands) check_type(whole.name, one, {"S", "N", "B"});
    }
    return whole;
  }

  base::Result<Condition> between(Condition whole) {
    whole.kind = Condition::Kind::between;
    TRY(auto low, operand());
    if (!take_keyword("AND")) return syntax_error();
    TRY(auto high, operand());
    auto low_type = given_type(low);
    auto high_type = given_type(high);
    if (!low_type.empty() && !high_type.empty()) {
      bool same = low_type == high_type;
      if (!same || compare_values(low.value, high.value).value_or(0) > 0) {
        note(Problem::operand_type,
             fmt::format("The BETWEEN operator requires {}; lower bound operand: AttributeValue: {}, upper bound "
                         "operand: AttributeValue: {}",
                         same ? "upper bound to be greater than or equal to lower bound"
                              : "same data type for lower and upper bounds",
                         as_text(low.value), as_text(high.value)));
      }
    }
    whole.operands.push_back(std::move(low));
    whole.operands.push_back(std::move(high));
    return whole;
  }

  base::Result<Condition> in(Condition whole) {
    whole.kind = Condition::Kind::in;
    TRY(expect("("));
    do {
      TRY(auto one, operand());
      whole.operands.push_back(std::move(one));
    } while (take(","));
    TRY(expect(")"));
    if (auto count = whole.operands.size() - 1; count > kMostInOperands) {
      note(Problem::operand_count,
           fmt::format("Incorrect number of operands for operator or function; operator or function: IN, number of "
                       "operands: {}",
                       count));
    }
    return whole;
  }

  base::Result<Operand> operand() {
    if (current().kind == Token::Kind::value) {
      TRY(auto found, value());
      return Operand{.kind = Operand::Kind::value, .value = std::move(found)};
    }
    if (at_call()) {
      TRY(auto call, function());
      if (call.name != "size") {
        note_misused(call.name);
        return Operand{};
      }
      auto measured = std::move(call.operands[0]);
      return Operand{.kind = Operand::Kind::size, .path = std::move(measured.path), .value = std::move(measured.value)};
    }
    TRY(auto found, path());
    return Operand{.kind = Operand::Kind::path, .path = std::move(found)};
  }

  int calls_ = 0;                                  // the functions around what is read
  std::pair<std::size_t, std::size_t> last_pair_;  // where the last parentheses opened and closed
};

}  // namespace

base::Result<Condition> parse_condition(std::string_view text, std::string_view kind, Placeholders& placeholders) {
  return ConditionParser(text, kind, placeholders).parse();
}

}  // namespace localcloud
