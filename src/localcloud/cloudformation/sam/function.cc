#include <fmt/format.h>

#include "localcloud/cloudformation/sam/expansion.h"

namespace localcloud::sam {
namespace {

constexpr const char* kSameInLambda[] = {"FunctionName",
                                         "Handler",
                                         "Runtime",
                                         "Description",
                                         "MemorySize",
                                         "Timeout",
                                         "Environment",
                                         "KmsKeyArn",
                                         "Layers",
                                         "FileSystemConfigs",
                                         "ImageConfig",
                                         "PackageType",
                                         "Architectures",
                                         "SnapStart",
                                         "EphemeralStorage",
                                         "LoggingConfig",
                                         "RecursiveLoop",
                                         "VpcConfig",
                                         "CodeSigningConfigArn",
                                         "RuntimeManagementConfig",
                                         "ReservedConcurrentExecutions"};

const std::set<std::string_view>& implemented() {
  static const std::set<std::string_view> kImplemented = [] {
    std::set<std::string_view> names(std::begin(kSameInLambda), std::end(kSameInLambda));
    names.insert({"CodeUri", "InlineCode", "ImageUri", "Role", "Policies", "Tags", "Tracing", "DeadLetterQueue",
                  "RolePath", "PermissionsBoundary", "AssumeRolePolicyDocument", "FunctionUrlConfig", "Events"});
    return names;
  }();
  return kImplemented;
}

base::Result<json::object> code_from_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "s3://";
  const auto slash = uri.find('/', kScheme.size());
  if (!uri.starts_with(kScheme) || slash == std::string_view::npos || slash == kScheme.size() ||
      slash + 1 == uri.size()) {
    return invalid(
        "'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with optional versionId query parameter.");
  }
  auto key = uri.substr(slash + 1);
  json::object code;
  code["S3Bucket"] = uri.substr(kScheme.size(), slash - kScheme.size());
  const auto question = key.find("?versionId=");
  code["S3Key"] = key.substr(0, question);
  if (question != std::string_view::npos)
    code["S3ObjectVersion"] = key.substr(question + std::string_view("?versionId=").size());
  return code;
}

base::Result<json::object> code_of(const json::object& properties) {
  const auto* uri = properties.if_contains("CodeUri");
  const auto* text = properties.if_contains("InlineCode");
  const auto* image = properties.if_contains("ImageUri");
  json::object code;
  if (text != nullptr) {
    code["ZipFile"] = *text;
    return code;
  }
  if (image != nullptr) {
    code["ImageUri"] = *image;
    return code;
  }
  if (uri == nullptr) return invalid("Missing required property 'CodeUri'.");
  if (uri->is_string()) return code_from_uri(std::string_view(uri->get_string()));
  const auto* location = uri->if_object();
  if (location == nullptr || !location->contains("Bucket") || !location->contains("Key")) {
    return invalid("'CodeUri' requires Bucket and Key properties to be specified.");
  }
  TRY(only_keys(*location, {"Bucket", "Key", "Version"}, "CodeUri"));
  code["S3Bucket"] = location->at("Bucket");
  code["S3Key"] = location->at("Key");
  if (const auto* version = location->if_contains("Version")) code["S3ObjectVersion"] = *version;
  return code;
}

json::array function_tags(const json::object& properties) {
  json::object tags;
  tags["lambda:createdBy"] = "SAM";
  for (const auto& [key, value] : object_at(properties, "Tags")) tags[key] = value;
  return tag_list(tags);
}

json::object lambda_trust() {
  json::object principal;
  principal["Service"].emplace_array().emplace_back("lambda.amazonaws.com");
  json::object statement;
  statement["Action"].emplace_array().emplace_back("sts:AssumeRole");
  statement["Effect"] = "Allow";
  statement["Principal"] = std::move(principal);
  json::object document;
  document["Version"] = "2012-10-17";
  document["Statement"].emplace_array().emplace_back(std::move(statement));
  return document;
}

bool is_traced(const json::object& properties) {
  const auto* tracing = properties.if_contains("Tracing");
  return tracing != nullptr && (!tracing->is_string() || tracing->get_string() != "Disabled");
}

json::object dead_letter_policy(const json::object& queue) {
  json::object statement;
  statement["Action"] = string_at(queue, "Type") == "SNS" ? "sns:Publish" : "sqs:SendMessage";
  statement["Resource"] = queue.at("TargetArn");
  statement["Effect"] = "Allow";
  json::object document;
  document["Version"] = "2012-10-17";
  document["Statement"].emplace_array().emplace_back(std::move(statement));
  json::object policy;
  policy["PolicyName"] = "DeadLetterQueuePolicy";
  policy["PolicyDocument"] = std::move(document);
  return policy;
}

}  // namespace

base::Result<> Expansion::function(const std::string& id, const json::object& resource) {
  const auto properties = object_at(resource, "Properties");
  TRY(only_keys(properties, implemented(), "AWS::Serverless::Function"));
  const auto passed_on = passed_on_attributes(resource);
  json::object lambda;
  TRY(auto code, code_of(properties));
  lambda["Code"] = std::move(code);
  for (const char* name : kSameInLambda) {
    if (const auto* value = properties.if_contains(name)) lambda[name] = *value;
  }
  const auto* role = properties.if_contains("Role");
  if (role != nullptr && role->is_object() && role->get_object().contains("Fn::If")) {
    return invalid("property Role with Fn::If is not implemented by the local cloud");
  }
  if (role != nullptr)
    lambda["Role"] = *role;
  else
    lambda["Role"] = get_att(id + "Role", "Arn");
  lambda["Tags"] = function_tags(properties);
  if (is_traced(properties)) lambda["TracingConfig"].emplace_object()["Mode"] = properties.at("Tracing");
  if (const auto* queue = properties.if_contains("DeadLetterQueue")) {
    if (!queue->is_object() || !queue->get_object().contains("TargetArn") || !queue->get_object().contains("Type")) {
      return invalid("'DeadLetterQueue' requires Type and TargetArn properties to be specified.");
    }
    lambda["DeadLetterConfig"].emplace_object()["TargetArn"] = queue->get_object().at("TargetArn");
  }
  TRY(add(id, "AWS::Lambda::Function", std::move(lambda), own_attributes(resource)));
  if (const auto config = object_at(properties, "FunctionUrlConfig"); !config.empty())
    TRY(function_url(id, config, passed_on));
  if (role == nullptr) TRY(function_role(id, properties, passed_on));
  return events(id, object_at(properties, "Events"), passed_on);
}

base::Result<> Expansion::function_role(const std::string& id, const json::object& properties,
                                        const json::object& passed_on) {
  json::array managed;
  const auto add_managed = [&managed](const json::value& arn) {
    for (const auto& known : managed) {
      if (known == arn) return;
    }
    managed.push_back(arn);
  };
  add_managed("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
  if (is_traced(properties)) add_managed("arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess");
  if (properties.contains("VpcConfig"))
    add_managed("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole");

  json::array inline_policies;
  if (const auto queue = object_at(properties, "DeadLetterQueue"); !queue.empty()) {
    inline_policies.emplace_back(dead_letter_policy(queue));
  }
  if (const auto* policies = properties.if_contains("Policies")) {
    TRY(auto read, read_policies(id + "Role", *policies));
    for (const auto& arn : read.managed_arns) add_managed(arn);
    for (auto& policy : read.inline_policies) inline_policies.push_back(std::move(policy));
  }
  json::object role;
  const auto* trust = properties.if_contains("AssumeRolePolicyDocument");
  role["AssumeRolePolicyDocument"] = trust != nullptr ? *trust : json::value(lambda_trust());
  role["ManagedPolicyArns"] = std::move(managed);
  if (const auto* path = properties.if_contains("RolePath")) role["Path"] = *path;
  if (!inline_policies.empty()) role["Policies"] = std::move(inline_policies);
  if (const auto* boundary = properties.if_contains("PermissionsBoundary")) role["PermissionsBoundary"] = *boundary;
  role["Tags"] = function_tags(properties);
  return add(id + "Role", "AWS::IAM::Role", std::move(role), passed_on);
}

base::Result<> Expansion::function_url(const std::string& id, const json::object& config,
                                       const json::object& passed_on) {
  TRY(only_keys(config, {"AuthType", "Cors", "InvokeMode"}, "FunctionUrlConfig"));
  if (!config.contains("AuthType")) {
    return invalid(
        "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or "
        "NONE.");
  }
  json::object url = config;
  url["TargetFunctionArn"] = ref_to(id);
  TRY(add(id + "Url", "AWS::Lambda::Url", std::move(url), passed_on));
  if (string_at(config, "AuthType") != "NONE") return {};
  json::object by_url;
  by_url["Action"] = "lambda:InvokeFunctionUrl";
  by_url["FunctionName"] = ref_to(id);
  by_url["Principal"] = "*";
  by_url["FunctionUrlAuthType"] = "NONE";
  TRY(add(id + "UrlPublicPermissions", "AWS::Lambda::Permission", std::move(by_url), passed_on));
  json::object to_function;
  to_function["Action"] = "lambda:InvokeFunction";
  to_function["FunctionName"] = ref_to(id);
  to_function["Principal"] = "*";
  to_function["InvokedViaFunctionUrl"] = true;
  return add(id + "URLInvokeAllowPublicAccess", "AWS::Lambda::Permission", std::move(to_function), passed_on);
}

}  // namespace localcloud::sam
