// AWS::Include.
#include <fmt/format.h>

#include <utility>

#include "codec/json.h"
#include "localcloud/cloudformation/macros.h"
#include "localcloud/cloudformation/sam/sam.h"
#include "localcloud/cloudformation/template_url.h"
#include "localcloud/service.h"

namespace localcloud {
namespace {

tl::unexpected<base::Error> include_error(std::string_view what) {
  return aws_error(400, std::string(kTransformFailed), fmt::format("Transform AWS::Include failed with: {}", what));
}

class Includer {
 public:
  Includer(const Cloud& cloud, const Principal& caller, const Scope& scope)
      : cloud_(cloud), caller_(caller), scope_(scope) {}

  base::Result<json::value> expand(json::value from) const {
    if (auto* list = from.if_array()) {
      for (auto& element : *list) {
        TRY(element, expand(std::move(element)));
      }
      return from;
    }
    if (!from.is_object()) return from;
    json::object result;
    for (auto& [key, member] : from.get_object()) {
      if (key == "Fn::Transform") {
        TRY(const auto included, fetch(member));
        for (const auto& [name, value] : included) result[name] = value;
      } else {
        TRY(result[key], expand(std::move(member)));
      }
    }
    return json::value(std::move(result));
  }

  // {"Name": "AWS::Include", "Parameters": {"Location": "s3://bucket/key"}}
  base::Result<json::object> fetch(const json::value& transform) const {
    const auto name = codec::find_string(transform, "Name");
    if (name != kInclude) {
      return aws_error(400, std::string(kTransformFailed),
                       fmt::format("The transform {} is not implemented by the local cloud", name));
    }
    const auto* location = codec::find(transform, "Parameters", "Location");
    if (location == nullptr) return include_error("The location parameter is missing.");
    TRY(const auto evaluated, evaluate(*location, scope_));
    const auto url = scalar_text(evaluated).value_or("");
    auto text = fetch_s3_uri(cloud_, caller_, url);
    if (!text) return include_error(text.error().message);
    auto included = parse_template(*text);
    if (!included) return include_error(included.error().message);
    return included;
  }

 private:
  const Cloud& cloud_;
  const Principal& caller_;
  const Scope& scope_;
};

}  // namespace

base::Result<json::object> expand_includes(const Cloud& cloud, const Principal& caller, json::object document,
                                           const Scope& scope) {
  const Includer includer(cloud, caller, scope);
  json::object top;
  if (const auto* transform = document.if_contains("Transform")) {
    const auto entries = transform->is_array() ? transform->get_array() : json::array({*transform});
    for (const auto& entry : entries) {
      if (codec::find_string(entry, "Name") != kInclude) continue;
      TRY(const auto included, includer.fetch(entry));
      for (const auto& [name, value] : included) top[name] = value;
    }
  }
  TRY(auto expanded, includer.expand(json::value(std::move(document))));
  for (const auto& [name, value] : top) expanded.get_object()[name] = value;
  return std::move(expanded.get_object());
}

}  // namespace localcloud
