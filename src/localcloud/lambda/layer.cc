#include "localcloud/lambda/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/lambda/function.h"
#include "localcloud/lambda/input.h"
#include "localcloud/wire.h"
#include "os/files.h"

namespace localcloud {

namespace {

constexpr std::size_t kMaxRuntimes = 15;
constexpr std::size_t kMaxArchitectures = 2;

base::Result<std::vector<std::string>> text_list(const json::object& input, std::string_view name, std::size_t max) {
  std::vector<std::string> list;
  const auto* value = input.if_contains(name);
  if (value == nullptr || value->is_null()) return list;
  if (!value->is_array()) return invalid_parameter(fmt::format("{} must be a list", name));
  for (const auto& one : value->get_array()) {
    if (one.is_string()) list.emplace_back(one.get_string());
  }
  if (list.size() > max) return constraint("[…]", name, fmt::format("have length less than or equal to {}", max));
  return list;
}

bool is_layer_name(std::string_view name) {
  return !name.empty() && name.size() <= 140 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

json::array json_list(const std::vector<std::string>& list) {
  json::array array;
  for (const auto& one : list) array.emplace_back(one);
  return array;
}

}  // namespace

std::string layer_name(std::string_view layer) {
  std::size_t at = layer.find(":layer:");
  return std::string(at == std::string_view::npos ? layer : layer.substr(at + 7));
}

std::string LayerStore::arn_of(std::string_view name) const {
  return fmt::format("arn:aws:lambda:{}:{}:layer:{}", cloud_.region, cloud_.account_id, name);
}

base::Result<const LayerVersion*> LayerStore::publish(std::string_view layer, const json::object& input,
                                                      std::string_view archive) {
  std::string name = layer_name(layer);
  if (!is_layer_name(name)) return constraint(name, "layerName", "satisfy regular expression pattern: [a-zA-Z0-9-_]+");
  LayerVersion version;
  version.layer_arn = arn_of(name);
  version.description = text_property(input, "Description");
  version.license = text_property(input, "LicenseInfo");
  if (version.description.size() > 256) {
    return constraint(version.description, "description", "have length less than or equal to 256");
  }
  if (version.license.size() > 512) {
    return constraint(version.license, "licenseInfo", "have length less than or equal to 512");
  }
  TRY(version.runtimes, text_list(input, "CompatibleRuntimes", kMaxRuntimes));
  TRY(version.architectures, text_list(input, "CompatibleArchitectures", kMaxArchitectures));
  TRY(version.package, Package::unpack(archive, cloud_.work_directory + "/packages"));
  std::string place = base::random_uuid();
  TRY(os::make_directories(cloud_.work_directory + "/layers", 0700));
  TRY(os::write_file(layer_archive(cloud_, place), archive, 0600));
  version.location = fmt::format("{}/_aws/lambda-layers/{}", cloud_.endpoint, place);
  version.created = cloud_.clock->now();
  version.number = ++last_number_[name];
  version.arn = fmt::format("{}:{}", version.layer_arn, version.number);
  int number = version.number;
  return &layers_[name].emplace(number, std::move(version)).first->second;
}

base::Result<LayerVersion*> LayerStore::find(std::string_view layer, int number) {
  auto versions = layers_.find(layer_name(layer));
  if (versions != layers_.end()) {
    if (auto version = versions->second.find(number); version != versions->second.end()) return &version->second;
  }
  return aws_error(404, "ResourceNotFoundException", "The resource you requested does not exist.");
}

base::Result<LayerVersion*> LayerStore::find_arn(std::string_view arn) {
  std::string own = fmt::format("arn:aws:lambda:{}:{}:layer:", cloud_.region, cloud_.account_id);
  std::size_t colon = arn.rfind(':');
  int number = 0;
  if (colon != std::string_view::npos) std::from_chars(arn.data() + colon + 1, arn.data() + arn.size(), number);
  if (!arn.starts_with("arn:") || arn.find(":layer:") == std::string_view::npos || number < 1) {
    return constraint(arn, "layers",
                      "satisfy regular expression pattern: "
                      "arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+");
  }
  if (!arn.starts_with(own)) {
    return invalid_parameter(
        fmt::format("Layer version {} is of another account or Region; the local cloud has the layers of {} in {} only",
                    arn, cloud_.account_id, cloud_.region));
  }
  return find(arn.substr(0, colon), number);
}

void LayerStore::remove(std::string_view layer, int number) {
  auto versions = layers_.find(layer_name(layer));
  if (versions == layers_.end()) return;
  versions->second.erase(number);
  if (versions->second.empty()) layers_.erase(versions);
}

base::Result<std::shared_ptr<const LayerTree>> LayerStore::tree_of(const std::vector<std::string>& arns) {
  if (arns.empty()) return std::shared_ptr<const LayerTree>();
  std::vector<std::shared_ptr<const Package>> packages;
  std::vector<std::string> layers;
  for (const auto& arn : arns) {
    auto version = find_arn(arn);
    if (!version && version.error().code == "ResourceNotFoundException") {
      return invalid_parameter(fmt::format("Layer version {} does not exist.", arn));
    }
    if (!version) return base::fail(version.error());
    if (std::find(layers.begin(), layers.end(), (*version)->layer_arn) != layers.end()) {
      return invalid_parameter(
          "Two different versions of the same layer are not allowed to be referenced in the same function.");
    }
    layers.push_back((*version)->layer_arn);
    packages.push_back((*version)->package);
  }
  TRY(auto tree, LayerTree::merge(std::move(packages), cloud_.work_directory + "/packages"));
  std::error_code unreadable;
  if (std::filesystem::is_directory(tree->directory() + "/extensions", unreadable)) {
    return invalid_parameter("Extensions (the folder extensions/ of a layer) are not implemented by the local cloud");
  }
  return tree;
}

base::Result<json::object> add_layer_statement(LayerVersion& version, const json::object& input, std::string_view id) {
  std::string action = text_property(input, "Action");
  if (action != "lambda:GetLayerVersion") {
    return constraint(action, "action", "satisfy regular expression pattern: lambda:GetLayerVersion");
  }
  for (const auto& known : version.statements) {
    if (codec::find_string(known, "Sid") == id) {
      return aws_error(409, "ResourceConflictException",
                       fmt::format("The statement id ({}) provided already exists. Please provide a new statement id, "
                                   "or remove the existing statement.",
                                   id));
    }
  }
  std::string principal = text_property(input, "Principal");
  json::object statement{{"Sid", id}, {"Effect", "Allow"}};
  if (principal == "*") {
    statement["Principal"] = "*";
  } else {
    statement["Principal"] = json::object{{"AWS", fmt::format("arn:aws:iam::{}:root", principal)}};
  }
  statement["Action"] = action;
  statement["Resource"] = version.arn;
  if (std::string organization = text_property(input, "OrganizationId"); !organization.empty()) {
    statement["Condition"] = json::object{{"StringEquals", json::object{{"aws:PrincipalOrgID", organization}}}};
  }
  version.statements.emplace_back(statement);
  version.policy_revision = base::random_uuid();
  return statement;
}

std::string layer_archive(const Cloud& cloud, std::string_view name) {
  const bool uuid = name.size() == 36 && name.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
  return uuid ? fmt::format("{}/layers/{}.zip", cloud.work_directory, name) : std::string();
}

json::object layer_answer(const LayerVersion& version, bool with_content) {
  json::object answer;
  if (with_content) {
    answer["Content"] = json::object{{"Location", version.location},
                                     {"CodeSha256", version.package->sha256()},
                                     {"CodeSize", version.package->size()}};
    answer["LayerArn"] = version.layer_arn;
  }
  answer["LayerVersionArn"] = version.arn;
  answer["Version"] = version.number;
  if (!version.description.empty()) answer["Description"] = version.description;
  answer["CreatedDate"] = lambda_time(version.created);
  if (!version.runtimes.empty()) answer["CompatibleRuntimes"] = json_list(version.runtimes);
  if (!version.architectures.empty()) answer["CompatibleArchitectures"] = json_list(version.architectures);
  if (!version.license.empty()) answer["LicenseInfo"] = version.license;
  return answer;
}

}  // namespace localcloud
