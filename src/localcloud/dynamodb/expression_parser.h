// What the parsers of every kind of expression share: a walk over tokens, document paths, placeholders, and DynamoDB's
// way of telling errors. A syntax error ends the parse at once; everything else is noted, and the worst is told when
// the whole expression is known to be well formed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/dynamodb/expression.h"
#include "localcloud/dynamodb/tokens.h"

namespace localcloud {

class ExpressionParser {
 protected:
  // In the order of their weight.
  enum class Problem {
    redundant_parentheses,
    unknown_function,
    misused_function,
    reserved_word,
    repeated_section,
    undefined_placeholder,
    overlapping_paths,
    conflicting_paths,
    operand_count,
    same_operands,
    operand_type,
    too_many_operators
  };

  // `kind` is the parameter's name, for messages. All outlive the parser.
  ExpressionParser(std::string_view text, std::string_view kind, Placeholders& placeholders)
      : text_(text), kind_(kind), placeholders_(placeholders), tokens_(read_tokens(text.substr(0, kLongest))) {}

  const Token& current() const { return tokens_[at_]; }
  const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  std::size_t position() const { return at_; }
  void advance() { ++at_; }
  bool at_end() const { return current().kind == Token::Kind::end; }
  bool at_call() const { return current().kind == Token::Kind::identifier && next().text == "("; }
  bool at_keyword(std::string_view keyword) const;
  bool take(std::string_view symbol);
  bool take_keyword(std::string_view keyword);
  base::Result<> expect(std::string_view symbol);

  // Before the parse: is there an expression, and is it not too long?
  base::Result<> check_text() const;
  // After it: nothing may follow, and nothing may have been noted.
  base::Result<> finish() const;

  tl::unexpected<base::Error> syntax_error() const;
  tl::unexpected<base::Error> failure(std::string_view message) const;
  void note(Problem problem, std::string message) { problems_.emplace(problem, std::move(message)); }
  void count_operator();

  base::Result<Path> path();
  // Null if the placeholder is not defined, which is noted.
  base::Result<json::value> value();
  // Notes the first two paths that cannot stand beside each other.
  void check_overlap(const std::vector<Path>& paths);

  // The developer guide, "Quotas in Amazon DynamoDB": expression parameters.
  static constexpr std::size_t kLongest = 4096;
  static constexpr int kDeepest = 300;  // of nested parentheses and functions; AWS: at most 300 operators
  base::Result<> check_depth(int depth) const;

 private:
  base::Result<std::string> attribute_name();

  std::string_view text_;
  std::string_view kind_;
  Placeholders& placeholders_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int operators_ = 0;
  std::map<Problem, std::string> problems_;
};

// The type of a value that the request itself gives; "" if only the item can tell.
std::string_view given_type(const Operand& operand);

}  // namespace localcloud
