#include "localcloud/cloudformation/dynamic_references.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/json.h"
#include "localcloud/cloudformation/ssm_values.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {
namespace {

constexpr std::string_view kOpen = "{{resolve:";
constexpr std::string_view kClose = "}}";

// "id:SecretString:json-key:version-stage:version-id"
base::Result<std::string> resolve_secret(const Cloud& cloud, const Principal& caller, std::string_view reference) {
  constexpr std::size_t kColonsOfArn = 6;
  constexpr std::size_t kFields = 4;
  std::size_t end = 0;
  auto colons = reference.starts_with("arn:") ? kColonsOfArn : 0;
  for (end = reference.find(':'); colons > 0 && end != std::string_view::npos; --colons) {
    end = reference.find(':', end + 1);
  }
  std::vector<std::string_view> fields;
  for (auto at = end; at != std::string_view::npos;) {
    const auto next = reference.find(':', at + 1);
    fields.push_back(reference.substr(at + 1, next == std::string_view::npos ? next : next - at - 1));
    at = next;
  }
  const bool known = fields.empty() || fields[0].empty() || fields[0] == "SecretString";
  if (!known || fields.size() > kFields || cloud.ssm == nullptr) {
    return validation_error(
        fmt::format("Incorrect format is used in the following SecretsManager dynamic reference: "
                    "[{}secretsmanager:{}{}]",
                    kOpen, reference, kClose));
  }
  fields.resize(kFields);
  auto text = cloud.ssm->secret_text(caller, {.id = std::string(reference.substr(0, end)),
                                              .version_id = std::string(fields[3]),
                                              .stage = std::string(fields[2])});
  if (!text || fields[1].empty()) return text;
  const auto document = codec::parse_json(*text);
  if (!document || !document->is_object()) return validation_error("Could not parse SecretString JSON");
  const auto* member = codec::find(*document, fields[1]);
  if (member == nullptr) return validation_error("Could not find a value associated with JSONKey in SecretString");
  return member->is_string() ? std::string(member->get_string()) : codec::to_text(*member);
}

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
  if (service == "secretsmanager" && !key.empty()) return resolve_secret(cloud, caller, key);
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
