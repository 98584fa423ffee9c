#include "localcloud/cloudformation/sam/schema.h"

#include <algorithm>
#include <map>

#include "localcloud/cloudformation/sam/errors.h"
#include "localcloud/cloudformation/sam/values.h"

namespace localcloud::sam {
namespace {

template <typename Predicate>
bool all_values(const json::value& value, Predicate predicate) {
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(), [&](const auto& member) { return predicate(member.value()); });
  }
  const auto* array = value.if_array();
  return array != nullptr && std::all_of(array->begin(), array->end(), predicate);
}

bool is_string_or_map(const json::value& value) {
  return value.is_string() || value.is_object();
}

bool is_integer(const json::value& value) {
  return value.is_int64() || value.is_uint64() || value.is_bool();  // as Python has it
}

bool is_of(const json::value& value, Kind kind) {
  const auto is_string = [](const json::value& one) { return one.is_string(); };
  switch (kind) {
    case Kind::any:
      return true;
    case Kind::string:
      return value.is_string();
    case Kind::map:
      return value.is_object();
    case Kind::list:
      return value.is_array();
    case Kind::integer:
      return is_integer(value);
    case Kind::boolean:
      return value.is_bool();
    case Kind::string_or_map:
      return is_string_or_map(value);
    case Kind::boolean_or_map:
      return value.is_bool() || value.is_object();
    case Kind::map_of_maps:
      return value.is_object() && all_values(value, [](const auto& one) { return one.is_object(); });
    case Kind::map_of_strings:
      return value.is_object() && all_values(value, is_string);
    case Kind::map_of_integers:
      return value.is_object() && all_values(value, [](const auto& one) { return is_integer(one) || one.is_object(); });
    case Kind::list_of_items:
      return value.is_array() && all_values(value, is_string_or_map);
    case Kind::policies:
      return is_string_or_map(value) || (value.is_array() && all_values(value, is_string_or_map));
    case Kind::string_or_strings:
      return value.is_string() || (value.is_array() && all_values(value, is_string));
  }
  return false;
}

// Of a stream or a queue: what an event source mapping may say, and where it reads.
Schema pull_schema(std::string_view source, bool from_stream) {
  Schema schema = {{"BatchSize", Kind::integer},
                   {"StartingPosition", Kind::any, from_stream, false},
                   {"StartingPositionTimestamp"},
                   {"Enabled", Kind::boolean},
                   {"MaximumBatchingWindowInSeconds", Kind::integer},
                   {"MaximumRetryAttempts", Kind::integer},
                   {"BisectBatchOnFunctionError", Kind::boolean},
                   {"MaximumRecordAgeInSeconds", Kind::integer},
                   {"DestinationConfig", Kind::map},
                   {"ParallelizationFactor", Kind::integer},
                   {"Topics", Kind::list},
                   {"Queues", Kind::list},
                   {"SourceAccessConfigurations", Kind::list},
                   {"SecretsManagerKmsKeyId", Kind::string},
                   {"TumblingWindowInSeconds", Kind::integer},
                   {"FunctionResponseTypes", Kind::list},
                   {"KafkaBootstrapServers", Kind::list},
                   {"FilterCriteria", Kind::map},
                   {"KmsKeyArn"},
                   {"ConsumerGroupId", Kind::string},
                   {"ScalingConfig", Kind::map},
                   {"ProvisionedPollerConfig", Kind::map},
                   {"SchemaRegistryConfig", Kind::map},
                   {"MetricsConfig", Kind::map},
                   {"LoggingConfig", Kind::map}};
  schema.push_back({source, Kind::any, true, false});
  return schema;
}

Schema rule_schema() {
  return {{"EventBusName", Kind::string},  {"RuleName", Kind::string},     {"Pattern", Kind::map},
          {"DeadLetterConfig", Kind::map}, {"RetryPolicy", Kind::map},     {"Input", Kind::string},
          {"InputPath", Kind::string},     {"Target", Kind::map},          {"Enabled", Kind::boolean},
          {"State", Kind::string},         {"InputTransformer", Kind::map}};
}

const std::map<std::string_view, Schema>& event_schemas() {
  static const std::map<std::string_view, Schema> kSchemas = {
      {"Api",
       {{"Path", Kind::string, true},
        {"Method", Kind::string, true},
        {"RestApiId", Kind::string, true},
        {"Stage", Kind::string},
        {"Auth", Kind::map},
        {"RequestModel", Kind::map},
        {"RequestParameters", Kind::list},
        {"TimeoutInMillis", Kind::integer},
        {"ResponseTransferMode", Kind::string}}},
      {"HttpApi",
       {{"Path", Kind::string},
        {"Method", Kind::string},
        {"ApiId", Kind::string},
        {"Stage", Kind::string},
        {"Auth", Kind::map},
        {"TimeoutInMillis", Kind::integer},
        {"RouteSettings", Kind::map},
        {"PayloadFormatVersion", Kind::string}}},
      {"SNS",
       {{"Topic", Kind::string, true},
        {"Region", Kind::string},
        {"FilterPolicy"},
        {"FilterPolicyScope"},
        {"SqsSubscription", Kind::boolean_or_map},
        {"RedrivePolicy", Kind::map}}},
      {"S3",
       {{"Bucket", Kind::string, true},
        {"Events", Kind::string_or_strings, true, false},
        {"Filter", Kind::map_of_strings}}},
      {"Schedule",
       {{"Schedule", Kind::string, true},
        {"RuleName", Kind::string},
        {"Input", Kind::string},
        {"Enabled", Kind::boolean},
        {"State", Kind::string},
        {"Name", Kind::string},
        {"Description", Kind::string},
        {"DeadLetterConfig", Kind::map},
        {"RetryPolicy", Kind::map}}},
      {"ScheduleV2",
       {{"PermissionsBoundary", Kind::string},
        {"ScheduleExpression", Kind::string, true},
        {"FlexibleTimeWindow", Kind::map},
        {"Name", Kind::string},
        {"State", Kind::string},
        {"Description", Kind::string},
        {"StartDate", Kind::string},
        {"EndDate", Kind::string},
        {"ScheduleExpressionTimezone", Kind::string},
        {"GroupName", Kind::string},
        {"KmsKeyArn", Kind::string},
        {"Input", Kind::string},
        {"RoleArn", Kind::string},
        {"DeadLetterConfig", Kind::map},
        {"RetryPolicy", Kind::map},
        {"OmitName", Kind::boolean, false, false}}},
      {"CloudWatchEvent", rule_schema()},
      {"EventBridgeRule", rule_schema()},
      {"CloudWatchLogs", {{"LogGroupName", Kind::string, true}, {"FilterPattern", Kind::string, true}}},
      {"SQS", pull_schema("Queue", false)},
      {"DynamoDB", pull_schema("Stream", true)},
      {"Kinesis", pull_schema("Stream", true)},
  };
  return kSchemas;
}

}  // namespace

const Schema& schema_of_function() {
  static const Schema kSchema = {{"FunctionName", Kind::string_or_map},
                                 {"Handler"},
                                 {"Runtime"},
                                 {"CodeUri"},
                                 {"ImageUri"},
                                 {"PackageType"},
                                 {"InlineCode"},
                                 {"DeadLetterQueue", Kind::map},
                                 {"Description"},
                                 {"MemorySize"},
                                 {"Timeout"},
                                 {"VpcConfig"},
                                 {"Role", Kind::string},
                                 {"AssumeRolePolicyDocument", Kind::map},
                                 {"Policies", Kind::policies},
                                 {"RolePath"},
                                 {"PermissionsBoundary", Kind::string},
                                 {"Environment", Kind::map_of_maps},
                                 {"Events", Kind::map_of_maps},
                                 {"Tags", Kind::map},
                                 {"PropagateTags", Kind::boolean},
                                 {"Tracing", Kind::string_or_map},
                                 {"KmsKeyArn"},
                                 {"DeploymentPreference", Kind::map},
                                 {"ReservedConcurrentExecutions"},
                                 {"Layers", Kind::list_of_items},
                                 {"EventInvokeConfig", Kind::map},
                                 {"EphemeralStorage"},
                                 {"AutoPublishAlias", Kind::string},
                                 {"AutoPublishCodeSha256", Kind::string},
                                 {"AutoPublishAliasAllProperties", Kind::boolean, false, false},
                                 {"VersionDescription"},
                                 {"ProvisionedConcurrencyConfig"},
                                 {"FileSystemConfigs"},
                                 {"ImageConfig"},
                                 {"CodeSigningConfigArn"},
                                 {"Architectures"},
                                 {"SnapStart", Kind::map},
                                 {"FunctionUrlConfig", Kind::map},
                                 {"RuntimeManagementConfig"},
                                 {"LoggingConfig"},
                                 {"RecursiveLoop"},
                                 {"SourceKMSKeyArn"},
                                 {"CapacityProviderConfig", Kind::map},
                                 {"FunctionScalingConfig", Kind::map},
                                 {"VersionDeletionPolicy", Kind::string},
                                 {"PublishToLatestPublished"},
                                 {"TenancyConfig"},
                                 {"DurableConfig", Kind::map}};
  return kSchema;
}

const Schema& schema_of_api() {
  static const Schema kSchema = {{"__MANAGE_SWAGGER", Kind::boolean},
                                 {"Name", Kind::string_or_map},
                                 {"StageName", Kind::string_or_map, true},
                                 {"Tags", Kind::map},
                                 {"PropagateTags", Kind::boolean},
                                 {"DefinitionBody", Kind::map},
                                 {"DefinitionUri", Kind::string_or_map},
                                 {"MergeDefinitions", Kind::boolean, false, false},
                                 {"CacheClusterEnabled", Kind::boolean},
                                 {"CacheClusterSize", Kind::string},
                                 {"Variables", Kind::map},
                                 {"EndpointConfiguration", Kind::string_or_map},
                                 {"MethodSettings", Kind::list},
                                 {"BinaryMediaTypes", Kind::list},
                                 {"MinimumCompressionSize", Kind::integer},
                                 {"Cors", Kind::string_or_map},
                                 {"Auth", Kind::map},
                                 {"GatewayResponses", Kind::map},
                                 {"AccessLogSetting", Kind::map},
                                 {"CanarySetting", Kind::map},
                                 {"TracingEnabled", Kind::boolean},
                                 {"OpenApiVersion", Kind::string},
                                 {"Models", Kind::map},
                                 {"Domain", Kind::map},
                                 {"FailOnWarnings", Kind::boolean},
                                 {"Description", Kind::string},
                                 {"Mode", Kind::string},
                                 {"DisableExecuteApiEndpoint", Kind::boolean},
                                 {"ApiKeySourceType", Kind::string},
                                 {"AlwaysDeploy", Kind::boolean, false, false},
                                 {"Policy", Kind::string_or_map},
                                 {"SecurityPolicy", Kind::string},
                                 {"EndpointAccessMode", Kind::string}};
  return kSchema;
}

const Schema& schema_of_http_api() {
  static const Schema kSchema = {{"__MANAGE_SWAGGER", Kind::boolean},
                                 {"Name"},
                                 {"StageName", Kind::string_or_map},
                                 {"Tags", Kind::map},
                                 {"PropagateTags", Kind::boolean},
                                 {"DefinitionBody", Kind::map},
                                 {"DefinitionUri", Kind::string_or_map},
                                 {"StageVariables", Kind::map},
                                 {"CorsConfiguration", Kind::boolean_or_map},
                                 {"AccessLogSettings", Kind::map},
                                 {"DefaultRouteSettings", Kind::map},
                                 {"Auth", Kind::map},
                                 {"RouteSettings", Kind::map},
                                 {"Domain", Kind::map},
                                 {"FailOnWarnings", Kind::boolean},
                                 {"Description", Kind::string},
                                 {"DisableExecuteApiEndpoint", Kind::boolean}};
  return kSchema;
}

const Schema& schema_of_simple_table() {
  static const Schema kSchema = {{"PointInTimeRecoverySpecification"},
                                 {"PrimaryKey", Kind::map_of_strings},
                                 {"ProvisionedThroughput", Kind::map_of_integers},
                                 {"TableName", Kind::string_or_map},
                                 {"Tags", Kind::map},
                                 {"SSESpecification", Kind::map}};
  return kSchema;
}

const Schema& schema_of_layer_version() {
  static const Schema kSchema = {{"LayerName", Kind::string_or_map},
                                 {"Description", Kind::string},
                                 {"PublishLambdaVersion", Kind::boolean},
                                 {"ContentUri", Kind::string_or_map, true},
                                 {"CompatibleArchitectures", Kind::list_of_items},
                                 {"CompatibleRuntimes", Kind::list_of_items},
                                 {"LicenseInfo", Kind::string},
                                 {"RetentionPolicy", Kind::string}};
  return kSchema;
}

const Schema& schema_of_application() {
  static const Schema kSchema = {
      {"Location", Kind::string_or_map, true},   {"TemplateUrl", Kind::string}, {"Parameters", Kind::map},
      {"NotificationARNs", Kind::list_of_items}, {"Tags", Kind::map},           {"TimeoutInMinutes", Kind::integer}};
  return kSchema;
}

const Schema* schema_of_event(std::string_view type) {
  const auto found = event_schemas().find(type);
  return found == event_schemas().end() ? nullptr : &found->second;
}

base::Result<> check(const json::object& properties, const Schema& schema, std::string_view id, std::string_view type) {
  for (const auto& [key, _] : properties) {
    const auto named = [name = std::string_view(key)](const Property& property) { return property.name == name; };
    if (std::none_of(schema.begin(), schema.end(), named)) {
      return invalid_resource(
          id, fmt::format("property {} not defined for resource of type {}", std::string_view(key), type));
    }
  }
  for (const auto& property : schema) {
    const auto* value = find(properties, property.name);
    if (value == nullptr) {
      if (property.required) {
        return invalid_resource(id, fmt::format("Missing required property '{}'.", property.name));
      }
      continue;
    }
    const auto* object = value->if_object();
    if (property.intrinsic && object != nullptr && object->size() == 1) continue;
    if (is_of(*value, property.kind)) continue;
    const auto* expected = property.kind == Kind::map ? "map" : property.kind == Kind::string ? "string" : nullptr;
    return invalid_resource(id, expected != nullptr
                                    ? fmt::format("Property '{}' should be a {}.", property.name, expected)
                                    : fmt::format("Type of property '{}' is invalid.", property.name));
  }
  return {};
}

}  // namespace localcloud::sam
