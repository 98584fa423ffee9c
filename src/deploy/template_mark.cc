#include "deploy/template_mark.h"

#include <algorithm>

#include "aws/sigv4.h"
#include "codec/json.h"

namespace deploy {
namespace {

namespace json = codec::json;

constexpr std::string_view kLive = "live:";
constexpr std::string_view kReal = "real:";

bool is_secret(const json::value& document, const std::string& parameter) {
  const json::value* no_echo = codec::find(document, "Parameters", parameter, "NoEcho");
  return no_echo != nullptr && (*no_echo == json::value(true) || *no_echo == json::value("true"));
}

}  // namespace

base::Result<MarkedTemplate> mark_template(const std::string& text,
                                           const std::vector<std::pair<std::string, std::string>>& parameters,
                                           Content content) {
  auto document = codec::parse_json(text);
  if (!document || !document->is_object())
    return base::fail(base::ErrorKind::internal, "a template to deploy is no JSON object");
  std::string mark(content == Content::live ? kLive : kReal);
  json::array hashed = {json::string(mark), json::string(text)};
  bool secret = false;
  for (const auto& [name, value] : parameters) {
    hashed.push_back({json::string(name), json::string(value)});
    secret = secret || is_secret(*document, name);
  }
  if (!secret) mark += aws::sha256_hex(codec::to_text(hashed));
  json::value& outputs = document->get_object()["Outputs"];
  if (!outputs.is_object()) outputs = json::object();
  outputs.get_object()[kMarkOutput] = {{"Description", "What livelambda deployed"}, {"Value", mark}};
  return MarkedTemplate{.text = codec::to_text(*document), .mark = std::move(mark)};
}

bool same_template(const std::string& deployed, const std::string& wanted) {
  return deployed == wanted && wanted.size() > kLive.size();
}

std::string take_mark(std::map<std::string, std::string>& outputs) {
  auto node = outputs.extract(kMarkOutput);
  return node ? std::move(node.mapped()) : std::string();
}

Content content_of(const std::string& mark) {
  return mark.starts_with(kReal) ? Content::real : Content::live;
}

}  // namespace deploy
