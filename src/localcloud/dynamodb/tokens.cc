#include "localcloud/dynamodb/tokens.h"

#include <cctype>

namespace localcloud {

namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

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

}  // namespace

std::vector<Token> read_tokens(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[at])) != 0) {
      ++at;
      continue;
    }
    tokens.push_back(read_token(text, at));
    at += tokens.back().size;
  }
  auto end = tokens.empty() ? 0 : tokens.back().begin + tokens.back().size;
  tokens.push_back({.kind = Token::Kind::end, .text = "<EOF>", .begin = end, .size = 0});
  return tokens;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace localcloud
