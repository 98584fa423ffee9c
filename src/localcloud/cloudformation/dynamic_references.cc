#include "localcloud/cloudformation/dynamic_references.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "localcloud/cloudformation/ssm_values.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {
namespace {

constexpr std::string_view kOpen = "{{resolve:";
constexpr std::string_view kClose = "}}";

base::Result<std::string> resolve(const Cloud& cloud, const Principal& caller, std::string_view reference) {
  const auto colon = reference.find(':');
  const auto service = reference.substr(0, colon);
  const auto key = colon == std::string_view::npos ? std::string_view() : reference.substr(colon + 1);
  if (service == "ssm" && !key.empty()) {
    TRY(const auto stored, read_ssm_parameter(cloud, caller, key));
    if (!stored) return validation_error(fmt::format("Parameters: [{}] cannot be found.", reference));
    if (stored->type == "SecureString") {
      return validation_error(
          fmt::format("Non-secure ssm prefix was used for secure parameter: {}. Use ssm-secure prefix instead", key));
    }
    return stored->value;
  }
  if (service == "ssm-secure") {
    return validation_error(fmt::format("SSM Secure reference is not supported here: {}", reference));
  }
  return validation_error(
      fmt::format("The dynamic reference {}{}{} is not implemented by the local cloud", kOpen, reference, kClose));
}

base::Result<std::string> resolve_text(const Cloud& cloud, const Principal& caller, std::string_view text) {
  std::string result;
  while (true) {
    const auto open = text.find(kOpen);
    const auto close = open == std::string_view::npos ? open : text.find(kClose, open);
    if (close == std::string_view::npos) return result.append(text);
    result.append(text.substr(0, open));
    const auto from = open + kOpen.size();
    TRY(const auto value, resolve(cloud, caller, text.substr(from, close - from)));
    result.append(value);
    text.remove_prefix(close + kClose.size());
  }
}

}  // namespace

base::Result<json::value> resolve_dynamic_references(const Cloud& cloud, const Principal& caller, json::value value) {
  if (auto* list = value.if_array()) {
    for (auto& element : *list) {
      TRY(element, resolve_dynamic_references(cloud, caller, std::move(element)));
    }
  } else if (auto* object = value.if_object()) {
    for (auto& [key, member] : *object) {
      TRY(member, resolve_dynamic_references(cloud, caller, std::move(member)));
    }
  } else if (value.is_string() && std::string_view(value.get_string()).find(kOpen) != std::string_view::npos) {
    TRY(const auto text, resolve_text(cloud, caller, value.get_string()));
    return json::value(json::string(text));
  }
  return value;
}

}  // namespace localcloud
