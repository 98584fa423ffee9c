#include "localcloud/logs/filter_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec/json.h"
#include "localcloud/iam/policy.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {

namespace json = boost::json;

tl::unexpected<base::Error> invalid_pattern() {
  return aws_error(400, "InvalidParameterException", "Invalid filter pattern");
}

std::string_view trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

std::optional<double> number(std::string_view text) {
  std::string copy(text);
  char* end = nullptr;
  double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0') return std::nullopt;
  return value;
}

// --- Terms

struct Terms {
  std::vector<std::string> all, any, none;
};

bool terms_match(const Terms& terms, std::string_view message) {
  auto has = [&](const std::string& term) { return message.find(term) != std::string_view::npos; };
  if (std::any_of(terms.none.begin(), terms.none.end(), has)) return false;
  if (!std::all_of(terms.all.begin(), terms.all.end(), has)) return false;
  // "?" counts only where no term is required.
  return !terms.all.empty() || terms.any.empty() || std::any_of(terms.any.begin(), terms.any.end(), has);
}

base::Result<LogMatcher> parse_terms(std::string_view pattern) {
  Terms terms;
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == ' ') {
      ++at;
      continue;
    }
    auto* kind = pattern[at] == '?' ? &terms.any : pattern[at] == '-' ? &terms.none : &terms.all;
    if (kind != &terms.all) ++at;
    bool quoted = at < pattern.size() && pattern[at] == '"';
    auto begin = quoted ? at + 1 : at;
    auto end = pattern.find(quoted ? '"' : ' ', begin);
    if (quoted && end == std::string_view::npos) return invalid_pattern();
    end = std::min(end, pattern.size());
    if (end > begin) kind->emplace_back(pattern.substr(begin, end - begin));
    at = end + (quoted ? 1 : 0);
  }
  return [terms = std::move(terms)](std::string_view message) { return terms_match(terms, message); };
}

// --- Comparisons, of JSON members and of fields

struct Comparison {
  std::string op;  // "=", "!=", "<", "<=", ">", ">="
  std::string value;
  bool quoted = false;
};

bool compare(const Comparison& comparison, std::string_view actual, bool actual_is_number) {
  const auto& [op, value, quoted] = comparison;
  auto wanted = number(value);
  auto found = number(actual);
  if (op == "=" || op == "!=") {
    bool same = !quoted && actual_is_number && wanted && found ? *wanted == *found : matches_wildcard(value, actual);
    return same == (op == "=");
  }
  if (!wanted || !found) return false;
  if (op == "<") return *found < *wanted;
  if (op == "<=") return *found <= *wanted;
  if (op == ">") return *found > *wanted;
  return *found >= *wanted;
}

using Test = std::function<bool(const json::value&)>;  // of JSON patterns: the message
using FieldTest = std::function<bool(std::string_view)>;

// Reads conditions joined with && and ||, in parentheses; what a single condition is, the caller says.
template <typename Condition>
class ConditionReader {
 public:
  using Read = std::function<base::Result<Condition>(std::string_view)>;
  explicit ConditionReader(Read read) : read_(std::move(read)) {}

  base::Result<Condition> parse(std::string_view text) const {
    text = trimmed(text);
    for (std::string_view joint : {"||", "&&"}) {
      auto at = outer(text, joint);
      if (at == std::string_view::npos) continue;
      TRY(auto left, parse(text.substr(0, at)));
      TRY(auto right, parse(text.substr(at + 2)));
      if (joint == "||") {
        return Condition([left, right](const auto& one) { return left(one) || right(one); });
      }
      return Condition([left, right](const auto& one) { return left(one) && right(one); });
    }
    if (text.starts_with('(') && text.ends_with(')')) return parse(text.substr(1, text.size() - 2));
    return read_(text);
  }

 private:
  // Where the joint stands outside of quotes and parentheses.
  static std::size_t outer(std::string_view text, std::string_view joint) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '"') quoted = !quoted;
      if (quoted) continue;
      if (text[at] == '(') ++depth;
      if (text[at] == ')') --depth;
      if (depth == 0 && text.substr(at, 2) == joint) return at;
    }
    return std::string_view::npos;
  }

  Read read_;
};

// "name OP value" cut in three; nullopt if there is no operator.
struct Cut {
  std::string_view name;
  Comparison comparison;
};
std::optional<Cut> cut_comparison(std::string_view text) {
  auto at = text.find_first_of("=!<>");
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t length = at + 1 < text.size() && text[at + 1] == '=' ? 2 : 1;
  auto value = trimmed(text.substr(at + length));
  Cut cut{.name = trimmed(text.substr(0, at)), .comparison = {.op = std::string(text.substr(at, length)), .value = {}}};
  if (cut.comparison.op == "!" || cut.comparison.op == "==" || value.empty()) return std::nullopt;
  cut.comparison.quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  cut.comparison.value = cut.comparison.quoted ? value.substr(1, value.size() - 2) : value;
  return cut;
}

// --- JSON

// Every value that a selector like $.a.b[0] or $.list[*].c means.
std::vector<const json::value*> selected(const json::value& root, const std::vector<std::string>& steps) {
  std::vector<const json::value*> found{&root};
  for (const auto& step : steps) {
    std::vector<const json::value*> next;
    for (const auto* value : found) {
      if (const auto* array = value->if_array(); array != nullptr && step.starts_with('[')) {
        for (std::size_t i = 0; i < array->size(); ++i) {
          if (step == "[*]" || step == fmt::format("[{}]", i)) next.push_back(&(*array)[i]);
        }
      } else if (const auto* member = codec::find(*value, step)) {
        next.push_back(member);
      }
    }
    found = std::move(next);
  }
  return found;
}

base::Result<std::vector<std::string>> parse_selector(std::string_view text) {
  std::vector<std::string> steps;
  if (!text.starts_with("$.") && !text.starts_with("$[")) return invalid_pattern();
  for (std::size_t at = 1; at < text.size();) {
    bool index = text[at] == '[';
    auto end = index ? text.find(']', at) : text.find_first_of(".[", at + 1);
    if (index && end == std::string_view::npos) return invalid_pattern();
    end = std::min(index ? end + 1 : end, text.size());
    auto step = text.substr(index ? at : at + 1, end - at - (index ? 0 : 1));
    if (step.starts_with("['") && step.ends_with("']")) step = step.substr(2, step.size() - 4);
    if (step.empty()) return invalid_pattern();
    steps.emplace_back(step);
    at = end;
  }
  return steps;
}

bool member_compares(const Comparison& comparison, const json::value& member) {
  if (member.is_string()) return compare(comparison, std::string_view(member.get_string()), false);
  if (member.is_number()) return compare(comparison, json::serialize(member), true);
  return false;
}

base::Result<Test> read_member_condition(std::string_view text) {
  auto over = [](std::vector<std::string> steps, std::function<bool(const json::value&)> holds) {
    return Test([steps = std::move(steps), holds = std::move(holds)](const json::value& root) {
      auto found = selected(root, steps);
      return std::any_of(found.begin(), found.end(), [&](const auto* one) { return holds(*one); });
    });
  };
  if (auto cut = cut_comparison(text)) {
    TRY(auto steps, parse_selector(cut->name));
    return over(std::move(steps), [comparison = cut->comparison](const json::value& member) {
      return member_compares(comparison, member);
    });
  }
  auto space = text.find(' ');
  if (space == std::string_view::npos) return invalid_pattern();
  TRY(auto steps, parse_selector(text.substr(0, space)));
  auto rest = trimmed(text.substr(space));
  if (rest == "IS NULL") return over(std::move(steps), [](const json::value& member) { return member.is_null(); });
  if (rest == "IS TRUE") return over(std::move(steps), [](const json::value& member) { return member == true; });
  if (rest == "IS FALSE") return over(std::move(steps), [](const json::value& member) { return member == false; });
  if (rest == "EXISTS") return over(std::move(steps), [](const json::value&) { return true; });
  if (rest == "NOT EXISTS") {
    return Test([steps = std::move(steps)](const json::value& root) { return selected(root, steps).empty(); });
  }
  return invalid_pattern();
}

base::Result<LogMatcher> parse_json_pattern(std::string_view pattern) {
  TRY(auto test, ConditionReader<Test>(read_member_condition).parse(pattern.substr(1, pattern.size() - 2)));
  return [test = std::move(test)](std::string_view message) {
    auto value = codec::parse_json(message);
    return value && test(*value);
  };
}

// --- Space-delimited fields

// The fields of a line: words, and what stands in quotes or brackets as one.
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == ' ') {
      ++at;
      continue;
    }
    char closing = line[at] == '"' ? '"' : line[at] == '[' ? ']' : '\0';
    auto begin = closing != '\0' ? at + 1 : at;
    auto end = std::min(line.find(closing != '\0' ? closing : ' ', begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    at = end + 1;
  }
  return fields;
}

base::Result<FieldTest> read_field_condition(std::string_view text) {
  auto cut = cut_comparison(text);
  if (!cut) return FieldTest([](std::string_view) { return true; });
  return FieldTest([comparison = cut->comparison](std::string_view field) { return compare(comparison, field, true); });
}

base::Result<LogMatcher> parse_fields_pattern(std::string_view pattern) {
  std::vector<FieldTest> tests;
  std::optional<std::size_t> ellipsis;  // how many fields stand before "..."
  auto inside = pattern.substr(1, pattern.size() - 2);
  while (!inside.empty()) {
    auto comma = std::min(inside.find(','), inside.size());
    auto part = trimmed(inside.substr(0, comma));
    inside.remove_prefix(std::min(comma + 1, inside.size()));
    if (part == "...") {
      if (ellipsis) return invalid_pattern();
      ellipsis = tests.size();
      continue;
    }
    TRY(auto test, ConditionReader<FieldTest>(read_field_condition).parse(part));
    tests.push_back(std::move(test));
  }
  return [tests = std::move(tests), ellipsis](std::string_view message) {
    auto fields = fields_of(message);
    if (ellipsis ? fields.size() < tests.size() : fields.size() != tests.size()) return false;
    for (std::size_t i = 0; i < tests.size(); ++i) {
      auto at = ellipsis && i >= *ellipsis ? fields.size() - tests.size() + i : i;
      if (!tests[i](fields[at])) return false;
    }
    return true;
  };
}

}  // namespace

base::Result<LogMatcher> parse_filter_pattern(std::string_view pattern) {
  pattern = trimmed(pattern);
  constexpr std::size_t kLongest = 1024;
  if (pattern.size() > kLongest) return invalid_pattern();
  auto first = pattern.find('%');
  if (first != std::string_view::npos && pattern.find('%', first + 1) != std::string_view::npos) {
    return base::fail(not_implemented("logs", fmt::format("regular expressions in the filter pattern {}", pattern)));
  }
  if (pattern.starts_with('{')) return pattern.ends_with('}') ? parse_json_pattern(pattern) : invalid_pattern();
  if (pattern.starts_with('[')) return pattern.ends_with(']') ? parse_fields_pattern(pattern) : invalid_pattern();
  return parse_terms(pattern);
}

}  // namespace localcloud
