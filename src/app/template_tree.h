// A template with the local templates nested in it, parsed, each with what is known of its values: what the reader
// (template_reader.h) works on. A nested template that is a URL, or whose place is not known, is not part of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/parameters.h"
#include "app/template_reader.h"
#include "base/result.h"
#include "codec/yaml.h"

namespace app {

struct TemplateNode {
  std::string file;
  std::string id;  // Stack::id
  codec::Document document;
  std::optional<KnownValues> values = {};  // of `document`
  std::string absent_by = {};              // a condition that is false: nothing of this stack is in the stage
  const TemplateNode* parent = nullptr;
  std::string logical_id = {};  // in the parent
  std::vector<std::unique_ptr<TemplateNode>> nested = {};

  const codec::json::object& resources() const;
  const codec::json::value* resource(std::string_view logical_id) const;
  const TemplateNode* child(std::string_view logical_id) const;
  // What the parent gives for a parameter; nullptr if it gives nothing or there is no parent.
  const codec::json::value* given(std::string_view parameter) const;
  tl::unexpected<base::Error> error(std::string_view pointer, std::string message, std::string hint = {}) const;
};

// Errors: see read_template.
base::Result<std::unique_ptr<TemplateNode>> load_templates(std::string_view text, const ReadOptions& options);

// "./src/" → "src", "." and "./" → ".".
std::string normal_path(std::string_view text);

// A path that is written in the template, as seen from where the template's own path is.
std::string path_beside(std::string_view template_file, std::string_view path);

}  // namespace app
