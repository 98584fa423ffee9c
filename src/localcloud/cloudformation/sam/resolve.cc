#include "localcloud/cloudformation/sam/resolve.h"

#include <cctype>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"

namespace localcloud::sam {
namespace {

// What one kind of reference comes to; nothing leaves it as it is.
struct Lookup {
  std::function<std::optional<json::value>(std::string_view name)> ref;
  std::function<std::optional<std::string>(std::string_view name)> in_sub;  // what stands in "${…}", whole
  std::function<std::optional<json::array>(const std::vector<std::string>& path)> get_att;
};

bool is_name(std::string_view text) {
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != ':') return false;
  }
  return !text.empty();
}

std::string with_subs(std::string_view text, const Lookup& lookup) {
  std::string result;
  for (std::size_t at = 0;;) {
    const auto open = text.find("${", at);
    if (open == std::string_view::npos) return result.append(text.substr(at));
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) return result.append(text.substr(at));
    result += text.substr(at, open - at);
    const auto name = text.substr(open + 2, close - open - 2);
    const auto replacement = is_name(name) ? lookup.in_sub(name) : std::nullopt;
    if (!replacement) {
      result += "${";
      at = open + 2;
      continue;
    }
    result += *replacement;
    at = close + 1;
  }
}

void follow_sub(json::value& argument, const Lookup& lookup) {
  auto* text = argument.if_string();
  if (auto* list = argument.if_array(); list != nullptr && !list->empty()) text = list->front().if_string();
  if (text != nullptr) *text = with_subs(std::string_view(*text), lookup);
}

void follow_get_att(json::value& argument, const Lookup& lookup) {
  const auto* parts = argument.if_array();
  if (!lookup.get_att || parts == nullptr || parts->size() < 2) return;
  std::vector<std::string> path;
  for (const auto& part : *parts) {
    if (!part.is_string()) return;
    std::string_view rest = part.get_string();
    for (auto dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      path.emplace_back(rest.substr(0, dot));
      rest.remove_prefix(dot + 1);
    }
    path.emplace_back(rest);
  }
  if (auto found = lookup.get_att(path)) argument = std::move(*found);
}

void follow(json::value& value, const Lookup& lookup) {
  if (auto* object = value.if_object(); object != nullptr && object->size() == 1) {
    auto& [key, argument] = *object->begin();
    if (key == "Ref" && argument.is_string()) {
      if (auto found = lookup.ref(std::string_view(argument.get_string()))) value = std::move(*found);
    } else if (key == "Fn::Sub") {
      follow_sub(argument, lookup);
    } else if (key == "Fn::GetAtt") {
      follow_get_att(argument, lookup);
    }
  }
  if (auto* object = value.if_object()) {
    for (auto& member : *object) follow(member.value(), lookup);
  } else if (auto* array = value.if_array()) {
    for (auto& element : *array) follow(element, lookup);
  }
}

json::array get_att_path(std::string_view first, const std::vector<std::string>& path, std::size_t rest) {
  json::array result;
  result.emplace_back(first);
  for (; rest < path.size(); ++rest) result.emplace_back(path[rest]);
  return result;
}

void rename_depends_on(json::value& value, const RenamedResources& renamed) {
  const auto rename = [&renamed](json::value& name) {
    if (!name.is_string()) return;
    const auto found = renamed.find(std::string(name.get_string()));
    if (found != renamed.end()) name = found->second;
  };
  if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      if (member.key() == "DependsOn") {
        rename(member.value());
        if (auto* list = member.value().if_array()) {
          for (auto& name : *list) rename(name);
        }
      }
      rename_depends_on(member.value(), renamed);
    }
  } else if (auto* array = value.if_array()) {
    for (auto& element : *array) rename_depends_on(element, renamed);
  }
}

}  // namespace

base::Result<json::value> with_parameters(json::value value, const json::object& parameters) {
  std::optional<std::string> wrong;
  const Lookup lookup{.ref = [&parameters](std::string_view name) -> std::optional<json::value> {
                        const auto* found = parameters.if_contains(name);
                        return found != nullptr ? std::optional(*found) : std::nullopt;
                      },
                      .in_sub = [&parameters, &wrong](std::string_view name) -> std::optional<std::string> {
                        const auto* found = parameters.if_contains(name);
                        if (found == nullptr) return std::nullopt;
                        if (!found->is_string()) {
                          wrong = text_of(*found);
                          return std::nullopt;
                        }
                        return std::string(found->get_string());
                      },
                      .get_att = {}};
  follow(value, lookup);
  if (wrong) {
    return invalid_document(
        fmt::format("Invalid Fn::Sub variable value {}. Fn::Sub expects all variables to be strings.", *wrong));
  }
  return value;
}

json::value with_resource_properties(json::value value, const ResourceProperties& properties) {
  if (properties.empty()) return value;
  const auto property_of = [&properties](std::string_view id, std::string_view name) -> const std::string* {
    const auto resource = properties.find(std::string(id));
    if (resource == properties.end()) return nullptr;
    const auto found = resource->second.find(std::string(name));
    return found == resource->second.end() ? nullptr : &found->second;
  };
  const Lookup lookup{.ref = [&property_of](std::string_view name) -> std::optional<json::value> {
                        const auto dot = name.find('.');
                        if (dot == std::string_view::npos) return std::nullopt;
                        const auto* found = property_of(name.substr(0, dot), name.substr(dot + 1));
                        return found != nullptr ? std::optional<json::value>(ref_to(*found)) : std::nullopt;
                      },
                      .in_sub = [&property_of](std::string_view name) -> std::optional<std::string> {
                        const auto dot = name.find('.');
                        if (dot == std::string_view::npos) return std::nullopt;
                        const auto end = name.find('.', dot + 1);
                        const auto* found = property_of(name.substr(0, dot), name.substr(dot + 1, end - dot - 1));
                        if (found == nullptr) return std::nullopt;
                        const auto rest = end == std::string_view::npos ? std::string_view() : name.substr(end);
                        return fmt::format("${{{}{}}}", *found, rest);
                      },
                      .get_att = [&property_of](const std::vector<std::string>& path) -> std::optional<json::array> {
                        const auto* found = property_of(path[0], path[1]);
                        return found != nullptr ? std::optional(get_att_path(*found, path, 2)) : std::nullopt;
                      }};
  follow(value, lookup);
  return value;
}

json::value with_renamed_resources(json::value value, const RenamedResources& renamed) {
  if (renamed.empty()) return value;
  const auto new_id = [&renamed](std::string_view id) -> const std::string* {
    const auto found = renamed.find(std::string(id));
    return found == renamed.end() ? nullptr : &found->second;
  };
  const Lookup lookup{.ref = [&new_id](std::string_view name) -> std::optional<json::value> {
                        const auto* found = new_id(name);
                        return found != nullptr ? std::optional<json::value>(ref_to(*found)) : std::nullopt;
                      },
                      .in_sub = [&new_id](std::string_view name) -> std::optional<std::string> {
                        const auto dot = name.find('.');
                        const auto* found = new_id(name.substr(0, dot));
                        if (found == nullptr) return std::nullopt;
                        const auto rest = dot == std::string_view::npos ? std::string_view() : name.substr(dot);
                        return fmt::format("${{{}{}}}", *found, rest);
                      },
                      .get_att = [&new_id](const std::vector<std::string>& path) -> std::optional<json::array> {
                        const auto* found = new_id(path[0]);
                        return found != nullptr ? std::optional(get_att_path(*found, path, 1)) : std::nullopt;
                      }};
  rename_depends_on(value, renamed);
  follow(value, lookup);
  return value;
}

}  // namespace localcloud::sam
