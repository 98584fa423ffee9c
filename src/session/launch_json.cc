#include "session/launch_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

namespace session {
namespace {

constexpr std::size_t kDeepest = 64;
constexpr int kIndent = 4;

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Finds its way through the text; what it passes over is checked only as far as that takes.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  bool done() {
    skip_blanks();
    return at_ == text_.size();
  }
  char peek() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  // Of '{' … '}' or '[' … ']', after its first character: calls `item` where each begins, which passes over it.
  base::Result<> items(char close, const std::function<base::Result<>()>& item) {
    while (!take(close)) {
      TRY(item());
      if (take(',') || peek() == close) continue;
      return error(fmt::format("',' or '{}' is missing", close));
    }
    return {};
  }

  // The raw text between quotes.
  base::Result<std::string_view> string() {
    if (!take('"')) return error("a string is missing");
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size() || text_[at_] != '"') return error("a string does not end");
    return text_.substr(begin, at_++ - begin);
  }

  base::Result<std::string_view> key() {
    TRY(auto name, string());
    if (!take(':')) return error("':' is missing");
    return name;
  }

  // Passes over any value.
  base::Result<Span> value(std::size_t depth = 0) {
    const char first = peek();
    const std::size_t begin = at_;
    if (depth > kDeepest) return error("it is nested too deeply");
    if (first == '{') {
      ++at_;
      TRY(items('}', [&]() -> base::Result<> {
        TRY(key());
        TRY(value(depth + 1));
        return {};
      }));
    } else if (first == '[') {
      ++at_;
      TRY(items(']', [&]() -> base::Result<> {
        TRY(value(depth + 1));
        return {};
      }));
    } else if (first == '"') {
      TRY(string());
    } else {
      while (at_ < text_.size() && std::string_view(",]} \t\r\n/").find(text_[at_]) == std::string_view::npos) ++at_;
      if (at_ == begin) return error("a value is missing");
    }
    return Span{begin, at_};
  }

  tl::unexpected<base::Error> error(std::string message) const {
    const auto line =
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(std::min(at_, text_.size())), '\n');
    return base::fail(base::Error{
        .kind = base::ErrorKind::invalid_input, .message = std::move(message), .line = static_cast<int>(line)});
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size()) {
      const auto rest = text_.substr(at_);
      if (std::string_view(" \t\r\n").find(rest[0]) != std::string_view::npos) {
        ++at_;
      } else if (rest.starts_with("//")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (rest.starts_with("/*")) {
        const auto end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (rest.starts_with("\xef\xbb\xbf")) {
        at_ += 3;  // a byte order mark
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct Configuration {
  std::string name;
  Span span;
};

// Where things stand in a launch.json.
struct Layout {
  std::size_t root = 0;  // after its '{'
  bool is_empty = true;  // it has no members
  bool has_list = false;
  std::size_t list = 0;      // after the '[' of "configurations"
  bool open_end = false;     // a comma follows the last configuration
  std::size_t list_end = 0;  // after the last configuration and its comma
  std::vector<Configuration> configurations;
};

base::Result<Configuration> read_configuration(Scanner& scanner) {
  Configuration configuration;
  configuration.span.begin = (scanner.peek(), scanner.at());
  if (scanner.peek() != '{') {
    TRY(configuration.span, scanner.value());
    return configuration;
  }
  scanner.take('{');
  TRY(scanner.items('}', [&]() -> base::Result<> {
    TRY(auto key, scanner.key());
    if (key == "name" && scanner.peek() == '"') {
      TRY(auto name, scanner.string());
      configuration.name = name;
      return {};
    }
    TRY(scanner.value(2));
    return {};
  }));
  configuration.span.end = scanner.at();
  return configuration;
}

base::Result<> read_list(Scanner& scanner, Layout& layout) {
  if (!scanner.take('[')) return scanner.error("\"configurations\" is no list");
  layout.has_list = true;
  layout.list = layout.list_end = scanner.at();
  while (!scanner.take(']')) {
    TRY(auto configuration, read_configuration(scanner));
    layout.list_end = configuration.span.end;
    layout.configurations.push_back(std::move(configuration));
    layout.open_end = scanner.take(',');
    if (layout.open_end) layout.list_end = scanner.at();
    if (!layout.open_end && scanner.peek() != ']') return scanner.error("',' or ']' is missing");
  }
  return {};
}

base::Result<Layout> read_layout(std::string_view text) {
  Scanner scanner(text);
  Layout layout;
  if (!scanner.take('{')) return scanner.error("it does not begin with '{'");
  layout.root = scanner.at();
  TRY(scanner.items('}', [&]() -> base::Result<> {
    layout.is_empty = false;
    TRY(auto key, scanner.key());
    if (key == "configurations") return read_list(scanner, layout);
    TRY(scanner.value());
    return {};
  }));
  if (!scanner.done()) return scanner.error("something follows its last '}'");
  return layout;
}

std::string pretty(const codec::json::value& value, std::size_t indent) {
  if (const auto* array = value.if_array()) {
    std::string text = "[";
    for (const auto& element : *array) text += (text.size() > 1 ? ", " : "") + pretty(element, indent);
    return text + "]";
  }
  const std::string inner(indent + kIndent, ' ');
  const auto* object = value.if_object();
  if (object == nullptr || object->empty()) return codec::to_text(value);
  std::string text = "{";
  for (const auto& [key, member] : *object) {
    text += fmt::format("{}\n{}{}: {}", text.size() > 1 ? "," : "", inner, codec::to_text(codec::json::value(key)),
                        pretty(member, indent + kIndent));
  }
  return text + "\n" + std::string(indent, ' ') + "}";
}

// How far in the line begins in which this stands.
std::size_t indent_at(std::string_view text, std::size_t at) {
  const auto line = text.rfind('\n', at == 0 ? 0 : at - 1);
  const auto begin = line == std::string_view::npos ? 0 : line + 1;
  return std::min(text.find_first_not_of(" \t", begin), at) - begin;
}

std::string append(std::string text, const Layout& layout, const std::vector<std::string>& added) {
  if (added.empty()) return text;
  std::string list;
  for (const std::string& one : added) list += (list.empty() ? "\n" : ",\n") + one;
  if (!layout.has_list) {
    text.insert(layout.root, "\n    \"configurations\": [" + list + "\n    ]" + (layout.is_empty ? "\n" : ","));
  } else if (layout.configurations.empty()) {
    text.insert(layout.list, list + "\n    ");
  } else {
    text.insert(layout.list_end, (layout.open_end ? "" : ",") + list);
  }
  return text;
}

}  // namespace

base::Result<std::string> with_configurations(std::string_view text,
                                              const std::vector<codec::json::object>& configurations) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    text = "{\n    \"version\": \"0.2.0\",\n    \"configurations\": []\n}\n";
  TRY(auto layout, read_layout(text));
  const std::size_t indent = layout.configurations.empty() ? std::size_t{2} * kIndent
                                                           : indent_at(text, layout.configurations.front().span.begin);
  std::vector<std::string> added;
  std::vector<std::pair<Span, std::string>> replaced;
  for (const auto& configuration : configurations) {
    const std::string name = codec::find_string(configuration, "name");
    const auto known = std::ranges::find(layout.configurations, name, &Configuration::name);
    const std::string written = pretty(configuration, indent);
    if (known == layout.configurations.end()) {
      added.push_back(std::string(indent, ' ') + written);
    } else {
      replaced.emplace_back(known->span, written);
    }
  }
  std::string result = append(std::string(text), layout, added);  // after all that is replaced
  std::ranges::sort(replaced, std::greater(), [](const auto& one) { return one.first.begin; });
  if (!layout.has_list) return result;
  for (const auto& [span, written] : replaced) result.replace(span.begin, span.end - span.begin, written);
  return result;
}

}  // namespace session
