// The syntax tree of a mapping template. Made by velocity_parser.cc, walked by velocity_render.cc.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace localcloud::velocity {

namespace json = boost::json;

struct Expression;

// ".name", ".name(arguments)" or "[index]".
struct Access {
  enum class Kind { member, method, index };
  Kind kind = Kind::member;
  std::string name;
  std::vector<Expression> arguments;
};

struct Reference {
  std::string root;  // "context"
  std::vector<Access> path;
};

struct Expression {
  enum class Kind { literal, text, list, map, reference, negation, operation };
  Kind kind = Kind::literal;
  json::value literal = {};
  std::shared_ptr<const struct Block> text = {};  // of a text in double quotes
  Reference reference = {};
  std::string operation = {};             // "==", "+", …
  std::vector<Expression> operands = {};  // of lists, maps (key, value, …), negations, operations
};

struct Branch {
  Expression condition;
  std::shared_ptr<const Block> block;
};

struct Set {
  Reference target;
  Expression value;
};
struct If {
  std::vector<Branch> branches;  // the last one of `#else` has the condition true
};
struct Foreach {
  std::string variable;
  Expression list;
  std::shared_ptr<const Block> block;
};

struct Block {
  std::vector<std::variant<std::string, Reference, Set, If, Foreach>> parts;
};

}  // namespace localcloud::velocity
