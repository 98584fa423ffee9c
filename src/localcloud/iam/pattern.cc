#include "localcloud/iam/pattern.h"

#include <algorithm>
#include <cctype>

namespace localcloud {

namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool same(char a, char b, bool ignore_case) {
  return ignore_case ? lower(a) == lower(b) : a == b;
}

// What stands between "${" and "}": a context key with an optional default, "aws:username, 'nobody'", or one of the
// escapes.
std::optional<std::string> variable_value(std::string_view name, const ConditionContext& variables) {
  if (name == "*" || name == "?" || name == "$") return std::string(name);
  std::optional<std::string> fallback;
  if (auto comma = name.find(','); comma != std::string_view::npos) {
    auto text = name.substr(comma + 1);
    auto first = text.find('\'');
    auto last = text.rfind('\'');
    if (first != std::string_view::npos && last > first)
      fallback = std::string(text.substr(first + 1, last - first - 1));
    name = name.substr(0, comma);
  }
  auto value = single_value(variables, name);
  return value ? value : fallback;
}

}  // namespace

std::vector<std::string> context_values(const ConditionContext& context, std::string_view key) {
  for (const auto& [name, value] : context) {
    if (name.size() == key.size() &&
        std::equal(name.begin(), name.end(), key.begin(), [](char a, char b) { return lower(a) == lower(b); })) {
      return value.values();
    }
  }
  return {};
}

std::optional<std::string> single_value(const ConditionContext& context, std::string_view key) {
  auto values = context_values(context, key);
  return values.size() == 1 ? std::optional(std::move(values.front())) : std::nullopt;
}

std::optional<Pattern> compile_pattern(std::string_view text, const ConditionContext* variables) {
  std::vector<Pattern::Item> items;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto end = text.find('}', i);
    if (variables != nullptr && text.substr(i, 2) == "${" && end != std::string_view::npos) {
      auto value = variable_value(text.substr(i + 2, end - i - 2), *variables);
      if (!value) return std::nullopt;
      for (char c : *value) items.push_back({.character = c, .literal = true});
      i = end;
    } else {
      items.push_back({.character = text[i], .literal = false});
    }
  }
  return Pattern(std::move(items));
}

// The usual two-finger match: on a mismatch, the last '*' takes one character more.
bool Pattern::matches(std::string_view text, bool ignore_case) const {
  std::size_t at = 0;
  std::size_t item = 0;
  std::optional<std::size_t> star;
  std::size_t star_at = 0;
  while (at < text.size()) {
    bool wild = item < items_.size() && !items_[item].literal;
    if (wild && items_[item].character == '*') {
      star = item++;
      star_at = at;
    } else if (item < items_.size() &&
               ((wild && items_[item].character == '?') || same(items_[item].character, text[at], ignore_case))) {
      ++item;
      ++at;
    } else if (star) {
      item = *star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  while (item < items_.size() && !items_[item].literal && items_[item].character == '*') ++item;
  return item == items_.size();
}

bool Pattern::equals(std::string_view text, bool ignore_case) const {
  return items_.size() == text.size() && std::equal(items_.begin(), items_.end(), text.begin(), [&](Item item, char c) {
           return same(item.character, c, ignore_case);
         });
}

}  // namespace localcloud
