// The operations of Secrets Manager that answer in pages, and what they tell of a secret.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "codec/json.h"
#include "localcloud/http_text.h"
#include "localcloud/json_members.h"
#include "localcloud/secretsmanager/secrets_service.h"

namespace localcloud {

namespace {

struct Filter {
  std::string key;
  std::vector<std::string> values;
};

base::Result<std::vector<Filter>> parse_filters(std::string_view operation, const json::object& input) {
  static const std::set<std::string_view> kKnown{"name", "description", "tag-key", "tag-value"};
  std::vector<Filter> filters;
  for (const auto& one : list_in(input, "Filters")) {
    Filter filter{.key = codec::find_string(one, "Key"), .values = {}};
    if (!kKnown.contains(filter.key)) {
      return base::fail(not_implemented("secretsmanager", fmt::format("{} with the filter {}", operation, filter.key)));
    }
    if (const auto* fields = one.if_object()) filter.values = texts_in(*fields, "Values");
    filters.push_back(std::move(filter));
  }
  return filters;
}

// Does a word of the text begin so? Without regard to case.
bool has_word(std::string_view text, std::string_view start) {
  return (" " + lower_case(text)).find(" " + lower_case(start)) != std::string::npos;
}

bool has_value(const Secret& secret, std::string_view key, std::string_view value) {
  if (value.starts_with('!')) return !has_value(secret, key, value.substr(1));
  if (key == "name") return secret.name.starts_with(value);
  if (key == "description") return has_word(secret.description, value);
  return std::any_of(secret.tags.begin(), secret.tags.end(),
                     [&](const auto& tag) { return (key == "tag-key" ? tag.first : tag.second).starts_with(value); });
}

bool passes(const Secret& secret, const std::vector<Filter>& filters) {
  return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) {
    return std::any_of(filter.values.begin(), filter.values.end(),
                       [&](const std::string& value) { return has_value(secret, filter.key, value); });
  });
}

struct Page {
  std::size_t from = 0;
  std::size_t most = 0;
};

base::Result<Page> parse_page(const json::object& input, std::int64_t most) {
  auto wanted = number_in(input, "MaxResults").value_or(most);
  if (wanted < 1 || wanted > most) {
    return aws_error(400, "InvalidParameterException", fmt::format("MaxResults must be between 1 and {}.", most));
  }
  Page page{.most = static_cast<std::size_t>(wanted)};
  auto token = text_in(input, "NextToken");
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), page.from);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size())) {
    return aws_error(400, "InvalidNextTokenException", "The NextToken value is invalid.");
  }
  return page;
}

// Puts a page of the list into the answer, and where the next one begins.
void add_page(json::object& answer, std::string_view member, const json::array& all, const Page& page) {
  json::array some;
  auto end = std::min(all.size(), page.from + page.most);
  for (auto at = page.from; at < end; ++at) some.push_back(all[at]);
  answer[member] = std::move(some);
  if (end < all.size()) answer["NextToken"] = std::to_string(end);
}

}  // namespace

json::array stage_list(const SecretVersion& version) {
  json::array list;
  for (const auto& stage : version.stages) list.emplace_back(stage);
  return list;
}

json::object secret_description(const Secret& secret, std::string_view stages_member) {
  json::object answer{{"ARN", secret.arn},
                      {"Name", secret.name},
                      {"LastChangedDate", epoch_seconds(secret.changed)},
                      {"CreatedDate", epoch_seconds(secret.created)}};
  if (!secret.description.empty()) answer["Description"] = secret.description;
  if (!secret.kms_key.empty()) answer["KmsKeyId"] = secret.kms_key;
  if (!secret.tags.empty()) answer["Tags"] = tag_list(secret);
  if (secret.accessed) answer["LastAccessedDate"] = epoch_seconds(*secret.accessed);
  if (secret.deletion) answer["DeletedDate"] = epoch_seconds(*secret.deletion);
  json::object stages;
  for (const auto& version : secret.versions) {
    if (!version.stages.empty()) stages[version.id] = stage_list(version);
  }
  if (!stages.empty()) answer[stages_member] = std::move(stages);
  return answer;
}

SecretsService::Answer SecretsService::list_secrets(const Call& call, const json::object& input) {
  TRY(permitted_on_all(call, "ListSecrets"));
  if (auto by = text_in(input, "SortBy"); !by.empty() && by != "created-date") {
    return base::fail(not_implemented("secretsmanager", "ListSecrets with SortBy " + by));
  }
  TRY(auto filters, parse_filters("ListSecrets", input));
  constexpr std::int64_t kMost = 100;
  TRY(auto page, parse_page(input, kMost));
  std::vector<const Secret*> found;
  for (const auto& [name, secret] : store().all()) {
    if (secret.deletion && !flag_in(input, "IncludePlannedDeletion")) continue;
    if (passes(secret, filters)) found.push_back(&secret);
  }
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->number < b->number; });
  if (text_in(input, "SortOrder") == "desc") std::reverse(found.begin(), found.end());
  json::array list;
  for (const auto* secret : found) list.emplace_back(secret_description(*secret, "SecretVersionsToStages"));
  json::object answer;
  add_page(answer, "SecretList", list, page);
  return answer;
}

SecretsService::Answer SecretsService::list_secret_version_ids(const Call& call, const json::object& input) {
  TRY(auto* secret, permitted(call.caller, "ListSecretVersionIds", input));
  constexpr std::int64_t kMost = 100;
  TRY(auto page, parse_page(input, kMost));
  json::array list;
  for (const auto& version : secret->versions) {
    if (version.stages.empty() && !flag_in(input, "IncludeDeprecated")) continue;
    json::object one{{"VersionId", version.id}, {"CreatedDate", epoch_seconds(version.created)}};
    if (!version.stages.empty()) one["VersionStages"] = stage_list(version);
    if (version.accessed) one["LastAccessedDate"] = epoch_seconds(*version.accessed);
    list.emplace_back(std::move(one));
  }
  json::object answer{{"ARN", secret->arn}, {"Name", secret->name}};
  add_page(answer, "Versions", list, page);
  return answer;
}

SecretsService::Answer SecretsService::batch_get_secret_value(const Call& call, const json::object& input) {
  constexpr std::int64_t kMost = 20;
  TRY(permitted_on_all(call, "BatchGetSecretValue"));
  auto ids = texts_in(input, "SecretIdList");
  TRY(auto filters, parse_filters("BatchGetSecretValue", input));
  if (ids.empty() == filters.empty()) {
    return aws_error(400, "InvalidParameterException", "You must provide either SecretIdList or Filters.");
  }
  if (ids.size() > kMost) {
    return aws_error(400, "InvalidParameterException", "SecretIdList can have at most 20 secrets.");
  }
  if (ids.empty()) {
    for (const auto& [name, secret] : store().all()) {
      if (!secret.deletion && passes(secret, filters)) ids.push_back(name);
    }
  }
  TRY(auto page, parse_page(input, kMost));
  json::array all;
  for (const auto& id : ids) all.emplace_back(id);
  json::object answer;
  add_page(answer, "SecretValues", all, page);
  json::array values;
  json::array errors;
  for (const auto& id : texts_in(answer, "SecretValues")) {
    if (auto value = secret_value(call.caller, {.id = id})) {
      values.emplace_back(std::move(*value));
    } else {
      errors.push_back(
          json::object{{"SecretId", id}, {"ErrorCode", value.error().code}, {"Message", value.error().message}});
    }
  }
  answer["SecretValues"] = std::move(values);
  answer["Errors"] = std::move(errors);
  return answer;
}

}  // namespace localcloud
