// The words and symbols of an expression. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace localcloud {

struct Token {
  enum class Kind { identifier, name, value, number, symbol, end };
  Kind kind = Kind::end;
  std::string text = {};  // "size", "#n", ":v", "12", "<="; "<EOF>" at the end
  std::size_t begin = 0;
  std::size_t size = 0;
};

// Ends with a token of kind `end`. An unknown character is a symbol that no rule of the grammar takes.
std::vector<Token> read_tokens(std::string_view text);

std::string upper(std::string_view text);

}  // namespace localcloud
