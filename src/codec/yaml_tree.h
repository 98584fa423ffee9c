// The syntax of a YAML document as a tree: what libyaml's events say, with lines and scalar styles, aliases resolved to
// the node they name. No meaning is given to scalars, tags or merge keys here; that is yaml.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace codec {

constexpr std::size_t kMaxYamlDepth = 64;

struct YamlNode {
  enum class Kind { scalar, sequence, mapping };
  Kind kind = Kind::scalar;
  std::string tag;                    // "!Ref", "tag:yaml.org,2002:str"; empty = none
  std::string text;                   // of a scalar
  bool plain = false;                 // a scalar without quotes or block style
  int line = 0;                       // 1-based
  std::vector<std::size_t> children;  // indexes into YamlTree::nodes; a mapping's are key, value, key, value, …
};

struct YamlTree {
  std::vector<YamlNode> nodes;
  std::size_t root = 0;
  bool empty = false;  // no document at all
};

// Errors: invalid_input with `line`. An alias never names a node that holds it, so the tree has no cycles.
base::Result<YamlTree> parse_yaml_tree(std::string_view text);

}  // namespace codec
