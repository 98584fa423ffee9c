#include <fmt/format.h>

#include "localcloud/cloudformation/sam/expansion.h"
#include "localcloud/iam/managed_policies.h"

namespace localcloud::sam {
namespace {

bool is_function(const json::object& object) {
  return object.size() == 1 &&
         (object.begin()->key() == "Ref" || std::string_view(object.begin()->key()).starts_with("Fn::"));
}

base::Result<json::object> document_of(const json::object& entry) {
  if (entry.contains("Statement")) return entry;
  if (entry.size() != 1) return invalid("A policy must be a name, a document with a Statement, or a policy template");
  const auto& [name, parameters] = *entry.begin();
  auto from_template = policy_template(name, parameters.is_object() ? parameters.get_object() : json::object{});
  if (!from_template)
    return invalid(fmt::format("The policy template {} is not implemented by the local cloud", std::string_view(name)));
  return std::move(*from_template);
}

}  // namespace

base::Result<json::value> managed_policy_arn(std::string_view name) {
  if (name.starts_with("arn:")) return json::value(name);
  for (const char* path : {"", "service-role/"}) {
    const auto arn = fmt::format("arn:aws:iam::aws:policy/{}{}", path, name);
    if (managed_policy(arn)) return json::value(json::string(arn));
  }
  return invalid(fmt::format("The managed policy {} is not known to the local cloud", name));
}

base::Result<RolePolicies> read_policies(const std::string& role_id, const json::value& policies) {
  const json::array entries = policies.is_array() ? policies.get_array() : json::array({policies});
  RolePolicies result;
  for (std::size_t index = 0; index < entries.size(); ++index) {
    const auto& entry = entries[index];
    if (entry.is_string()) {
      TRY(auto arn, managed_policy_arn(std::string_view(entry.get_string())));
      result.managed_arns.push_back(std::move(arn));
      continue;
    }
    const auto* object = entry.if_object();
    if (object == nullptr) return invalid("A policy must be a name, a document with a Statement, or a policy template");
    if (is_function(*object)) {
      if (object->contains("Fn::If"))
        return invalid("property Policies with Fn::If is not implemented by the local cloud");
      result.managed_arns.push_back(entry);
      continue;
    }
    TRY(auto document, document_of(*object));
    json::object policy;
    policy["PolicyName"] = fmt::format("{}Policy{}", role_id, index);
    policy["PolicyDocument"] = std::move(document);
    result.inline_policies.emplace_back(std::move(policy));
  }
  return result;
}

}  // namespace localcloud::sam
