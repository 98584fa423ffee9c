#include "localcloud/dynamodb/expression_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "localcloud/dynamodb/errors.h"

namespace localcloud {

namespace {

constexpr int kMostOperators = 300;

}  // namespace

bool ExpressionParser::at_keyword(std::string_view keyword) const {
  return current().kind == Token::Kind::identifier && upper(current().text) == keyword;
}

bool ExpressionParser::take(std::string_view symbol) {
  if (current().kind != Token::Kind::symbol || current().text != symbol) return false;
  ++at_;
  return true;
}

bool ExpressionParser::take_keyword(std::string_view keyword) {
  if (!at_keyword(keyword)) return false;
  ++at_;
  return true;
}

base::Result<> ExpressionParser::expect(std::string_view symbol) {
  if (!take(symbol)) return syntax_error();
  return {};
}

base::Result<> ExpressionParser::check_text() const {
  if (tokens_.size() == 1) return failure("The expression can not be empty;");
  if (text_.size() > kLongest) {
    return failure(
        fmt::format("Expression size has exceeded the maximum allowed size; expression size: {}", text_.size()));
  }
  return {};
}

base::Result<> ExpressionParser::finish() const {
  if (!at_end()) return syntax_error();
  if (!problems_.empty()) return failure(problems_.begin()->second);
  return {};
}

tl::unexpected<base::Error> ExpressionParser::failure(std::string_view message) const {
  return validation_exception(fmt::format("Invalid {}: {}", kind_, message));
}

tl::unexpected<base::Error> ExpressionParser::syntax_error() const {
  const auto& before = tokens_[at_ == 0 ? 0 : at_ - 1];
  const auto& after = next();
  auto near = text_.substr(before.begin, after.begin + after.size - before.begin);
  return failure(fmt::format("Syntax error; token: \"{}\", near: \"{}\"", current().text, near));
}

base::Result<> ExpressionParser::check_depth(int depth) const {
  if (depth > kDeepest) return failure("The expression contains too many operators");
  return {};
}

void ExpressionParser::count_operator() {
  if (++operators_ <= kMostOperators) return;
  note(Problem::too_many_operators,
       fmt::format("The expression contains too many operators; maximum number of operators: {}", kMostOperators));
}

base::Result<json::value> ExpressionParser::value() {
  if (current().kind != Token::Kind::value) return syntax_error();
  const auto* found = placeholders_.value(current().text);
  if (found == nullptr) {
    note(Problem::undefined_placeholder,
         fmt::format("An expression attribute value used in expression is not defined; attribute value: {}",
                     current().text));
  }
  ++at_;
  return found == nullptr ? json::value() : *found;
}

base::Result<std::string> ExpressionParser::attribute_name() {
  const auto& token = current();
  if (token.kind == Token::Kind::name) {
    const auto* found = placeholders_.name(token.text);
    if (found == nullptr) {
      note(Problem::undefined_placeholder,
           fmt::format("An expression attribute name used in the document path is not defined; attribute name: {}",
                       token.text));
    }
    ++at_;
    return found == nullptr ? token.text : *found;
  }
  if (token.kind != Token::Kind::identifier) return syntax_error();
  if (is_reserved_word(token.text)) {
    note(Problem::reserved_word, fmt::format("Attribute name is a reserved keyword; reserved keyword: {}", token.text));
  }
  ++at_;
  return token.text;
}

base::Result<Path> ExpressionParser::path() {
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

void ExpressionParser::check_overlap(const std::vector<Path>& paths) {
  for (auto second = paths.begin(); second != paths.end(); ++second) {
    for (auto first = paths.begin(); first != second; ++first) {
      auto [one, two] = std::mismatch(first->begin(), first->end(), second->begin(), second->end());
      bool apart = one != first->end() && two != second->end();
      if (apart && one->index() == two->index()) continue;
      note(apart ? Problem::conflicting_paths : Problem::overlapping_paths,
           fmt::format("Two document paths {} with each other; must remove or rewrite one of these paths; path one: "
                       "{}, path two: {}",
                       apart ? "conflict" : "overlap", to_text(*first), to_text(*second)));
    }
  }
}

std::string_view given_type(const Operand& operand) {
  return operand.kind == Operand::Kind::value && operand.value.is_object() ? type_of(operand.value)
                                                                           : std::string_view();
}

}  // namespace localcloud
