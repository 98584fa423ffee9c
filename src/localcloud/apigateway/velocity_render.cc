#include <cmath>

#include "codec/json.h"
#include "localcloud/apigateway/velocity.h"
#include "localcloud/apigateway/velocity_syntax.h"
#include "localcloud/apigateway/velocity_values.h"

namespace localcloud {

namespace velocity {
namespace {

constexpr std::size_t kMaxTurns = 1000;  // of a #foreach, as API Gateway has it

bool truth(const json::value& value) {
  return !value.is_null() && value != json::value(false);
}

std::optional<double> number_of(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  return std::nullopt;
}

json::value number_value(double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::nearbyint(number) == number && std::abs(number) < kExact) return static_cast<std::int64_t>(number);
  return number;
}

json::value compute(const std::string& operation, const json::value& left, const json::value& right) {
  auto a = number_of(left);
  auto b = number_of(right);
  if (operation == "==" || operation == "!=") {
    bool same = a && b ? *a == *b : left == right;
    if (left.is_string() != right.is_string())
      same = text_of(left) == text_of(right) && !left.is_null() && !right.is_null();
    return json::value(same == (operation == "=="));
  }
  if (operation == "+" && (!a || !b)) return json::value(json::string(text_of(left) + text_of(right)));
  if (!a || !b) return {};
  if (operation == "<") return *a < *b;
  if (operation == ">") return *a > *b;
  if (operation == "<=") return *a <= *b;
  if (operation == ">=") return *a >= *b;
  if (operation == "+") return number_value(*a + *b);
  if (operation == "-") return number_value(*a - *b);
  if (operation == "*") return number_value(*a * *b);
  if (*b == 0) return {};
  bool whole = !left.is_double() && !right.is_double();
  if (operation == "/") return number_value(whole ? std::trunc(*a / *b) : *a / *b);
  return number_value(std::fmod(*a, *b));
}

class Renderer {
 public:
  explicit Renderer(const TemplateScope& scope) : scope_(scope) {}

  base::Result<std::string> render(const Block& block) {
    std::string text;
    for (const auto& part : block.parts) {
      if (const auto* plain = std::get_if<std::string>(&part)) {
        text += *plain;
      } else if (const auto* reference = std::get_if<Reference>(&part)) {
        TRY(auto value, look_up(*reference));
        text += text_of(value);
      } else if (const auto* set = std::get_if<Set>(&part)) {
        TRY(auto value, evaluate(set->value));
        assign(set->target, std::move(value));
      } else if (const auto* choice = std::get_if<If>(&part)) {
        TRY(auto chosen, render_if(*choice));
        text += chosen;
      } else {
        TRY(auto turns, render_loop(std::get<Foreach>(part)));
        text += turns;
      }
    }
    return text;
  }

  json::object overrides() && { return std::move(overrides_); }

 private:
  base::Result<std::string> render_if(const If& choice) {
    for (const auto& branch : choice.branches) {
      TRY(auto condition, evaluate(branch.condition));
      if (truth(condition)) return render(*branch.block);
    }
    return std::string();
  }

  base::Result<std::string> render_loop(const Foreach& loop) {
    TRY(auto value, evaluate(loop.list));
    json::array list;
    if (value.is_array()) list = value.get_array();
    if (const auto* map = value.if_object()) {
      for (const auto& [key, one] : *map) list.push_back(one);
    }
    std::string text;
    auto outer = variables_;
    std::size_t turns = std::min(list.size(), kMaxTurns);
    for (std::size_t i = 0; i < turns; ++i) {
      variables_[loop.variable] = list[i];
      variables_["velocityCount"] = i + 1;
      variables_["foreach"] = {{"index", i},
                               {"count", i + 1},
                               {"hasNext", i + 1 < list.size()},
                               {"first", i == 0},
                               {"last", i + 1 == list.size()}};
      TRY(auto turn, render(*loop.block));
      text += turn;
    }
    for (const std::string& name : {loop.variable, std::string("velocityCount"), std::string("foreach")}) {
      auto before = outer.find(name);
      variables_[name] = before == outer.end() ? json::value() : before->second;
    }
    return text;
  }

  // "$name", or a member of one of $context's overrides.
  void assign(const Reference& target, json::value value) {
    if (target.path.empty()) {
      variables_[target.root] = std::move(value);
      return;
    }
    json::object* into = &overrides_;
    for (std::size_t i = 0; i + 1 < target.path.size(); ++i) {
      auto& next = (*into)[target.path[i].name];
      if (!next.is_object()) next.emplace_object();
      into = &next.get_object();
    }
    (*into)[target.path.back().name] = std::move(value);
  }

  base::Result<std::vector<json::value>> evaluate_all(const std::vector<Expression>& expressions) {
    std::vector<json::value> values;
    for (const auto& expression : expressions) {
      TRY(auto value, evaluate(expression));
      values.push_back(std::move(value));
    }
    return values;
  }

  base::Result<json::value> root_of(const Reference& reference, std::size_t& used) {
    used = 0;
    if (reference.root == "context") return json::value(scope_.context);
    if (reference.root == "stageVariables") {
      json::object variables;
      for (const auto& [name, value] : scope_.stage_variables) variables[name] = value;
      return json::value(std::move(variables));
    }
    if (reference.root == "input" || reference.root == "util") {
      used = 1;
      const auto& access = reference.path.front();
      if (access.kind == Access::Kind::member) return json::value(json::string(scope_.body));
      TRY(auto arguments, evaluate_all(access.arguments));
      return reference.root == "input" ? call_input(access.name, arguments, scope_) : call_util(access.name, arguments);
    }
    auto found = variables_.find(reference.root);
    return found == variables_.end() ? json::value() : found->second;
  }

  base::Result<json::value> look_up(const Reference& reference) {
    std::size_t used = 0;
    TRY(auto value, root_of(reference, used));
    for (std::size_t i = used; i < reference.path.size(); ++i) {
      const auto& access = reference.path[i];
      if (access.kind == Access::Kind::member) {
        value = member_of(value, access.name);
        continue;
      }
      TRY(auto arguments, evaluate_all(access.arguments));
      if (access.kind == Access::Kind::index) {
        value = element_of(value, arguments.front());
      } else {
        TRY(value, call_method(value, access.name, arguments));
      }
    }
    return value;
  }

  base::Result<json::value> evaluate_operation(const Expression& expression) {
    TRY(auto left, evaluate(expression.operands[0]));
    if (expression.operation == "&&" && !truth(left)) return json::value(false);
    if (expression.operation == "||" && truth(left)) return json::value(true);
    TRY(auto right, evaluate(expression.operands[1]));
    if (expression.operation == "&&" || expression.operation == "||") return json::value(truth(right));
    return compute(expression.operation, left, right);
  }

  base::Result<json::value> evaluate(const Expression& expression) {
    using Kind = Expression::Kind;
    switch (expression.kind) {
      case Kind::literal:
        return expression.literal;
      case Kind::text: {
        TRY(auto text, render(*expression.text));
        return json::value(json::string(text));
      }
      case Kind::reference:
        return look_up(expression.reference);
      case Kind::negation: {
        TRY(auto operand, evaluate(expression.operands.front()));
        return json::value(!truth(operand));
      }
      case Kind::operation:
        return evaluate_operation(expression);
      case Kind::list: {
        TRY(auto values, evaluate_all(expression.operands));
        return json::value(json::array(values.begin(), values.end()));
      }
      case Kind::map: {
        TRY(auto values, evaluate_all(expression.operands));
        json::object map;
        for (std::size_t i = 0; i + 1 < values.size(); i += 2) map[text_of(values[i])] = values[i + 1];
        return json::value(std::move(map));
      }
    }
    return json::value();
  }

  const TemplateScope& scope_;
  std::map<std::string, json::value> variables_;
  json::object overrides_;
};

}  // namespace
}  // namespace velocity

base::Result<Rendered> MappingTemplate::render(const TemplateScope& scope) const {
  velocity::Renderer renderer(scope);
  Rendered rendered;
  TRY(rendered.text, renderer.render(*block_));
  rendered.overrides = std::move(renderer).overrides();
  return rendered;
}

}  // namespace localcloud
