#include "localcloud/apigateway/gateway_type.h"

#include <fmt/format.h>

#include <charconv>

#include "codec/json.h"
#include "localcloud/apigateway/bad_request.h"
#include "localcloud/iam/policy.h"

namespace localcloud {

base::Result<> check_room(std::size_t count, std::size_t most, std::string_view what) {
  if (count < most) return {};
  return aws_error(429, "LimitExceededException",
                   fmt::format("Maximum number of {0} for this API has been reached. Please contact AWS if you need "
                               "additional {0}.",
                               what));
}

std::map<std::string, std::string> map_property(const json::object& properties, std::string_view name) {
  std::map<std::string, std::string> map;
  const auto* found = properties.if_contains(name);
  if (found == nullptr || !found->is_object()) return map;
  for (const auto& member : found->get_object()) {
    map[std::string(member.key())] = text_property(found->get_object(), member.key());
  }
  return map;
}

base::Result<GatewayTags> tags_of(const ResourceRequest& request) {
  GatewayTags tags = request.tags;
  const auto* own = request.properties.if_contains("Tags");
  if (own != nullptr && own->is_object()) {
    for (auto& [key, value] : map_property(request.properties, "Tags")) tags[key] = value;
  } else {
    TRY(tags, tags_property(request));
  }
  TRY(check_tags(tags));
  return tags;
}

base::Result<base::Millis> timeout_property(const json::object& properties, std::string_view name, base::Millis most) {
  std::string text = text_property(properties, name);
  if (text.empty()) return most;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 50 || value > most.count()) {
    return bad_request(fmt::format("{} must be between 50 and {}", name, most.count()));
  }
  return base::Millis(value);
}

namespace {

void write_out(json::value& resource, std::string_view api_arn) {
  if (auto* list = resource.if_array()) {
    for (auto& one : *list) write_out(one, api_arn);
  }
  const auto* text = resource.if_string();
  constexpr std::string_view kShort = "execute-api:/";
  if (text != nullptr && text->starts_with(kShort)) {
    resource = json::string(fmt::format("{}{}", api_arn, std::string_view(*text).substr(kShort.size())));
  }
}

tl::unexpected<base::Error> invalid_policy(std::string_view why) {
  return bad_request(
      fmt::format("Invalid policy document. Please check the policy syntax and ensure that Principals are "
                  "valid. {}",
                  why));
}

}  // namespace

base::Result<json::value> read_api_policy(const json::value& policy, std::string_view api_arn) {
  json::value document = policy;
  if (policy.is_string()) {
    TRY(document, codec::parse_json(policy.get_string()));
  }
  auto* object = document.if_object();
  auto* statements = object == nullptr ? nullptr : object->if_contains("Statement");
  if (statements == nullptr) return invalid_policy("It has no Statement.");
  if (statements->is_object()) *statements = json::array{*statements};
  if (!statements->is_array()) return invalid_policy("Its Statement is no list.");
  for (auto& one : statements->get_array()) {
    auto* statement = one.if_object();
    for (std::string_view key : {"Resource", "NotResource"}) {
      if (auto* resource = statement == nullptr ? nullptr : statement->if_contains(key)) write_out(*resource, api_arn);
    }
  }
  if (auto checked = check_policy(document, true); !checked) return invalid_policy(checked.error().message);
  return document;
}

}  // namespace localcloud
