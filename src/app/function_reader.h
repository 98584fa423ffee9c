// Reads one function of a template: what it is made of, and whether it can be live.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "app/model.h"
#include "app/reserved_functions.h"
#include "app/template_reader.h"
#include "app/template_tree.h"
#include "base/result.h"

namespace app {

class FunctionReader {
 public:
  // All outlive this.
  FunctionReader(const TemplateNode& node, const ReservedFunctions& reserved, const ReadOptions& options);

  // Errors: see read_template.
  base::Result<Function> read(std::string_view logical_id, const codec::json::value& resource) const;

 private:
  // Where a function's code is.
  struct Code {
    enum class Place { local, s3, inline_, image, unknown };
    Place place = Place::unknown;
    std::string path = {};
    bool is_asset = false;                     // of CDK, which uploads it
    const codec::json::value* text = nullptr;  // of inline_, as the template has it
  };

  Code code_of(const Function& function, const codec::json::value& resource,
               const codec::json::value& properties) const;
  Code serverless_code(const codec::json::value& properties) const;
  Code lambda_code(const codec::json::value& properties) const;
  Code located_code(const codec::json::value* place) const;

  const FunctionSettings* settings_of(const Function& function) const;
  void apply(const FunctionSettings& settings, const codec::json::value& properties, Function& function,
             Code& code) const;
  void read_inline(const codec::json::value& text, Function& function) const;
  void read_build(const codec::json::value& resource, Function& function) const;
  void read_entry(Function& function) const;

  base::Result<> check_complete(const Function& function, const codec::json::value& properties) const;
  WhyNot why_never(const Function& function, const codec::json::value& resource,
                   const codec::json::value& properties) const;
  WhyNot why_code(const Function& function, const Code& code) const;
  WhyNot why_unknown(Function& function, const codec::json::value& properties) const;
  std::string why_not_here(const Function& function) const;
  WhyNot why_role(Function& function, const codec::json::value& properties) const;
  std::string seen_from_template(const std::filesystem::path& path) const;
  std::string unknown_text(const codec::json::value& text) const;
  std::string unknown_role(const codec::json::value& role) const;
  bool read_architecture(Function& function, const codec::json::value& properties) const;

  const codec::json::value* chosen(const codec::json::value& properties, std::string_view name) const;
  std::string text_of(const codec::json::value& properties, std::string_view name) const;

  const TemplateNode& node_;
  const ReservedFunctions& reserved_;
  const ReadOptions& options_;
  const std::set<std::string, std::less<>> streaming_;  // functions with a streaming AWS::Lambda::Url
};

}  // namespace app
