// Operations on functions as such: create, read, update, delete, list; their concurrency and tags.
#include <fmt/format.h>

#include <algorithm>

#include "codec/zip.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/code.h"
#include "localcloud/lambda/lambda_api.h"

namespace localcloud {

namespace {

constexpr std::size_t kPage = 50;

bool is_function_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// Who makes a function run as a role must be allowed to hand the role on.
base::Result<> may_pass(LambdaService& service, const ApiRequest& request, const std::string& role) {
  return service.cloud().iam->authorize(request.call.caller, "iam:PassRole", role,
                                        {{"iam:PassedToService", "lambda.amazonaws.com"}});
}

base::Result<> may_use_layers(LambdaService& service, const ApiRequest& request, const FunctionVersion& version) {
  for (const auto& arn : version.layer_arns) {
    TRY(service.cloud().iam->authorize(request.call.caller, "lambda:GetLayerVersion", arn));
  }
  return {};
}

json::object tags_object(const std::map<std::string, std::string>& tags) {
  json::object object;
  for (const auto& [key, value] : tags) object[key] = value;
  return object;
}

ApiAnswer create_function(LambdaService& service, const ApiRequest& request) {
  const auto& body = request.body;
  std::string name = parse_function_reference(text_property(body, "FunctionName")).name;
  TRY(service.cloud().iam->authorize(request.call.caller, "lambda:CreateFunction", service.arn_of(name)));
  TRY(only_parameters(request, "CreateFunction",
                      {"FunctionName",     "Runtime",          "Role",          "Handler",   "Code",
                       "Description",      "Timeout",          "MemorySize",    "Publish",   "PackageType",
                       "DeadLetterConfig", "Environment",      "TracingConfig", "Tags",      "Layers",
                       "Architectures",    "EphemeralStorage", "LoggingConfig", "VpcConfig", "SnapStart",
                       "DurableConfig"}));
  if (!is_function_name(name)) {
    return constraint(name, "functionName",
                      "satisfy regular expression pattern: "
                      "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-"
                      "Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?");
  }
  TRY(auto version, read_function(body));
  TRY(auto tags, read_tags(body.if_contains("Tags")));
  const auto* code = body.if_contains("Code");
  if (code == nullptr || !code->is_object()) return invalid_parameter("Please provide a source for function code.");
  if (service.exists(name)) {
    return aws_error(409, "ResourceConflictException", fmt::format("Function already exist: {}", name));
  }
  TRY(may_pass(service, request, version.role));
  TRY(may_use_layers(service, request, version));
  TRY(auto archive, version.image.empty() ? read_archive(service.cloud(), code->get_object(), "Code")
                                          : base::Result<std::string>(codec::make_zip({})));
  TRY(version.package, service.unpack(archive));
  TRY(service.put(name, std::move(version)));
  TRY(auto target, service.find(name));
  target.function->tags = std::move(tags);
  bool publish = true_member(body, "Publish");
  auto made = publish ? service.publish(*target.function, std::nullopt) : target.function->version;
  return json_response(request, 201, configuration_of(*made));
}

ApiAnswer update_code(LambdaService& service, const ApiRequest& request) {
  const auto& body = request.body;
  TRY(auto target, authorized(service, request, "lambda:UpdateFunctionCode", request.parts[0]));
  TRY(only_parameters(request, "UpdateFunctionCode",
                      {"ZipFile", "S3Bucket", "S3Key", "Publish", "DryRun", "RevisionId", "Architectures"}));
  auto& function = *target.function;
  TRY(check_revision(text_property(body, "RevisionId"), function.version->revision));
  json::object code;
  for (auto name : {"ZipFile", "S3Bucket", "S3Key"}) {
    if (const auto* value = body.if_contains(name)) code[name] = *value;
  }
  TRY(auto archive, read_archive(service.cloud(), code, "UpdateFunctionCode"));
  FunctionVersion version = *function.version;
  if (body.contains("Architectures")) {
    TRY(version.architecture, read_architecture(body));
  }
  TRY(version.package, service.unpack(archive));
  if (true_member(body, "DryRun")) return json_response(request, 200, configuration_of(version));
  TRY(service.put(target.name, std::move(version)));
  bool publish = true_member(body, "Publish");
  auto made = publish ? service.publish(function, std::nullopt) : function.version;
  return json_response(request, 200, configuration_of(*made));
}

ApiAnswer update_configuration(LambdaService& service, const ApiRequest& request) {
  const auto& body = request.body;
  TRY(auto target, authorized(service, request, "lambda:UpdateFunctionConfiguration", request.parts[0]));
  TRY(only_parameters(
      request, "UpdateFunctionConfiguration",
      {"Role", "Handler", "Description", "Timeout", "MemorySize", "VpcConfig", "Environment", "Runtime",
       "DeadLetterConfig", "TracingConfig", "RevisionId", "Layers", "EphemeralStorage", "LoggingConfig", "SnapStart"}));
  auto& function = *target.function;
  TRY(check_revision(text_property(body, "RevisionId"), function.version->revision));
  FunctionVersion version = *function.version;
  TRY(apply_configuration(version, body));
  if (version.role != function.version->role) TRY(may_pass(service, request, version.role));
  if (body.contains("Layers")) TRY(may_use_layers(service, request, version));
  TRY(service.put(target.name, std::move(version)));
  return json_response(request, 200, configuration_of(*function.version));
}

ApiAnswer get_function(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:GetFunction", request.parts[0], request.qualifier()));
  const auto& function = *target.function;
  json::object answer;
  answer["Configuration"] = configuration_of(*function.at(target.qualifier), target.arn);
  answer["Code"] = json::object{{"RepositoryType", "S3"}};
  if (!function.tags.empty()) answer["Tags"] = tags_object(function.tags);
  if (function.reserved_concurrency) {
    answer["Concurrency"] = json::object{{"ReservedConcurrentExecutions", *function.reserved_concurrency}};
  }
  return json_response(request, 200, std::move(answer));
}

ApiAnswer get_configuration(LambdaService& service, const ApiRequest& request) {
  TRY(auto target,
      authorized(service, request, "lambda:GetFunctionConfiguration", request.parts[0], request.qualifier()));
  return json_response(request, 200, configuration_of(*target.function->at(target.qualifier), target.arn));
}

ApiAnswer list_functions(LambdaService& service, const ApiRequest& request) {
  TRY(service.cloud().iam->authorize(request.call.caller, "lambda:ListFunctions", "*"));
  std::string wanted = request.query_or_empty("FunctionVersion");
  if (!wanted.empty() && wanted != "ALL") {
    return constraint(wanted, "functionVersion", "satisfy enum value set: [ALL]");
  }
  if (!request.query_or_empty("MasterRegion").empty()) {
    return base::fail(not_implemented("lambda", "ListFunctions with MasterRegion"));
  }
  std::vector<std::shared_ptr<const FunctionVersion>> all;
  for (const auto& [name, function] : service.functions()) {
    all.push_back(function->version);
    if (wanted.empty()) continue;
    for (const auto& [number, version] : function->published) all.push_back(version);
  }
  TRY(auto page, page_of(request, all.size(), kPage));
  json::array list;
  for (std::size_t i = page.begin; i < page.end; ++i) {
    std::string arn = wanted.empty() || all[i]->number != "$LATEST" ? all[i]->arn : all[i]->arn + ":$LATEST";
    list.push_back(configuration_of(*all[i], arn));
  }
  json::object answer{{"Functions", std::move(list)}};
  if (!page.next.empty()) answer["NextMarker"] = page.next;
  return json_response(request, 200, std::move(answer));
}

ApiAnswer delete_function(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:DeleteFunction", request.parts[0], request.qualifier()));
  std::string qualifier = request.qualifier();
  if (qualifier.empty()) qualifier = parse_function_reference(request.parts[0]).qualifier;
  if (qualifier.empty()) {
    service.remove(target.name);
    return empty_response(request);
  }
  if (qualifier == "$LATEST") {
    return invalid_parameter("$LATEST version cannot be deleted without deleting the function.");
  }
  auto& function = *target.function;
  if (function.aliases.contains(qualifier)) {
    return invalid_parameter("Deletion of aliases is not currently supported by DeleteFunction.");
  }
  std::vector<std::string> users;
  for (const auto& [name, alias] : function.aliases) {
    if (alias.version == qualifier || alias.weights.contains(qualifier)) users.push_back(name);
  }
  if (!users.empty()) {
    return aws_error(409, "ResourceConflictException",
                     fmt::format("Version {} of function {} can't be deleted because aliases [{}] reference it.",
                                 qualifier, target.name, fmt::join(users, ", ")));
  }
  service.remove_version(function, std::stoi(qualifier));
  return empty_response(request);
}

ApiAnswer account_settings(LambdaService& service, const ApiRequest& request) {
  TRY(service.cloud().iam->authorize(request.call.caller, "lambda:GetAccountSettings", "*"));
  std::size_t code = 0;
  for (const auto& [name, function] : service.functions()) {
    code += function->version->package->size();
    for (const auto& [number, version] : function->published) code += version->package->size();
  }
  json::object limits{{"TotalCodeSize", std::int64_t{80'530'636'800}},
                      {"CodeSizeUnzipped", kMaxUnzipped},
                      {"CodeSizeZipped", kMaxDirectUpload},
                      {"ConcurrentExecutions", 1000},
                      {"UnreservedConcurrentExecutions", service.unreserved_concurrency()}};
  json::object usage{{"TotalCodeSize", code}, {"FunctionCount", service.functions().size()}};
  return json_response(request, 200, {{"AccountLimit", std::move(limits)}, {"AccountUsage", std::move(usage)}});
}

// --- Concurrency

ApiAnswer put_concurrency(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:PutFunctionConcurrency", request.parts[0]));
  TRY(auto reserved, number_member(request.body, "ReservedConcurrentExecutions", 0, 1'000'000));
  if (!reserved) return invalid_parameter("ReservedConcurrentExecutions is required");
  TRY(service.reserve_concurrency(*target.function, *reserved));
  return json_response(request, 200, {{"ReservedConcurrentExecutions", *reserved}});
}

ApiAnswer get_concurrency(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:GetFunctionConcurrency", request.parts[0]));
  json::object answer;
  if (auto reserved = target.function->reserved_concurrency) answer["ReservedConcurrentExecutions"] = *reserved;
  return json_response(request, 200, std::move(answer));
}

ApiAnswer delete_concurrency(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, authorized(service, request, "lambda:DeleteFunctionConcurrency", request.parts[0]));
  target.function->reserved_concurrency.reset();
  return empty_response(request);
}

// --- Tags

// Functions alone have tags here.
base::Result<FunctionTarget> tagged(LambdaService& service, const ApiRequest& request, std::string_view action) {
  const auto& arn = request.parts[0];
  if (arn.find(":function:") == std::string::npos) {
    return base::fail(not_implemented("lambda", fmt::format("{} of {}", action.substr(7), arn)));
  }
  TRY(auto target, authorized(service, request, action, arn));
  if (!target.qualifier.empty()) return invalid_parameter("Tags on function aliases and versions are not supported.");
  return target;
}

ApiAnswer tag_resource(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, tagged(service, request, "lambda:TagResource"));
  TRY(auto added, read_tags(request.body.if_contains("Tags")));
  auto tags = target.function->tags;
  for (auto& [key, value] : added) tags[key] = value;
  if (tags.size() > 50) return invalid_parameter("A function can have 50 tags at most.");
  target.function->tags = std::move(tags);
  return empty_response(request);
}

ApiAnswer untag_resource(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, tagged(service, request, "lambda:UntagResource"));
  for (const auto& [name, value] : request.query) {
    if (name == "tagKeys") target.function->tags.erase(value);
  }
  return empty_response(request);
}

ApiAnswer list_tags(LambdaService& service, const ApiRequest& request) {
  TRY(auto target, tagged(service, request, "lambda:ListTags"));
  return json_response(request, 200, {{"Tags", tags_object(target.function->tags)}});
}

}  // namespace

std::span<const ApiRoute> function_routes() {
  static constexpr ApiRoute kRoutes[] = {
      {"CreateFunction", "POST", "2015-03-31/functions", create_function},
      {"ListFunctions", "GET", "2015-03-31/functions", list_functions},
      {"GetFunction", "GET", "2015-03-31/functions/*", get_function},
      {"DeleteFunction", "DELETE", "2015-03-31/functions/*", delete_function},
      {"GetFunctionConfiguration", "GET", "2015-03-31/functions/*/configuration", get_configuration},
      {"UpdateFunctionConfiguration", "PUT", "2015-03-31/functions/*/configuration", update_configuration},
      {"UpdateFunctionCode", "PUT", "2015-03-31/functions/*/code", update_code},
      {"GetAccountSettings", "GET", "2016-08-19/account-settings", account_settings},
      {"PutFunctionConcurrency", "PUT", "2017-10-31/functions/*/concurrency", put_concurrency},
      {"GetFunctionConcurrency", "GET", "2019-09-30/functions/*/concurrency", get_concurrency},
      {"DeleteFunctionConcurrency", "DELETE", "2017-10-31/functions/*/concurrency", delete_concurrency},
      {"TagResource", "POST", "2017-03-31/tags/*", tag_resource},
      {"UntagResource", "DELETE", "2017-03-31/tags/*", untag_resource},
      {"ListTags", "GET", "2017-03-31/tags/*", list_tags}};
  return kRoutes;
}

}  // namespace localcloud
