#include "app/samconfig.h"

#include <utility>
#include <vector>

namespace app {
namespace {

constexpr std::string_view kSpace = " \t\r";

struct Value {
  bool is_list = false;
  std::vector<std::string> texts = {};  // none if the value is neither a string nor a list of them
};

using Table = std::map<std::string, Value, std::less<>>;

class TomlReader {
 public:
  explicit TomlReader(std::string_view text) : rest_(text) {}

  std::map<std::string, Table, std::less<>> read() {
    std::map<std::string, Table, std::less<>> tables;
    std::string table;
    while (!rest_.empty()) {
      skip(" \t\r\n");
      if (rest_.starts_with('[')) {
        table = header();
      } else if (!rest_.starts_with('#')) {
        auto [key, value] = assignment();
        if (!value.texts.empty()) tables[table].insert_or_assign(std::move(key), std::move(value));
      }
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    }
    return tables;
  }

 private:
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }

  static std::string without_spaces(std::string_view text) {
    std::string kept;
    for (char c : text) {
      if (kSpace.find(c) == std::string_view::npos && c != '"' && c != '\'') kept += c;
    }
    return kept;
  }

  std::string header() {
    std::string_view line = rest_.substr(1, rest_.find('\n') - 1);
    return without_spaces(line.substr(0, line.find(']')));
  }

  std::pair<std::string, Value> assignment() {
    std::string_view line = rest_.substr(0, rest_.find('\n'));
    std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return {};
    std::string key = without_spaces(line.substr(0, equals));
    rest_.remove_prefix(equals + 1);
    skip(kSpace);
    Value value{.is_list = rest_.starts_with('[')};
    if (value.is_list) {
      rest_.remove_prefix(1);
      read_list(value.texts);
    } else if (auto text = string()) {
      value.texts.push_back(std::move(*text));
    }
    return {std::move(key), std::move(value)};
  }

  void read_list(std::vector<std::string>& values) {
    while (true) {
      skip(" \t\r\n,");
      if (rest_.starts_with('#')) {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        continue;
      }
      auto text = string();
      if (!text) return;
      values.push_back(std::move(*text));
    }
  }

  // A string at the start of what is left: basic or literal, over several lines with three quotes.
  std::optional<std::string> string() {
    if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return std::nullopt;
    char quote = rest_.front();
    std::string closing(rest_.starts_with(std::string(3, quote)) ? 3 : 1, quote);
    std::string_view inside = rest_.substr(closing.size());
    if (closing.size() == 3 && inside.starts_with('\n')) inside.remove_prefix(1);
    std::string value;
    while (!inside.empty()) {
      if (inside.starts_with(closing)) {
        rest_ = inside.substr(closing.size());
        return value;
      }
      if (inside.front() == '\n' && closing.size() == 1) return std::nullopt;
      if (quote == '"' && inside.front() == '\\' && inside.size() > 1) {
        inside.remove_prefix(1);
        value += unescaped(inside.front());
      } else {
        value += inside.front();
      }
      inside.remove_prefix(1);
    }
    return std::nullopt;
  }

  static char unescaped(char escaped) {
    switch (escaped) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      default:
        return escaped;
    }
  }

  std::string_view rest_;
};

// "A=1 B=\"two words\"", and the longer form "ParameterKey=A,ParameterValue=1".
void read_overrides(std::string_view text, std::map<std::string, std::string>& parameters) {
  std::vector<std::string> words(1);
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        words.back() += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == ' ' || c == '\n' || c == '\t') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  constexpr std::string_view kKey = "ParameterKey=";
  constexpr std::string_view kValue = ",ParameterValue=";
  for (const std::string& word : words) {
    std::size_t value = word.find(kValue);
    if (word.starts_with(kKey) && value != std::string::npos) {
      parameters[word.substr(kKey.size(), value - kKey.size())] = word.substr(value + kValue.size());
    } else if (std::size_t equals = word.find('='); equals != std::string::npos) {
      parameters[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
}

// "B=two words" of a list is one override, quoted or not.
void read_override(std::string_view text, std::map<std::string, std::string>& parameters) {
  std::size_t equals = text.find('=');
  bool is_plain = text.find_first_of("\"'\\") == std::string_view::npos && !text.starts_with("ParameterKey=");
  if (is_plain && equals != std::string_view::npos) {
    parameters[std::string(text.substr(0, equals))] = std::string(text.substr(equals + 1));
  } else {
    read_overrides(text, parameters);
  }
}

}  // namespace

SamConfig read_samconfig(std::string_view text) {
  auto tables = TomlReader(text).read();
  auto value_of = [&tables](std::string_view key) -> Value {
    for (const char* table : {"default.deploy.parameters", "default.global.parameters"}) {
      auto found = tables.find(table);
      if (found == tables.end()) continue;
      if (auto value = found->second.find(key); value != found->second.end()) return value->second;
    }
    return {};
  };
  auto text_of = [&value_of](std::string_view key) -> std::optional<std::string> {
    auto texts = value_of(key).texts;
    return texts.empty() ? std::nullopt : std::optional(texts.front());
  };
  SamConfig config{.stack_name = text_of("stack_name"),
                   .template_file = text_of("template_file"),
                   .region = text_of("region"),
                   .profile = text_of("profile"),
                   .parameters = {}};
  Value overrides = value_of("parameter_overrides");
  for (const std::string& one : overrides.texts) {
    overrides.is_list ? read_override(one, config.parameters) : read_overrides(one, config.parameters);
  }
  return config;
}

}  // namespace app
