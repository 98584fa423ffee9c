// Mapping templates: the part of Velocity and of API Gateway's variables that the local cloud knows (AGW-guide
// api-gateway-mapping-template-reference.md): $context, $input.body/json/path/params(), $stageVariables, $util, own
// variables, #set, #if/#elseif/#else, #foreach, comments, the usual methods of texts, lists and maps.
//
// A template is checked whole when it is parsed: a directive, a variable, or a method that is not there is refused by
// name. A value that is absent is written as nothing. Pure.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace localcloud {

namespace json = boost::json;

// What a template's variables stand for.
struct TemplateScope {
  json::object context;
  std::string body;     // $input.body
  json::object params;  // {"path":{},"querystring":{},"header":{}}
  std::map<std::string, std::string> stage_variables;
};

struct Rendered {
  std::string text;
  json::object overrides;  // "responseOverride", "requestOverride" of $context, as #set made them
};

namespace velocity {
struct Block;
}

class MappingTemplate {
 public:
  // Errors: BadRequestException, naming what is not there.
  static base::Result<MappingTemplate> parse(std::string_view text);
  // Errors: invalid_input: the body is no JSON where it must be, a path is none.
  base::Result<Rendered> render(const TemplateScope& scope) const;

 private:
  std::shared_ptr<const velocity::Block> block_;
};

}  // namespace localcloud
