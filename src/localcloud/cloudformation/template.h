// A CloudFormation template as values: what is declared, before any function is resolved.
//
// Reading checks the structure and that every name refers to something that is declared, and words its errors as
// CloudFormation does (ValidationError 400). Nothing is evaluated here, and no macro is expanded: see intrinsics.h,
// sam/sam.h.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

constexpr std::size_t kMaxTemplateBody = 51'200;    // bytes, in the request
constexpr std::size_t kMaxTemplateUrl = 1'048'576;  // bytes, from S3
constexpr std::size_t kMaxResources = 500;
constexpr std::size_t kMaxParameters = 200;
constexpr std::size_t kMaxOutputs = 200;
constexpr std::size_t kMaxMappings = 200;
constexpr std::size_t kMaxDescription = 1024;  // bytes

struct ParameterDeclaration {
  std::string type;
  std::optional<std::string> default_value;
  std::vector<std::string> allowed_values;
  std::string allowed_pattern;
  std::string constraint_description;
  std::string description;
  bool no_echo = false;
  std::optional<std::size_t> min_length, max_length;
  std::optional<double> min_value, max_value;
};

struct ResourceDeclaration {
  std::string type;
  json::object properties;
  json::value metadata;  // null if there is none
  std::vector<std::string> depends_on;
  std::string condition;                         // empty = always
  std::string deletion_policy = "Delete";        // Delete, Retain, RetainExceptOnCreate
  std::string update_replace_policy = "Delete";  // Delete, Retain
};

struct OutputDeclaration {
  json::value value;
  std::string description;
  std::string condition;
  std::optional<json::value> export_name;
};

template <typename T>
using Declarations = std::vector<std::pair<std::string, T>>;  // in the template's order

template <typename T>
const T* find_declaration(const Declarations<T>& declarations, std::string_view name) {
  for (const auto& [key, value] : declarations) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct Template {
  json::object document;
  std::string description;
  std::vector<std::string> transforms;
  Declarations<ParameterDeclaration> parameters;
  json::object mappings;
  json::object conditions;
  json::object rules;
  Declarations<ResourceDeclaration> resources;
  Declarations<OutputDeclaration> outputs;
};

// YAML or JSON text into its tree. Errors: "Template format error: …" with the line.
base::Result<json::object> parse_template(std::string_view text);

// The names in the "Transform" section: a name, {"Name": …}, or a list of them.
base::Result<std::vector<std::string>> read_transforms(const json::object& document);

// The sections that macros need to know before they run.
base::Result<Declarations<ParameterDeclaration>> read_parameters(const json::object& document);
base::Result<json::object> read_mappings(const json::object& document);

base::Result<Template> read_template(json::object document);

// The text of a string, number or boolean, as CloudFormation puts it into strings; nothing for other kinds.
std::optional<std::string> scalar_text(const json::value& value);

// ValidationError 400.
tl::unexpected<base::Error> validation_error(std::string message);

// "A, B, C"
std::string join(const std::vector<std::string>& parts, std::string_view separator = ", ");

}  // namespace localcloud
