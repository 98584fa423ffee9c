#include "codec/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <vector>

#include "codec/json.h"
#include "codec/yaml_tree.h"

namespace codec {
namespace {

constexpr std::size_t kMaxExpansion = std::size_t{1} << 20;  // what aliases may add to a document's own size
constexpr std::size_t kMaxPaths = std::size_t{1} << 26;      // of Document::lines, together

// CloudFormation's intrinsic functions and the rule functions; `!Ref` and `!Condition` have no "Fn::".
constexpr std::array<std::string_view, 25> kFunctionTags = {
    "!And",          "!Base64",       "!Cidr",        "!Contains", "!EachMemberEquals",
    "!EachMemberIn", "!Equals",       "!FindInMap",   "!ForEach",  "!GetAZs",
    "!GetAtt",       "!If",           "!ImportValue", "!Join",     "!Length",
    "!Not",          "!Or",           "!RefAll",      "!Select",   "!Split",
    "!Sub",          "!ToJsonString", "!Transform",   "!ValueOf",  "!ValueOfAll"};
constexpr std::string_view kStandardTag = "tag:yaml.org,2002:";

base::Error error_at(int line, std::string message) {
  return {.kind = base::ErrorKind::invalid_input,
          .message = fmt::format("invalid YAML at line {}: {}", line, message),
          .line = line};
}

bool all_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

template <typename Number>
std::optional<json::value> integer(std::string_view digits, int base) {
  Number number{};
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return json::value(number);
}

// YAML 1.1 integers: decimal, 0x…, 0b…, and octal with a leading zero. Not "1_000" and not sexagesimal "22:22".
std::optional<json::value> resolve_integer(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  int base = 10;
  if (digits.starts_with("0x")) {
    base = 16;
    digits.remove_prefix(2);
    if (!all_of(digits, "0123456789abcdefABCDEF")) return std::nullopt;
  } else if (digits.starts_with("0b")) {
    base = 2;
    digits.remove_prefix(2);
    if (!all_of(digits, "01")) return std::nullopt;
  } else if (digits.size() > 1 && digits.front() == '0') {
    base = 8;
    if (!all_of(digits, "01234567")) return std::nullopt;
  } else if (!all_of(digits, "0123456789")) {
    return std::nullopt;
  }
  if (auto value = integer<std::int64_t>((negative ? "-" : "") + std::string(digits), base)) return value;
  return negative ? std::nullopt : integer<std::uint64_t>(digits, base);
}

// YAML 1.1 floats need a dot ("1e5" is a string, as a commit's hash may be); those that JSON cannot say stay strings.
std::optional<json::value> resolve_float(std::string_view text) {
  std::string_view number = text.starts_with('+') ? text.substr(1) : text;
  std::string_view mantissa = number.substr(number.starts_with('-') ? 1 : 0);
  auto exponent = mantissa.find_first_of("eE");
  if (exponent != mantissa.npos) {
    auto sign = mantissa.substr(exponent + 1, 1);
    if (sign != "+" && sign != "-") return std::nullopt;
    mantissa = mantissa.substr(0, exponent);
  }
  bool digits_and_dot = all_of(mantissa, "0123456789.") && std::count(mantissa.begin(), mantissa.end(), '.') == 1;
  if (!digits_and_dot || mantissa.size() < 2) return std::nullopt;
  double value = 0;
  auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || !std::isfinite(value)) return std::nullopt;
  return json::value(value);
}

std::optional<json::value> resolve_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return json::value(true);
  if (text == "false" || text == "False" || text == "FALSE") return json::value(false);
  return std::nullopt;
}

std::optional<json::value> resolve_null(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return json::value(nullptr);
  return std::nullopt;
}

json::value resolve_plain(std::string_view text) {
  if (auto value = resolve_null(text)) return *value;
  if (auto value = resolve_bool(text)) return *value;
  if (auto value = resolve_integer(text)) return *value;
  if (auto value = resolve_float(text)) return *value;
  return json::value(text);
}

std::string pointer_to(const std::string& parent, std::string_view key) {
  std::string pointer = parent;
  pointer += '/';
  for (char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

// Turns a tree into JSON and notes the lines on the way. Every node visited costs, so that aliases cannot expand
// without end; the size of the text itself is free.
class Converter {
 public:
  Converter(const YamlTree& tree, std::size_t text_size) : tree_(tree), budget_(2 * text_size + kMaxExpansion) {}

  base::Result<Document> convert() {
    Document document;
    if (tree_.empty) return document;
    TRY(note_line("", tree_.nodes[tree_.root].line));
    TRY(document.value, node(tree_.root, "", 1));
    document.lines = std::move(lines_);
    document.duplicates = std::move(duplicates_);
    return document;
  }

 private:
  struct Member {
    std::string key;
    int line = 0;
    std::size_t value = 0;
  };

  base::Result<> spend(const YamlNode& from) {
    std::size_t cost = 1 + from.text.size();
    if (cost > budget_) return base::fail(error_at(from.line, "aliases expand to more than 1 MiB"));
    budget_ -= cost;
    return {};
  }

  // Many nodes below long keys would be more than any memory holds.
  base::Result<> note_line(const std::string& pointer, int line) {
    if (pointer.size() > paths_left_) return base::fail(error_at(line, "its paths come to more than 64 MiB"));
    paths_left_ -= pointer.size();
    lines_[pointer] = line;
    return {};
  }

  static base::Result<> check_depth(const YamlNode& from, std::size_t depth) {
    if (depth <= kMaxYamlDepth) return {};
    return base::fail(error_at(from.line, fmt::format("nested deeper than {}", kMaxYamlDepth)));
  }

  // The node with its tag written out.
  base::Result<json::value> node(std::size_t index, const std::string& pointer, std::size_t depth) {
    const YamlNode& from = tree_.nodes[index];
    const std::string& tag = from.tag;
    if (tag.empty() || tag == "!" || tag.starts_with(kStandardTag)) return untagged(from, pointer, depth);
    std::string name;
    if (tag == "!Ref" || tag == "!Condition") {
      name = tag.substr(1);
    } else if (std::find(kFunctionTags.begin(), kFunctionTags.end(), tag) != kFunctionTags.end()) {
      name = "Fn::" + tag.substr(1);
    } else {
      return base::fail(error_at(from.line, fmt::format("unknown tag {}", tag)));
    }
    TRY(check_depth(from, depth));
    std::string inner = pointer_to(pointer, name);
    TRY(note_line(inner, from.line));
    TRY(json::value argument, untagged(from, inner, depth + 1));
    if (tag == "!GetAtt" && argument.is_string()) {
      std::string_view text = argument.get_string();
      auto dot = text.find('.');
      if (dot == text.npos) return base::fail(error_at(from.line, fmt::format("!GetAtt {} names no attribute", text)));
      argument = json::array{json::value(text.substr(0, dot)), json::value(text.substr(dot + 1))};
    }
    json::object object;
    object.emplace(name, std::move(argument));
    return json::value(std::move(object));
  }

  base::Result<json::value> untagged(const YamlNode& from, const std::string& pointer, std::size_t depth) {
    TRY(spend(from));
    if (from.kind != YamlNode::Kind::scalar) TRY(check_depth(from, depth));
    switch (from.kind) {
      case YamlNode::Kind::scalar:
        return scalar(from);
      case YamlNode::Kind::sequence:
        return sequence(from, pointer, depth);
      case YamlNode::Kind::mapping:
        return mapping(from, pointer, depth);
    }
    return base::fail(error_at(from.line, "unknown node"));
  }

  static base::Result<json::value> scalar(const YamlNode& from) {
    if (from.tag.empty()) return from.plain ? resolve_plain(from.text) : json::value(from.text);
    if (!from.tag.starts_with(kStandardTag)) return json::value(from.text);  // the argument of a short tag
    std::string_view type = std::string_view(from.tag).substr(kStandardTag.size());
    std::optional<json::value> value;
    if (type == "str") value = json::value(from.text);
    if (type == "int") value = resolve_integer(from.text);
    if (type == "float") value = resolve_float(from.text);
    if (type == "float" && !value) value = resolve_integer(from.text);
    if (type == "bool") value = resolve_bool(from.text);
    if (type == "null") value = resolve_null(from.text);
    if (!value) return base::fail(error_at(from.line, fmt::format("'{}' is no !!{} known here", from.text, type)));
    return *std::move(value);
  }

  static base::Result<> check_type(const YamlNode& from, std::string_view expected) {
    if (from.tag.starts_with(kStandardTag) && std::string_view(from.tag).substr(kStandardTag.size()) != expected) {
      return base::fail(error_at(from.line, fmt::format("unknown tag {}", from.tag)));
    }
    return {};
  }

  base::Result<json::value> sequence(const YamlNode& from, const std::string& pointer, std::size_t depth) {
    TRY(check_type(from, "seq"));
    json::array array;
    array.reserve(from.children.size());
    for (std::size_t child : from.children) {
      std::string item_pointer = pointer_to(pointer, std::to_string(array.size()));
      TRY(note_line(item_pointer, tree_.nodes[child].line));
      TRY(json::value item, node(child, item_pointer, depth + 1));
      array.push_back(std::move(item));
    }
    return json::value(std::move(array));
  }

  base::Result<json::value> mapping(const YamlNode& from, const std::string& pointer, std::size_t depth) {
    TRY(check_type(from, "map"));
    TRY(std::vector<Member> list, members(from, depth));
    json::object object;
    object.reserve(list.size());
    for (const Member& member : list) {
      std::string member_pointer = pointer_to(pointer, member.key);
      TRY(note_line(member_pointer, member.line));
      TRY(json::value value, node(member.value, member_pointer, depth + 1));
      object.emplace(member.key, std::move(value));
    }
    return json::value(std::move(object));
  }

  // The members of a mapping: those of its merge keys first, each replaced where the mapping has a key of its own; of
  // keys that are the same the last stays.
  base::Result<std::vector<Member>> members(const YamlNode& from, std::size_t depth) {
    std::vector<Member> own;
    std::unordered_map<std::string, int> own_lines;
    std::vector<Member> list;
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i + 1 < from.children.size(); i += 2) {
      const YamlNode& key = tree_.nodes[from.children[i]];
      if (key.kind != YamlNode::Kind::scalar) return base::fail(error_at(key.line, "a key that is no scalar"));
      if (key.plain && key.text == "<<") {
        TRY(merge(from.children[i + 1], depth + 1, list, places));
        continue;
      }
      TRY(spend(key));
      auto [first, fresh] = own_lines.emplace(key.text, key.line);
      if (!fresh) duplicates_.push_back({key.text, key.line, first->second});
      own.push_back({key.text, key.line, from.children[i + 1]});
    }
    for (Member& member : own) {
      auto [place, fresh] = places.emplace(member.key, list.size());
      if (fresh) {
        list.push_back(std::move(member));
      } else {
        list[place->second] = std::move(member);
      }
    }
    return list;
  }

  // Adds what `<<: value` brings; what is in the list already stays.
  base::Result<> merge(std::size_t value, std::size_t depth, std::vector<Member>& list,
                       std::unordered_map<std::string, std::size_t>& places) {
    const YamlNode& from = tree_.nodes[value];
    TRY(spend(from));
    TRY(check_depth(from, depth));
    if (from.kind == YamlNode::Kind::sequence) {
      for (std::size_t child : from.children) {
        if (tree_.nodes[child].kind != YamlNode::Kind::mapping) {
          return base::fail(error_at(from.line, "a merge key (<<) takes mappings only"));
        }
        TRY(merge(child, depth + 1, list, places));
      }
      return {};
    }
    if (from.kind != YamlNode::Kind::mapping || !from.tag.empty()) {
      return base::fail(error_at(from.line, "a merge key (<<) takes mappings only"));
    }
    TRY(std::vector<Member> merged, members(from, depth));
    for (Member& member : merged) {
      if (places.emplace(member.key, list.size()).second) list.push_back(std::move(member));
    }
    return {};
  }

  const YamlTree& tree_;
  std::size_t budget_;
  std::size_t paths_left_ = kMaxPaths;
  std::map<std::string, int, std::less<>> lines_;
  std::vector<DuplicateKey> duplicates_;
};

// The four hexadecimal digits of a \uXXXX at the start of `text`; 0 if there is none.
unsigned unicode_escape(std::string_view text) {
  unsigned code = 0;
  if (text.size() < 6 || !text.starts_with("\\u")) return 0;
  auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, code, 16);
  return error == std::errc() && end == text.data() + 6 ? code : 0;
}

// JSON writes characters above U+FFFF as two escapes, which YAML refuses; this joins them as YAML's \UXXXXXXXX.
std::string join_surrogates(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    unsigned high = unicode_escape(text.substr(at));
    unsigned low = high >= 0xd800 && high < 0xdc00 ? unicode_escape(text.substr(at + 6)) : 0;
    if (low >= 0xdc00 && low < 0xe000) {
      out += fmt::format("\\U{:08X}", 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
      at += 12;
    } else {
      out += text.substr(at, 2);
      at += 2;
    }
  }
  return out;
}

// A document that is JSON: its value is what JSON says (1e5 is a number there), its lines come from the YAML reading.
base::Result<Document> with_json_value(std::string_view text, json::value value) {
  std::string readable = join_surrogates(text);
  Document document;
  if (auto tree = parse_yaml_tree(readable)) {
    TRY(document, Converter(*tree, readable.size()).convert());
  }
  document.value = std::move(value);
  return document;
}

}  // namespace

int Document::line_of(std::string_view pointer) const {
  while (true) {
    auto found = lines.find(pointer);
    if (found != lines.end()) return found->second;
    auto slash = pointer.rfind('/');
    if (slash == pointer.npos) return 0;
    pointer = pointer.substr(0, slash);
  }
}

base::Result<Document> parse_yaml(std::string_view text) {
  auto start = text.find_first_not_of(" \t\r\n");
  if (start != text.npos && (text[start] == '{' || text[start] == '[')) {
    if (auto value = parse_json(text)) return with_json_value(text, *std::move(value));
  }
  TRY(YamlTree tree, parse_yaml_tree(text));
  return Converter(tree, text.size()).convert();
}

}  // namespace codec
