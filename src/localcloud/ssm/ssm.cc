#include "localcloud/ssm/ssm.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/local_clock.h"
#include "localcloud/ssm/ssm_service.h"

namespace localcloud {

namespace {

constexpr std::string_view kVersion = "1.1";
constexpr std::size_t kMostTags = 50;

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

base::Result<std::vector<std::string>> names_of(const json::object& input) {
  constexpr std::size_t kMost = 10;
  auto names = texts_in(input, "Names");
  if (names.empty() || names.size() > kMost) {
    return invalid(
        fmt::format("1 validation error detected: Value '[{}]' at 'names' failed to satisfy constraint: Member must "
                    "have length less than or equal to 10",
                    fmt::join(names, ", ")));
  }
  return names;
}

using Tags = std::map<std::string, std::string>;

base::Result<Tags> tags_over(Tags tags, const json::object& input) {
  for (const auto& tag : list_in(input, "Tags")) {
    tags[codec::find_string(tag, "Key")] = codec::find_string(tag, "Value");
  }
  if (tags.size() > kMostTags) {
    return aws_error(400, "TooManyTagsError",
                     "The Targets parameter includes too many tags. Remove one or more tags and try the command again");
  }
  return tags;
}

// Of a member that has to be there.
tl::unexpected<base::Error> missing(std::string_view member) {
  return invalid(
      fmt::format("1 validation error detected: Value null at '{}' failed to satisfy constraint: Member "
                  "must not be null",
                  member));
}

base::Result<std::vector<std::string>> labels_of(const json::object& input) {
  constexpr std::size_t kMost = 10;
  auto labels = texts_in(input, "Labels");
  if (labels.empty()) return missing("labels");
  if (labels.size() > kMost) {
    return invalid(
        fmt::format("1 validation error detected: Value '[{}]' at 'labels' failed to satisfy constraint: Member must "
                    "have length less than or equal to 10",
                    fmt::join(labels, ", ")));
  }
  return labels;
}

// What a parameter may have on AWS and not here.
base::Result<> check_put_members(const json::object& input) {
  auto key = text_in(input, "KeyId");
  if (!key.empty() && key != "alias/aws/ssm") {
    return base::fail(not_implemented("ssm", "PutParameter with KeyId " + key));
  }
  auto data_type = text_in(input, "DataType");
  if (!data_type.empty() && data_type != "text") {
    return base::fail(not_implemented("ssm", "PutParameter with DataType " + data_type));
  }
  auto policies = text_in(input, "Policies");
  if (!policies.empty() && policies != "[]" && policies != "{}") {
    return base::fail(not_implemented("ssm", "PutParameter with Policies"));
  }
  if (flag_in(input, "Overwrite") && input.contains("Tags")) {
    return invalid(
        "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove "
        "overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or "
        "RemoveTagsFromResource.");
  }
  return {};
}

}  // namespace

base::Result<> refuse_public(std::string_view operation, std::string_view name) {
  if (!name.starts_with("/aws/")) return {};
  return base::fail(not_implemented("ssm", fmt::format("{} of the public parameter {}", operation, name)));
}

const std::map<std::string_view, SsmService::Operation>& SsmService::table() {
  static const std::map<std::string_view, Operation> kOperations{
      {"PutParameter", &SsmService::put_parameter},
      {"GetParameter", &SsmService::get_parameter},
      {"GetParameters", &SsmService::get_parameters},
      {"GetParametersByPath", &SsmService::get_parameters_by_path},
      {"GetParameterHistory", &SsmService::get_parameter_history},
      {"DescribeParameters", &SsmService::describe_parameters},
      {"DeleteParameter", &SsmService::delete_parameter},
      {"DeleteParameters", &SsmService::delete_parameters},
      {"LabelParameterVersion", &SsmService::label_parameter_version},
      {"UnlabelParameterVersion", &SsmService::unlabel_parameter_version},
      {"AddTagsToResource", &SsmService::add_tags},
      {"RemoveTagsFromResource", &SsmService::remove_tags},
      {"ListTagsForResource", &SsmService::list_tags},
  };
  return kOperations;
}

std::vector<std::string> SsmService::operations() const {
  std::vector<std::string> names;
  for (const auto& [name, operation] : table()) names.emplace_back(name);
  return names;
}

awaitable<net::Response> SsmService::handle(Call call) {
  auto name = json_operation(call.request);
  auto operation = table().find(name);
  if (operation == table().end()) co_return json_failure(call, not_implemented("ssm", name), kVersion);
  auto input = json_input(call.request);
  if (!input) co_return json_failure(call, input.error(), kVersion);
  auto answer = (this->*operation->second)(call, *input);
  if (!answer) co_return json_failure(call, answer.error(), kVersion);
  co_return json_answer(call, json::value(std::move(*answer)), kVersion);
}

base::WallTime SsmService::now() const {
  return cloud_.clock->now();
}

std::string SsmService::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:ssm:{}:{}:parameter{}{}", cloud_.region, cloud_.account_id,
                     name.starts_with('/') ? "" : "/", name);
}

base::Result<> SsmService::authorize(const Call& call, std::string_view operation, std::string_view name) const {
  return cloud_.iam->authorize(call.caller, fmt::format("ssm:{}", operation), arn_of(name));
}

std::optional<StoredParameter> SsmService::parameter(std::string_view name) const {
  if (is_secret_parameter(name)) return secret_as_parameter(name);
  auto selected = store_.select(name);
  if (!selected) return std::nullopt;
  const auto& version = *selected->version;
  return StoredParameter{.type = version.type, .value = version.value, .version = version.number};
}

ResourceTypes SsmService::resource_types() {
  return ssm_resource_types(*this);
}

// --- Writing

SsmService::Answer SsmService::put_parameter(const Call& call, const json::object& input) {
  NewValue value{.name = text_in(input, "Name"),
                 .type = text_in(input, "Type"),
                 .value = text_in(input, "Value"),
                 .description = text_in(input, "Description"),
                 .allowed_pattern = text_in(input, "AllowedPattern"),
                 .tier = text_in(input, "Tier"),
                 .user = call.caller.arn,
                 .overwrite = flag_in(input, "Overwrite")};
  TRY(authorize(call, "PutParameter", value.name));
  if (input.contains("Tags")) TRY(authorize(call, "AddTagsToResource", value.name));
  TRY(check_put_members(input));
  TRY(auto tags, tags_over({}, input));
  auto name = value.name;
  TRY(const auto* version, store_.put(std::move(value), now()));
  TRY(auto* parameter, store_.find(name));
  if (!tags.empty()) parameter->tags = std::move(tags);
  return json::object{{"Version", version->number}, {"Tier", version->tier}};
}

SsmService::Answer SsmService::delete_parameter(const Call& call, const json::object& input) {
  auto name = parameter_name(text_in(input, "Name"));
  TRY(authorize(call, "DeleteParameter", name));
  TRY(store_.remove(name));
  return json::object();
}

SsmService::Answer SsmService::delete_parameters(const Call& call, const json::object& input) {
  TRY(auto names, names_of(input));
  for (const auto& name : names) TRY(authorize(call, "DeleteParameters", name));
  json::array deleted;
  json::array invalid_names;
  for (const auto& name : names) (store_.remove(name) ? deleted : invalid_names).emplace_back(name);
  return json::object{{"DeletedParameters", std::move(deleted)}, {"InvalidParameters", std::move(invalid_names)}};
}

SsmService::Answer SsmService::label_parameter_version(const Call& call, const json::object& input) {
  auto name = text_in(input, "Name");
  TRY(authorize(call, "LabelParameterVersion", name));
  TRY(auto* parameter, store_.find(name));
  auto number = number_in(input, "ParameterVersion").value_or(parameter->latest().number);
  TRY(auto labels, labels_of(input));
  TRY(auto refused, store_.label(*parameter, number, {labels.begin(), labels.end()}));
  json::array invalid_labels;
  for (const auto& label : refused) invalid_labels.emplace_back(label);
  return json::object{{"InvalidLabels", std::move(invalid_labels)}, {"ParameterVersion", number}};
}

SsmService::Answer SsmService::unlabel_parameter_version(const Call& call, const json::object& input) {
  auto name = text_in(input, "Name");
  TRY(authorize(call, "UnlabelParameterVersion", name));
  TRY(auto* parameter, store_.find(name));
  auto version = parameter->versions.find(number_in(input, "ParameterVersion").value_or(0));
  if (version == parameter->versions.end()) {
    return aws_error(
        400, "ParameterVersionNotFound",
        fmt::format("Systems Manager could not find that version of {}. Verify the version and try again.", name));
  }
  json::array removed;
  json::array unknown;
  TRY(auto labels, labels_of(input));
  for (const auto& label : labels) {
    (version->second.labels.erase(label) > 0 ? removed : unknown).emplace_back(label);
  }
  return json::object{{"RemovedLabels", std::move(removed)}, {"InvalidLabels", std::move(unknown)}};
}

// --- Reading

json::object SsmService::parameter_answer(const Selected& selected, bool decrypt) const {
  const auto& version = *selected.version;
  json::object answer{{"Name", selected.parameter->name},
                      {"Type", version.type},
                      {"Value", version.type == "SecureString" && !decrypt ? version.ciphertext : version.value},
                      {"Version", version.number},
                      {"LastModifiedDate", epoch_seconds(version.modified)},
                      {"ARN", arn_of(selected.parameter->name)},
                      {"DataType", "text"}};
  if (!selected.selector.empty()) answer["Selector"] = selected.selector;
  return answer;
}

SsmService::Answer SsmService::get_parameter(const Call& call, const json::object& input) {
  auto selector = parameter_name(text_in(input, "Name"));
  auto name = selector.substr(0, selector.find(':'));
  TRY(authorize(call, "GetParameter", name));
  if (is_secret_parameter(name)) {
    TRY(auto secret, secret_parameter(call.caller, selector, flag_in(input, "WithDecryption")));
    return json::object{{"Parameter", std::move(secret)}};
  }
  TRY(refuse_public("GetParameter", name));
  TRY(auto selected, store_.select(text_in(input, "Name")));
  return json::object{{"Parameter", parameter_answer(selected, flag_in(input, "WithDecryption"))}};
}

SsmService::Answer SsmService::get_parameters(const Call& call, const json::object& input) {
  TRY(auto names, names_of(input));
  for (const auto& one : names) {
    auto selector = parameter_name(one);
    auto name = selector.substr(0, selector.find(':'));
    TRY(authorize(call, "GetParameters", name));
    if (!is_secret_parameter(name)) TRY(refuse_public("GetParameters", name));
  }
  json::array found;
  json::array invalid_names;
  for (const auto& one : names) {
    if (auto selector = parameter_name(one); is_secret_parameter(selector)) {
      auto secret = secret_parameter(call.caller, selector, flag_in(input, "WithDecryption"));
      if (!secret && secret.error().code != "ParameterNotFound") return base::fail(secret.error());
      if (secret) {
        found.emplace_back(std::move(*secret));
      } else {
        invalid_names.emplace_back(one);
      }
    } else if (auto selected = store_.select(one)) {
      found.emplace_back(parameter_answer(*selected, flag_in(input, "WithDecryption")));
    } else {
      invalid_names.emplace_back(one);
    }
  }
  return json::object{{"Parameters", std::move(found)}, {"InvalidParameters", std::move(invalid_names)}};
}

// --- Tags

base::Result<Parameter*> SsmService::tagged(const Call& call, std::string_view operation, const json::object& input) {
  auto type = text_in(input, "ResourceType");
  auto id = text_in(input, "ResourceId");
  if (type != "Parameter") {
    return base::fail(not_implemented("ssm", fmt::format("{} of a resource of type {}", operation, type)));
  }
  TRY(authorize(call, operation, id));
  auto found = store_.find(id);
  if (!found) {
    return aws_error(400, "InvalidResourceId",
                     "The resource ID is not valid. Verify that you entered the correct ID and try again.");
  }
  return *found;
}

SsmService::Answer SsmService::add_tags(const Call& call, const json::object& input) {
  TRY(auto* parameter, tagged(call, "AddTagsToResource", input));
  if (list_in(input, "Tags").empty()) return missing("tags");
  TRY(parameter->tags, tags_over(parameter->tags, input));
  return json::object();
}

SsmService::Answer SsmService::remove_tags(const Call& call, const json::object& input) {
  TRY(auto* parameter, tagged(call, "RemoveTagsFromResource", input));
  auto keys = texts_in(input, "TagKeys");
  if (keys.empty()) return missing("tagKeys");
  for (const auto& key : keys) parameter->tags.erase(key);
  return json::object();
}

SsmService::Answer SsmService::list_tags(const Call& call, const json::object& input) {
  TRY(auto* parameter, tagged(call, "ListTagsForResource", input));
  json::array list;
  for (const auto& [key, value] : parameter->tags) list.push_back(json::object{{"Key", key}, {"Value", value}});
  return json::object{{"TagList", std::move(list)}};
}

std::unique_ptr<Ssm> make_ssm(Cloud& cloud, SecretsManager& secrets) {
  return std::make_unique<SsmService>(cloud, secrets);
}

}  // namespace localcloud
