// The operations of the parameter store that answer in pages: by path, by filter, and the history of one parameter.
#include <fmt/format.h>

#include <algorithm>

#include "codec/json.h"
#include "localcloud/iam/iam.h"
#include "localcloud/json_members.h"
#include "localcloud/ssm/ssm_service.h"

namespace localcloud {

namespace {

tl::unexpected<base::Error> invalid(std::string message) {
  return aws_error(400, "ValidationException", std::move(message));
}

constexpr std::string_view kLabel = "Label";

struct Page {
  std::string after;  // the key that the page before ended with
  std::size_t most = 0;
};

// `most`: the largest page, which is the default too.
base::Result<Page> parse_page(const json::object& input, std::int64_t most) {
  Page page{.most = static_cast<std::size_t>(most)};
  page.after = text_in(input, "NextToken");
  if (auto wanted = number_in(input, "MaxResults")) {
    if (*wanted < 1 || *wanted > most) {
      return invalid(
          fmt::format("1 validation error detected: Value '{}' at 'maxResults' failed to satisfy constraint: Member "
                      "must have value less than or equal to {}",
                      *wanted, most));
    }
    page.most = static_cast<std::size_t>(*wanted);
  }
  return page;
}

// A parameter is of a path if it is below it; one level down unless `recursive`.
bool is_below(std::string_view name, std::string_view path, bool recursive) {
  if (!name.starts_with('/')) return path == "/" && (recursive || name.find('/') == std::string_view::npos);
  if (!path.ends_with('/')) return is_below(name, std::string(path) + "/", recursive);
  if (!name.starts_with(path)) return false;
  return recursive || name.find('/', path.size()) == std::string_view::npos;
}

struct Filter {
  std::string key;
  std::string option;
  std::vector<std::string> values;
};

// ParameterFilters, as "ParameterStringFilter" of the API reference has them.
base::Result<std::vector<Filter>> parse_filters(const json::object& input, std::string_view operation,
                                                const std::set<std::string_view>& keys) {
  if (!list_in(input, "Filters").empty()) {
    return base::fail(not_implemented("ssm", fmt::format("{} with Filters", operation)));
  }
  std::vector<Filter> filters;
  for (const auto& one : list_in(input, "ParameterFilters")) {
    Filter filter{.key = codec::find_string(one, "Key"), .option = codec::find_string(one, "Option")};
    bool tag = filter.key.starts_with("tag:") && keys.contains("tag:");
    if (!tag && !keys.contains(filter.key)) {
      return aws_error(400, "InvalidFilterKey",
                       fmt::format("The following filter key is not valid: {}. Valid filter keys include: [{}].",
                                   filter.key, fmt::join(keys, ", ")));
    }
    if (filter.option.empty()) filter.option = filter.key == "Path" ? "OneLevel" : "Equals";
    static const std::set<std::string_view> kOfPaths{"OneLevel", "Recursive"};
    static const std::set<std::string_view> kOfOthers{"Equals", "BeginsWith", "Contains"};
    if (!(filter.key == "Path" ? kOfPaths : kOfOthers).contains(filter.option) ||
        (filter.option == "Contains" && filter.key != "Name")) {
      return aws_error(400, "InvalidFilterOption",
                       fmt::format("The following filter option is not valid: {}.", filter.option));
    }
    if (const auto* fields = one.if_object()) filter.values = texts_in(*fields, "Values");
    if (filter.values.empty() && !tag) {
      return aws_error(400, "InvalidFilterValue", "The filter value is not valid. Verify the value and try again.");
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

bool passes(const Filter& filter, const Parameter& parameter) {
  auto is = [&](std::string_view text) {
    return std::any_of(filter.values.begin(), filter.values.end(), [&](std::string_view value) {
      if (filter.option == "BeginsWith") return text.starts_with(value);
      if (filter.option == "Contains") return text.find(value) != std::string_view::npos;
      return text == value;
    });
  };
  const auto& latest = parameter.latest();
  if (filter.key == "Path") {
    return std::any_of(filter.values.begin(), filter.values.end(), [&](std::string_view path) {
      return is_below(parameter.name, path, filter.option == "Recursive");
    });
  }
  if (filter.key == "Name") {
    // A name is found with and without its first slash.
    return is(parameter.name) || (parameter.name.starts_with('/') && is(std::string_view(parameter.name).substr(1)));
  }
  if (filter.key == "Type") return is(latest.type);
  if (filter.key == "Tier") return is(latest.tier);
  if (filter.key == "DataType") return is("text");
  if (filter.key == "KeyId") return latest.type == "SecureString" && is("alias/aws/ssm");
  auto tag = parameter.tags.find(filter.key.substr(4));
  return tag != parameter.tags.end() && (filter.values.empty() || is(tag->second));
}

// The version that a filter of labels asks for, else the latest; null if no version bears one of the labels.
const ParameterVersion* wanted_version(const Parameter& parameter, const std::vector<Filter>& filters) {
  auto filter = std::find_if(filters.begin(), filters.end(), [](const Filter& one) { return one.key == kLabel; });
  if (filter == filters.end()) return &parameter.latest();
  for (const auto& [number, version] : parameter.versions) {
    for (const auto& label : filter->values) {
      if (version.labels.contains(label)) return &version;
    }
  }
  return nullptr;
}

}  // namespace

json::object SsmService::metadata(const Parameter& parameter, const ParameterVersion& version) const {
  json::object answer{{"Name", parameter.name},
                      {"Type", version.type},
                      {"LastModifiedDate", epoch_seconds(version.modified)},
                      {"LastModifiedUser", version.user},
                      {"Version", version.number},
                      {"Tier", version.tier},
                      {"Policies", json::array()},
                      {"DataType", "text"}};
  if (!version.description.empty()) answer["Description"] = version.description;
  if (!version.allowed_pattern.empty()) answer["AllowedPattern"] = version.allowed_pattern;
  if (version.type == "SecureString") answer["KeyId"] = "alias/aws/ssm";
  return answer;
}

SsmService::Answer SsmService::get_parameters_by_path(const Call& call, const json::object& input) {
  auto path = text_in(input, "Path");
  TRY(authorize(call, "GetParametersByPath", path));
  if (!path.starts_with('/')) {
    return invalid(
        "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
        "slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, "
        "numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not "
        "allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: "
        "/get/parameters2-/by1./path0_.");
  }
  TRY(refuse_public("GetParametersByPath", path));
  TRY(auto filters, parse_filters(input, "GetParametersByPath", {"Type", "KeyId", "Label"}));
  constexpr std::int64_t kMost = 10;
  TRY(auto page, parse_page(input, kMost));
  json::array found;
  json::object answer;
  std::string last;
  for (auto at = store_.all().upper_bound(page.after); at != store_.all().end(); ++at) {
    const auto& [name, parameter] = *at;
    auto passed = [&](const Filter& filter) { return filter.key == kLabel || passes(filter, parameter); };
    if (!is_below(name, path, flag_in(input, "Recursive"))) continue;
    const auto* version = wanted_version(parameter, filters);
    if (version == nullptr || !std::all_of(filters.begin(), filters.end(), passed)) continue;
    if (found.size() == page.most) {
      answer["NextToken"] = last;
      break;
    }
    last = name;
    found.emplace_back(
        parameter_answer({.parameter = &parameter, .version = version}, flag_in(input, "WithDecryption")));
  }
  answer["Parameters"] = std::move(found);
  return answer;
}

SsmService::Answer SsmService::describe_parameters(const Call& call, const json::object& input) {
  TRY(cloud_.iam->authorize(call.caller, "ssm:DescribeParameters",
                            fmt::format("arn:aws:ssm:{}:{}:*", cloud_.region, cloud_.account_id)));
  if (flag_in(input, "Shared")) {
    return base::fail(not_implemented("ssm", "DescribeParameters with Shared"));
  }
  TRY(auto filters,
      parse_filters(input, "DescribeParameters", {"tag:", "Name", "Type", "KeyId", "Path", "Tier", "DataType"}));
  constexpr std::int64_t kMost = 50;
  TRY(auto page, parse_page(input, kMost));
  json::array found;
  json::object answer;
  std::string last;
  for (auto at = store_.all().upper_bound(page.after); at != store_.all().end(); ++at) {
    const auto& [name, parameter] = *at;
    auto passed = [&](const Filter& filter) { return passes(filter, parameter); };
    if (!std::all_of(filters.begin(), filters.end(), passed)) continue;
    if (found.size() == page.most) {
      answer["NextToken"] = last;
      break;
    }
    last = name;
    auto one = metadata(parameter, parameter.latest());
    one["ARN"] = arn_of(name);
    found.emplace_back(std::move(one));
  }
  answer["Parameters"] = std::move(found);
  return answer;
}

SsmService::Answer SsmService::get_parameter_history(const Call& call, const json::object& input) {
  auto name = parameter_name(text_in(input, "Name"));
  TRY(authorize(call, "GetParameterHistory", name));
  TRY(auto* parameter, store_.find(name));
  constexpr std::int64_t kMost = 50;
  TRY(auto page, parse_page(input, kMost));
  bool plain = flag_in(input, "WithDecryption");
  json::array found;
  json::object answer;
  std::string last;
  for (const auto& [number, version] : parameter->versions) {
    auto key = fmt::format("{:020}", number);
    if (key <= page.after) continue;
    if (found.size() == page.most) {
      answer["NextToken"] = last;
      break;
    }
    last = key;
    auto one = metadata(*parameter, version);
    one["Value"] = version.type == "SecureString" && !plain ? version.ciphertext : version.value;
    json::array labels;
    for (const auto& label : version.labels) labels.emplace_back(label);
    one["Labels"] = std::move(labels);
    found.emplace_back(std::move(one));
  }
  answer["Parameters"] = std::move(found);
  return answer;
}

}  // namespace localcloud
