#include "codec/yaml_tree.h"

#include <fmt/format.h>
#include <yaml.h>

#include <map>
#include <new>
#include <set>

namespace codec {
namespace {

// Not constructible by value since libyaml keeps pointers into it.
struct Event {
  Event() = default;
  ~Event() { yaml_event_delete(&raw); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  int line() const { return static_cast<int>(raw.start_mark.line) + 1; }
  yaml_event_t raw{};
};

std::string text_of(const yaml_char_t* text) {
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

base::Error error_at(int line, std::string message) {
  return {.kind = base::ErrorKind::invalid_input, .message = std::move(message), .line = line};
}

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
  }
  ~TreeBuilder() { yaml_parser_delete(&parser_); }
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;

  base::Result<YamlTree> build() {
    while (true) {
      Event event;
      TRY(next(event));
      switch (event.raw.type) {
        case YAML_DOCUMENT_START_EVENT: {
          if (documents_++ > 0)
            return base::fail(
                error_at(event.line(), fmt::format("invalid YAML at line {}: a second document begins", event.line())));
          Event first;
          TRY(next(first));
          TRY(tree_.root, node(first, 1));
          break;
        }
        case YAML_STREAM_END_EVENT:
          tree_.empty = documents_ == 0;
          return std::move(tree_);
        default:
          break;
      }
    }
  }

 private:
  base::Result<> next(Event& event) {
    if (yaml_parser_parse(&parser_, &event.raw) != 0) return {};
    const char* problem = parser_.problem != nullptr ? parser_.problem : "unreadable";
    int line = static_cast<int>(parser_.problem_mark.line) + 1;
    std::string context = parser_.context != nullptr ? fmt::format(" {}", parser_.context) : "";
    return base::fail(error_at(line, fmt::format("invalid YAML at line {}, column {}: {}{}", line,
                                                 parser_.problem_mark.column + 1, problem, context)));
  }

  base::Result<std::size_t> node(const Event& event, std::size_t depth) {
    const auto& data = event.raw.data;
    switch (event.raw.type) {
      case YAML_ALIAS_EVENT:
        return alias(text_of(data.alias.anchor), event.line());
      case YAML_SCALAR_EVENT: {
        std::size_t index = add(YamlNode::Kind::scalar, data.scalar.tag, event.line());
        tree_.nodes[index].text.assign(reinterpret_cast<const char*>(data.scalar.value), data.scalar.length);
        tree_.nodes[index].plain = data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        if (data.scalar.anchor != nullptr) anchors_[text_of(data.scalar.anchor)] = index;
        return index;
      }
      case YAML_SEQUENCE_START_EVENT:
        return collection(add(YamlNode::Kind::sequence, data.sequence_start.tag, event.line()),
                          text_of(data.sequence_start.anchor), YAML_SEQUENCE_END_EVENT, depth);
      case YAML_MAPPING_START_EVENT:
        return collection(add(YamlNode::Kind::mapping, data.mapping_start.tag, event.line()),
                          text_of(data.mapping_start.anchor), YAML_MAPPING_END_EVENT, depth);
      default:
        return base::fail(
            error_at(event.line(), fmt::format("invalid YAML at line {}: a value is missing", event.line())));
    }
  }

  base::Result<std::size_t> collection(std::size_t index, const std::string& anchor, yaml_event_type_t end,
                                       std::size_t depth) {
    if (depth > kMaxYamlDepth) {
      int line = tree_.nodes[index].line;
      return base::fail(
          error_at(line, fmt::format("invalid YAML at line {}: nested deeper than {}", line, kMaxYamlDepth)));
    }
    if (!anchor.empty()) {
      anchors_[anchor] = index;
      open_.insert(index);
    }
    while (true) {
      Event event;
      TRY(next(event));
      if (event.raw.type == end) break;
      TRY(std::size_t child, node(event, depth + 1));
      tree_.nodes[index].children.push_back(child);
    }
    open_.erase(index);
    return index;
  }

  base::Result<std::size_t> alias(const std::string& name, int line) const {
    auto found = anchors_.find(name);
    if (found == anchors_.end())
      return base::fail(
          error_at(line, fmt::format("invalid YAML at line {}: the alias '*{}' has no anchor", line, name)));
    if (open_.contains(found->second)) {
      return base::fail(error_at(
          line, fmt::format("invalid YAML at line {}: the alias '*{}' stands inside what it names", line, name)));
    }
    return found->second;
  }

  std::size_t add(YamlNode::Kind kind, const yaml_char_t* tag, int line) {
    tree_.nodes.push_back({.kind = kind, .tag = text_of(tag), .line = line});
    return tree_.nodes.size() - 1;
  }

  yaml_parser_t parser_{};
  YamlTree tree_;
  int documents_ = 0;
  std::map<std::string, std::size_t> anchors_;
  std::set<std::size_t> open_;  // anchored collections whose end was not seen yet
};

}  // namespace

base::Result<YamlTree> parse_yaml_tree(std::string_view text) {
  return TreeBuilder(text).build();
}

}  // namespace codec
