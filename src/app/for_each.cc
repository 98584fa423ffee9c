#include "app/for_each.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/globals.h"
#include "app/references.h"

namespace app {
namespace {

namespace json = codec::json;

// A template of 1 MB, which is CloudFormation's limit after its macros too, holds fewer values.
constexpr int kMostValues = 1'000'000;

constexpr std::string_view kHolders[] = {"AWS::Lambda::Function", "AWS::Serverless::Function",
                                         "AWS::CloudFormation::Stack", "AWS::Serverless::Application"};

// Whether AWS::LanguageExtensions is the first to see the loops. Macros of AWS before it know none.
bool extends_language(const json::value& document) {
  const auto* transforms = codec::find(document, "Transform");
  if (transforms == nullptr) return false;
  for (const auto& transform : transforms->is_array() ? transforms->get_array() : json::array{*transforms}) {
    std::string name =
        transform.is_string() ? std::string(transform.get_string()) : codec::find_string(transform, "Name");
    if (name == "AWS::LanguageExtensions") return true;
    if (!name.starts_with("AWS::")) return false;
  }
  return false;
}

struct Binding {
  std::string identifier;
  std::string element;
  std::string alphanumeric;  // what &{Identifier} is
};

Binding bind(std::string_view identifier, const std::string& element) {
  Binding binding{.identifier = std::string(identifier), .element = element, .alphanumeric = {}};
  std::ranges::copy_if(element, std::back_inserter(binding.alphanumeric), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
  return binding;
}

class LoopExpander {
 public:
  explicit LoopExpander(const KnownValues& values) : values_(values) {}

  // Adds what a loop makes. False if it cannot be expanded: `into` is then half of it.
  bool put_loop(const json::value& loop, json::object& into) {
    const auto* parts = loop.if_array();
    if (parts == nullptr || parts->size() != 3 || !(*parts)[0].is_string() || !(*parts)[2].is_object()) return false;
    std::string_view identifier = (*parts)[0].get_string();
    if (bound_to(identifier) != nullptr) return false;
    auto collection = with_elements((*parts)[1]);
    auto elements = collection ? values_.list(*collection) : std::nullopt;
    if (!elements) return false;
    for (const std::string& element : *elements) {
      if (element.empty()) return false;
      bindings_.push_back(bind(identifier, element));
      bool is_put = put_members((*parts)[2].get_object(), into);
      bindings_.pop_back();
      if (!is_put) return false;
    }
    return true;
  }

 private:
  bool put_members(const json::object& members, json::object& into) {
    for (const auto& [key, member] : members) {
      if (key == "Fn::Transform") return false;
      if (is_loop(key)) {
        if (!put_loop(member, into)) return false;
        continue;
      }
      auto value = with_elements(member);
      if (!value || !into.emplace(text_with_elements(key), std::move(*value)).second) return false;
    }
    return true;
  }

  std::optional<json::value> with_elements(const json::value& value) {
    if (++values_made_ > kMostValues) return std::nullopt;
    if (const auto* text = value.if_string()) return json::string(text_with_elements(*text));
    if (const auto* array = value.if_array()) {
      json::array made;
      for (const auto& element : *array) {
        auto one = with_elements(element);
        if (!one) return std::nullopt;
        made.push_back(std::move(*one));
      }
      return made;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return value;
    if (is_intrinsic(value)) {
      if (const Binding* binding = bound_to(codec::find_string(value, "Ref"))) return json::string(binding->element);
    }
    json::object made;
    if (!put_members(*object, made)) return std::nullopt;
    return simplified(std::move(made));
  }

  // Fn::Sub of a text that has nothing left to substitute is that text, also where only a text may stand.
  static json::value simplified(json::object made) {
    const auto* text = made.size() == 1 ? made.if_contains("Fn::Sub") : nullptr;
    if (text == nullptr || !text->is_string() || text->get_string().find("${") != json::string::npos) return made;
    return json::string(text->get_string());
  }

  std::string text_with_elements(std::string_view text) const {
    std::string made;
    std::size_t done = 0;
    for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
      std::size_t close = text.find('}', open);
      if (close == std::string_view::npos) break;
      char kind = open == 0 ? ' ' : text[open - 1];
      const Binding* binding = bound_to(text.substr(open + 1, close - open - 1));
      if (binding == nullptr || (kind != '$' && kind != '&')) continue;
      made += text.substr(done, open - 1 - done);
      made += kind == '$' ? binding->element : binding->alphanumeric;
      done = close + 1;
    }
    made += text.substr(done);
    return made;
  }

  const Binding* bound_to(std::string_view identifier) const {
    auto found = std::ranges::find(bindings_, identifier, &Binding::identifier);
    return found == bindings_.end() ? nullptr : &*found;
  }

  const KnownValues& values_;
  std::vector<Binding> bindings_;
  int values_made_ = 0;
};

// Expands the loops of one section. Whether any of them makes functions.
bool expand_section(std::string_view name, codec::Document& document, LoopExpander& expander) {
  const auto* section = codec::find(document.value, name);
  if (section == nullptr || !section->is_object()) return false;
  bool has_functions = false;
  json::object expanded;
  for (const auto& [key, member] : section->get_object()) {
    json::object made;
    bool is_expanded = is_loop(key) && expander.put_loop(member, made);
    for (const auto& one : made) {
      is_expanded = is_expanded && !section->get_object().contains(one.key()) && !expanded.contains(one.key());
    }
    if (!is_expanded) {
      expanded.emplace(key, member);
      continue;
    }
    has_functions = has_functions || makes_functions(member);
    int line = document.line_of(pointer({name, key}));
    for (auto& [made_key, made_member] : made) {
      document.lines[pointer({name, made_key})] = line;
      expanded.emplace(made_key, std::move(made_member));
    }
  }
  document.value.get_object()[name] = std::move(expanded);
  return has_functions;
}

}  // namespace

std::optional<codec::Document> expand_loops(const codec::Document& document, const KnownValues& values) {
  const auto* resources = codec::find(document.value, "Resources");
  if (resources == nullptr || !resources->is_object() || !extends_language(document.value)) return std::nullopt;
  bool may_have_functions = std::ranges::any_of(resources->get_object(), [](const auto& member) {
    return is_loop(member.key()) && makes_functions(member.value());
  });
  if (!may_have_functions) return std::nullopt;
  codec::Document expanded = document;
  LoopExpander expander(values);
  if (!expand_section("Resources", expanded, expander)) return std::nullopt;
  expand_section("Conditions", expanded, expander);
  expand_section("Outputs", expanded, expander);
  return expanded;
}

bool is_loop(std::string_view key) {
  return key.starts_with("Fn::ForEach::");
}

bool makes_functions(const json::value& loop) {
  const auto* parts = loop.if_array();
  const auto* made = parts == nullptr || parts->size() != 3 ? nullptr : (*parts)[2].if_object();
  return made != nullptr && std::ranges::any_of(*made, [](const auto& member) {
           if (is_loop(member.key())) return makes_functions(member.value());
           std::string type = codec::find_string(member.value(), "Type");
           return std::ranges::find(kHolders, type) != std::end(kHolders) || type.find('{') != std::string::npos;
         });
}

}  // namespace app
