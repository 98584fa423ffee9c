#include <fmt/format.h>

#include <array>
#include <charconv>
#include <set>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/velocity.h"
#include "localcloud/apigateway/velocity_syntax.h"
#include "localcloud/apigateway/velocity_values.h"
#include "localcloud/service.h"

namespace localcloud {

namespace velocity {
namespace {

constexpr int kMaxDepth = 32;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}

tl::unexpected<base::Error> refused(std::string_view what) {
  return bad_request(fmt::format("mapping template with {}: the local cloud does not know it", what));
}

const std::set<std::string_view>& context_names() {
  static const std::set<std::string_view> names{"accountId",
                                                "apiId",
                                                "authorizer",
                                                "awsEndpointRequestId",
                                                "connectedAt",
                                                "connectionId",
                                                "deploymentId",
                                                "domainName",
                                                "domainPrefix",
                                                "error",
                                                "eventType",
                                                "httpMethod",
                                                "extendedRequestId",
                                                "identity",
                                                "messageDirection",
                                                "messageId",
                                                "path",
                                                "protocol",
                                                "requestId",
                                                "requestOverride",
                                                "requestTime",
                                                "resourceId",
                                                "requestTimeEpoch",
                                                "resourcePath",
                                                "responseOverride",
                                                "routeKey",
                                                "stage",
                                                "status",
                                                "xrayTraceId"};
  return names;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  base::Result<std::shared_ptr<const Block>> whole() {
    TRY(auto block, parse_block());
    if (!stopped_by_.empty()) return refused("#" + stopped_by_ + " that ends nothing");
    return block;
  }

  // Variables of the template around a text in quotes.
  void know(const std::set<std::string>& variables) { variables_ = variables; }

 private:
  char at(std::size_t offset = 0) const { return at_ + offset < text_.size() ? text_[at_ + offset] : '\0'; }
  bool done() const { return at_ >= text_.size(); }
  bool take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  void skip_blanks() {
    while (at() == ' ' || at() == '\t' || at() == '\n' || at() == '\r') ++at_;
  }
  // What follows a directive up to the end of its line, if it is blank.
  void skip_line_end() {
    std::size_t end = at_;
    while (end < text_.size() && (text_[end] == ' ' || text_[end] == '\t' || text_[end] == '\r')) ++end;
    if (end < text_.size() && text_[end] == '\n') at_ = end + 1;
  }
  std::string take_word() {
    std::size_t begin = at_;
    while (is_word(at())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Up to the end of the text, or a directive that ends a block; that is in stopped_by_ then.
  base::Result<std::shared_ptr<const Block>> parse_block() {
    if (++depth_ > kMaxDepth) return refused("more than 32 blocks in one another");
    auto block = std::make_shared<Block>();
    std::string plain;
    auto flush = [&] {
      if (!plain.empty()) block->parts.emplace_back(std::move(plain));
      plain.clear();
    };
    stopped_by_.clear();
    while (!done()) {
      if (at() == '$' && starts_reference()) {
        flush();
        TRY(auto reference, parse_reference());
        block->parts.emplace_back(std::move(reference));
      } else if (at() == '#' && take_comment()) {
        continue;
      } else if (std::string name = at() == '#' ? directive() : std::string(); !name.empty()) {
        flush();
        if (name == "end" || name == "else" || name == "elseif") {
          stopped_by_ = name;
          break;
        }
        TRY(parse_directive(name, *block));
      } else {
        plain += text_[at_++];
      }
    }
    flush();
    --depth_;
    return std::shared_ptr<const Block>(block);
  }

  bool take_comment() {
    if (take("##")) {
      while (!done() && at() != '\n') ++at_;
      take("\n");
      return true;
    }
    if (!take("#*")) return false;
    std::size_t end = text_.find("*#", at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
    return true;
  }

  // The name of the directive that begins here, which is taken; empty: it is plain text.
  std::string directive() {
    static const std::set<std::string_view> names{"set",     "if",       "else",   "elseif", "end",  "foreach", "macro",
                                                  "include", "evaluate", "define", "break",  "stop", "parse"};
    std::size_t begin = at_;
    ++at_;
    bool braces = take("{");
    std::string name = take_word();
    if (braces && !take("}")) name.clear();
    // "#elsewhere" is "#else" and a text to Velocity.
    for (std::string_view known : {"end", "else"}) {
      if (!braces && !names.contains(name) && name.starts_with(known)) {
        at_ -= name.size() - known.size();
        name = known;
      }
    }
    if (names.contains(name)) return name;
    at_ = begin;
    return {};
  }

  base::Result<> parse_directive(const std::string& name, Block& block) {
    if (name == "set") return parse_set(block);
    if (name == "if") return parse_if(block);
    if (name == "foreach") return parse_foreach(block);
    return refused("#" + name);
  }

  base::Result<> need(std::string_view what) {
    skip_blanks();
    if (take(what)) return {};
    return refused(fmt::format("'{}' where '{}' is expected", text_.substr(at_, 20), what));
  }

  base::Result<> parse_set(Block& block) {
    TRY(need("("));
    skip_blanks();
    if (at() != '$' || !starts_reference()) return refused("#set of what is no variable");
    setting_ = true;
    auto target = parse_reference();
    setting_ = false;
    if (!target) return base::fail(target.error());
    TRY(need("="));
    TRY(auto value, parse_expression(0));
    TRY(need(")"));
    skip_line_end();
    block.parts.emplace_back(Set{std::move(*target), std::move(value)});
    return {};
  }

  base::Result<> parse_if(Block& block) {
    If made;
    for (std::string kind = "if";;) {
      Branch branch;
      if (kind == "else") {
        branch.condition.literal = true;
      } else {
        TRY(need("("));
        TRY(branch.condition, parse_expression(0));
        TRY(need(")"));
      }
      skip_line_end();
      TRY(branch.block, parse_block());
      made.branches.push_back(std::move(branch));
      if (stopped_by_.empty()) return refused("#if without #end");
      if (stopped_by_ == "end") break;
      if (kind == "else") return refused("#" + stopped_by_ + " after #else");
      kind = stopped_by_;
    }
    stopped_by_.clear();
    skip_line_end();
    block.parts.emplace_back(std::move(made));
    return {};
  }

  base::Result<> parse_foreach(Block& block) {
    Foreach made;
    TRY(need("("));
    TRY(need("$"));
    bool braces = take("{");
    made.variable = take_word();
    if (braces) TRY(need("}"));
    skip_blanks();
    if (take_word() != "in") return refused("#foreach without 'in'");
    TRY(made.list, parse_expression(0));
    TRY(need(")"));
    skip_line_end();
    variables_.insert({made.variable, "foreach", "velocityCount"});
    TRY(made.block, parse_block());
    if (stopped_by_ != "end") return refused("#foreach without #end");
    stopped_by_.clear();
    skip_line_end();
    block.parts.emplace_back(std::move(made));
    return {};
  }

  bool starts_reference() const {
    std::size_t offset = 1;
    if (at(offset) == '!') ++offset;
    if (at(offset) == '{') ++offset;
    return is_letter(at(offset));
  }

  base::Result<Reference> parse_reference() {
    std::size_t begin = at_;
    take("$");
    take("!");
    bool braces = take("{");
    Reference reference;
    reference.root = take_word();
    for (;;) {
      if (at() == '.' && is_letter(at(1))) {
        ++at_;
        Access access{.kind = Access::Kind::member, .name = take_name(), .arguments = {}};
        if (at() == '(') {
          access.kind = Access::Kind::method;
          TRY(access.arguments, parse_arguments());
        }
        reference.path.push_back(std::move(access));
      } else if (at() == '[') {
        ++at_;
        Access access{.kind = Access::Kind::index, .name = {}, .arguments = {}};
        TRY(auto index, parse_expression(0));
        access.arguments.push_back(std::move(index));
        TRY(need("]"));
        reference.path.push_back(std::move(access));
      } else {
        break;
      }
    }
    if (braces && !take("}")) return refused(fmt::format("{} without a }}", text_.substr(begin, at_ - begin)));
    TRY(check(reference, text_.substr(begin, at_ - begin)));
    return reference;
  }

  // Names of members may have a '-' inside.
  std::string take_name() {
    std::size_t begin = at_;
    while (is_word(at()) || (at() == '-' && is_letter(at(1)))) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  base::Result<std::vector<Expression>> parse_arguments() {
    std::vector<Expression> arguments;
    TRY(need("("));
    skip_blanks();
    while (!take(")")) {
      if (!arguments.empty()) TRY(need(","));
      TRY(auto argument, parse_expression(0));
      arguments.push_back(std::move(argument));
      skip_blanks();
      if (done()) return refused("a call without a )");
    }
    return arguments;
  }

  base::Result<> check(const Reference& reference, std::string_view source) {
    const auto* first = reference.path.empty() ? nullptr : &reference.path.front();
    const auto& root = reference.root;
    bool call = first != nullptr && first->kind == Access::Kind::method;
    if (setting_) {
      bool overrides = root == "context" && reference.path.size() >= 2 &&
                       (first->name == "responseOverride" || first->name == "requestOverride");
      if (overrides) return {};
      if (is_builtin(root) || !reference.path.empty()) return refused(fmt::format("#set of {}", source));
      variables_.insert(root);
      return {};
    }
    std::size_t checked = 0;
    if (root == "input") {
      bool body = first != nullptr && !call && first->name == "body";
      if (!body && !(call && is_input_function(first->name))) return refused(source);
      checked = 1;
    } else if (root == "util") {
      if (!call || !is_util_function(first->name)) return refused(source);
      checked = 1;
    } else if (root == "context") {
      if (first != nullptr && !call && !context_names().contains(first->name)) return refused(source);
    } else if (root != "stageVariables" && !variables_.contains(root)) {
      return refused(source);
    }
    for (std::size_t i = checked; i < reference.path.size(); ++i) {
      const auto& access = reference.path[i];
      if (access.kind == Access::Kind::method && !is_method(access.name)) return refused(source);
    }
    return {};
  }

  static bool is_builtin(std::string_view root) {
    return root == "context" || root == "input" || root == "util" || root == "stageVariables";
  }

  // --- Expressions, by precedence

  struct Operator {
    std::string_view text;
    std::string_view meaning;
    int level;
  };

  const Operator* operator_here() {
    static constexpr std::array<Operator, 21> kOperators{
        {{"||", "||", 1}, {"or", "||", 1}, {"&&", "&&", 2}, {"and", "&&", 2}, {"==", "==", 3}, {"eq", "==", 3},
         {"!=", "!=", 3}, {"ne", "!=", 3}, {"<=", "<=", 4}, {"le", "<=", 4},  {">=", ">=", 4}, {"ge", ">=", 4},
         {"<", "<", 4},   {"lt", "<", 4},  {">", ">", 4},   {"gt", ">", 4},   {"+", "+", 5},   {"-", "-", 5},
         {"*", "*", 6},   {"/", "/", 6},   {"%", "%", 6}}};
    skip_blanks();
    for (const auto& known : kOperators) {
      if (!text_.substr(at_).starts_with(known.text)) continue;
      if (is_letter(known.text.front()) && is_word(at(known.text.size()))) continue;
      return &known;
    }
    return nullptr;
  }

  base::Result<Expression> parse_expression(int level) {
    if (++depth_ > kMaxDepth) return refused("an expression that is too deep");
    TRY(auto left, parse_operand());
    for (const auto* found = operator_here(); found != nullptr && found->level > level; found = operator_here()) {
      at_ += found->text.size();
      TRY(auto right, parse_expression(found->level));
      Expression both{.kind = Expression::Kind::operation, .operation = std::string(found->meaning)};
      both.operands = {std::move(left), std::move(right)};
      left = std::move(both);
    }
    --depth_;
    return left;
  }

  base::Result<Expression> parse_operand() {
    skip_blanks();
    char c = at();
    if (c == '!' || (c == 'n' && text_.substr(at_).starts_with("not "))) {
      at_ += c == '!' ? 1 : 4;
      Expression negation{.kind = Expression::Kind::negation};
      TRY(auto operand, parse_operand());
      negation.operands.push_back(std::move(operand));
      return negation;
    }
    if (take("(")) {
      TRY(auto inner, parse_expression(0));
      TRY(need(")"));
      return inner;
    }
    if (c == '$' && starts_reference()) {
      Expression expression{.kind = Expression::Kind::reference};
      TRY(expression.reference, parse_reference());
      return expression;
    }
    if (c == '"' || c == '\'') return parse_text(c);
    if (c == '[') return parse_list('[', ']', Expression::Kind::list);
    if (c == '{') return parse_list('{', '}', Expression::Kind::map);
    if (is_digit(c) || (c == '-' && is_digit(at(1)))) return parse_number();
    std::string word = take_word();
    if (word == "true" || word == "false") return Expression{.literal = word == "true"};
    if (word == "null") return Expression{};
    return refused(fmt::format("'{}'", word.empty() ? std::string(text_.substr(at_, 12)) : word));
  }

  base::Result<Expression> parse_number() {
    std::size_t begin = at_;
    take("-");
    while (is_digit(at()) || (at() == '.' && is_digit(at(1)))) ++at_;
    std::string_view digits = text_.substr(begin, at_ - begin);
    std::int64_t whole = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
    if (error == std::errc{} && end == digits.data() + digits.size()) return Expression{.literal = whole};
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return Expression{.literal = number};
  }

  // A quote inside is written twice. Only a text in double quotes is looked into.
  base::Result<Expression> parse_text(char quote) {
    std::string content;
    for (++at_; !done(); ++at_) {
      if (at() == quote && at(1) != quote) break;
      if (at() == quote) ++at_;
      content += at();
    }
    if (done()) return refused("a text without its last quote");
    ++at_;
    bool plain = quote == '\'' || content.find_first_of("$#") == std::string::npos;
    if (plain) return Expression{.literal = json::string(content)};
    Parser inner(content);
    inner.know(variables_);
    inner.depth_ = depth_;
    Expression expression{.kind = Expression::Kind::text};
    TRY(expression.text, inner.whole());
    return expression;
  }

  base::Result<Expression> parse_list(char open, char close, Expression::Kind kind) {
    TRY(need(std::string_view(&open, 1)));
    Expression list{.kind = kind};
    skip_blanks();
    while (!take(std::string_view(&close, 1))) {
      if (!list.operands.empty()) TRY(need(","));
      TRY(auto one, parse_expression(0));
      list.operands.push_back(std::move(one));
      if (kind == Expression::Kind::map) {
        TRY(need(":"));
        TRY(auto value, parse_expression(0));
        list.operands.push_back(std::move(value));
      }
      skip_blanks();
      if (done()) return refused("a list without its end");
    }
    return list;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool setting_ = false;
  std::string stopped_by_;
  std::set<std::string> variables_;  // that are set somewhere before
};

}  // namespace
}  // namespace velocity

base::Result<MappingTemplate> MappingTemplate::parse(std::string_view text) {
  constexpr std::size_t kLongest = 300 * 1024;  // AGW-guide limits.md
  if (text.size() > kLongest) {
    return bad_request(fmt::format("A mapping template may have {} bytes", kLongest));
  }
  MappingTemplate made;
  TRY(made.block_, velocity::Parser(text).whole());
  return made;
}

}  // namespace localcloud
