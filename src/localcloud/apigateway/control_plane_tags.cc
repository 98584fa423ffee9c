// TagResource, UntagResource and GetTags of apigateway and apigatewayv2, which name by ARN what they tag.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "localcloud/apigateway/bad_request.h"
#include "localcloud/apigateway/control_plane.h"
#include "localcloud/apigateway/usage_plan.h"
#include "localcloud/json_members.h"

namespace localcloud {

namespace {

template <typename Things>
base::Result<GatewayTags*> tags_of_one(Things& things, const std::string& id, std::string_view unknown) {
  auto found = things.find(id);
  if (found == things.end()) return aws_error(404, "NotFoundException", std::string(unknown));
  return &found->second.tags;
}

// The path in "arn:aws:apigateway:us-east-1::/restapis/ID". Errors: BadRequestException.
base::Result<std::vector<std::string>> path_of_arn(const Cloud& cloud, std::string_view arn) {
  auto begin = fmt::format("arn:aws:apigateway:{}::/", cloud.region);
  if (!arn.starts_with(begin)) return bad_request(fmt::format("Invalid resource ARN specified: {}", arn));
  return path_segments(arn.substr(begin.size()));
}

// Of UTF-8.
std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

base::Result<GatewayTags*> tagged(const ControlRequest& request) {
  TRY(auto path, path_of_arn(request.cloud, request.parts.front()));
  return tags_at(request.store, path);
}

ControlAnswer tag_resource(const ControlRequest& request) {
  TRY(auto* found, tagged(request));
  const auto* given = request.body.if_contains("tags");
  if (given == nullptr || !given->is_object()) return bad_request("Tags must be a map of strings");
  auto after = *found;
  for (const auto& [key, value] : given->get_object()) {
    if (!value.is_string()) return bad_request("Tags must be a map of strings");
    after[std::string(key)] = std::string(value.get_string());
  }
  TRY(check_tags(after));
  *found = std::move(after);
  return json::object();
}

ControlAnswer untag_resource(const ControlRequest& request) {
  TRY(auto* found, tagged(request));
  if (!field(request.query, "tagKeys")) return bad_request("Tag keys must be specified");
  for (const auto& [name, value] : request.query) {
    if (name == "tagKeys") found->erase(value);
  }
  return json::object();
}

ControlAnswer get_tags(const ControlRequest& request) {
  TRY(const auto* found, tagged(request));
  return json::object{{"tags", json_of(*found)}};
}

}  // namespace

base::Result<GatewayTags*> tags_at(GatewayStore& store, std::span<const std::string> path) {
  std::string_view kind = path.empty() ? std::string_view() : path.front();
  if (path.size() == 2 && kind == "apikeys") {
    return tags_of_one(store.usage().keys, path[1], "Invalid API Key identifier specified");
  }
  if (path.size() == 2 && kind == "usageplans") {
    return tags_of_one(store.usage().plans, path[1], "Invalid Usage Plan ID specified");
  }
  bool stage = path.size() == 4 && path[2] == "stages";
  if ((kind != "restapis" && kind != "apis") || (path.size() != 2 && !stage)) {
    return base::fail(not_implemented("apigateway", fmt::format("tags of /{}", fmt::join(path, "/"))));
  }
  TRY(auto* api, kind == "restapis" ? store.need(path[1], GatewayKind::rest) : store.need_v2(path[1]));
  if (!stage) return &api->tags;
  return tags_of_one(api->stages, path[3], "Invalid stage identifier specified");
}

ConditionContext tag_context(const ControlRequest& request, std::span<const std::string> path) {
  ConditionContext context;
  std::vector<std::string> about(path.begin(), path.end());
  std::vector<std::string> keys;
  if (path.front() == "tags") {
    auto named = path_of_arn(request.cloud, path.back());
    if (!named) return context;
    about = std::move(*named);
    for (const auto& [key, value] : object_in(request.body, "tags")) {
      keys.emplace_back(key);
      if (value.is_string()) context["aws:RequestTag/" + keys.back()] = std::string(value.get_string());
    }
    for (const auto& [name, value] : request.query) {
      if (name == "tagKeys") keys.push_back(value);
    }
  }
  if (!keys.empty()) context["aws:TagKeys"] = std::move(keys);
  // What belongs to an API or a stage has its tags.
  for (std::size_t length : {std::size_t{2}, std::size_t{4}}) {
    if (about.size() < length) break;
    auto tags = tags_at(request.store, std::span(about).first(length));
    for (const auto& [key, value] : tags ? **tags : GatewayTags()) context["aws:ResourceTag/" + key] = value;
  }
  return context;
}

base::Result<> check_tags(const GatewayTags& tags) {
  constexpr std::size_t kMost = 50;
  constexpr std::size_t kLongestKey = 128;
  constexpr std::size_t kLongestValue = 256;
  if (tags.size() > kMost) return bad_request(fmt::format("A resource can have at most {} tags", kMost));
  for (const auto& [key, value] : tags) {
    if (key.starts_with("aws:")) return bad_request(fmt::format("Tag key {} must not start with aws:", key));
    if (key.empty() || characters_in(key) > kLongestKey) {
      return bad_request(fmt::format("Tag keys must have 1 to {} characters", kLongestKey));
    }
    if (characters_in(value) > kLongestValue) {
      return bad_request(fmt::format("Tag values must have at most {} characters", kLongestValue));
    }
  }
  return {};
}

std::span<const ControlRoute> control_routes_tags() {
  static constexpr std::array kRoutes{
      ControlRoute{"apigateway:TagResource", "tags/*", tag_resource, "PUT", 204},
      ControlRoute{"apigateway:UntagResource", "tags/*", untag_resource, "DELETE", 204},
      ControlRoute{"apigateway:GetTags", "tags/*", get_tags},
      ControlRoute{"apigatewayv2:TagResource", "v2/tags/*", tag_resource, "POST", 201},
      ControlRoute{"apigatewayv2:UntagResource", "v2/tags/*", untag_resource, "DELETE", 204},
      ControlRoute{"apigatewayv2:GetTags", "v2/tags/*", get_tags}};
  return kRoutes;
}

}  // namespace localcloud
