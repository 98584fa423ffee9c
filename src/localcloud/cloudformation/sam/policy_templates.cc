#include <fmt/format.h>

#include "localcloud/cloudformation/sam/expansion.h"

namespace localcloud::sam {
namespace {

// From samtranslator/policy_templates_data/policy_templates.json (Apache-2.0). Every resource there is a Fn::Sub of a
// text with the one variable that is the parameter's name in lower case at its start.
struct PolicyTemplate {
  std::string_view parameter;  // empty: none
  std::string_view variable;
  std::vector<std::string_view> actions;
  std::vector<std::string_view> resources;
};

constexpr std::string_view kTable =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}";
constexpr std::string_view kIndex =
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${tableName}/index/*";
constexpr std::string_view kBucket = "arn:${AWS::Partition}:s3:::${bucketName}";
constexpr std::string_view kObjects = "arn:${AWS::Partition}:s3:::${bucketName}/*";
constexpr std::string_view kQueue = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${queueName}";

const std::map<std::string_view, PolicyTemplate>& templates() {
  static const std::map<std::string_view, PolicyTemplate> kTemplates = {
      {"SNSPublishMessagePolicy",
       {"TopicName",
        "topicName",
        {"sns:Publish"},
        {"arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${topicName}"}}},
      {"DynamoDBCrudPolicy",
       {"TableName",
        "tableName",
        {"dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:Query",
         "dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:BatchGetItem", "dynamodb:DescribeTable",
         "dynamodb:ConditionCheckItem"},
        {kTable, kIndex}}},
      {"DynamoDBReadPolicy",
       {"TableName",
        "tableName",
        {"dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:DescribeTable"},
        {kTable, kIndex}}},
      {"DynamoDBWritePolicy",
       {"TableName",
        "tableName",
        {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"},
        {kTable, kIndex}}},
      {"S3ReadPolicy",
       {"BucketName",
        "bucketName",
        {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion",
         "s3:GetLifecycleConfiguration"},
        {kBucket, kObjects}}},
      {"S3WritePolicy",
       {"BucketName",
        "bucketName",
        {"s3:PutObject", "s3:PutObjectAcl", "s3:PutLifecycleConfiguration"},
        {kBucket, kObjects}}},
      {"S3CrudPolicy",
       {"BucketName",
        "bucketName",
        {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:GetObjectVersion", "s3:PutObject",
         "s3:PutObjectAcl", "s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration", "s3:DeleteObject"},
        {kBucket, kObjects}}},
      {"SQSSendMessagePolicy", {"QueueName", "queueName", {"sqs:SendMessage*"}, {kQueue}}},
      {"SQSPollerPolicy",
       {"QueueName",
        "queueName",
        {"sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch", "sqs:DeleteMessage",
         "sqs:DeleteMessageBatch", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        {kQueue}}},
      {"LambdaInvokePolicy",
       {"FunctionName",
        "functionName",
        {"lambda:InvokeFunction"},
        {"arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${functionName}*"}}},
      {"AWSSecretsManagerGetSecretValuePolicy",
       {"SecretArn", "secretArn", {"secretsmanager:GetSecretValue"}, {"${secretArn}"}}},
      {"CloudWatchPutMetricPolicy", {"", "", {"cloudwatch:PutMetricData"}, {}}},
  };
  return kTemplates;
}

}  // namespace

std::optional<base::Result<json::object>> policy_template(std::string_view name, const json::object& parameters) {
  const auto found = templates().find(name);
  if (found == templates().end()) return std::nullopt;
  const auto& one = found->second;
  for (const auto& [key, value] : parameters) {
    if (key != one.parameter) {
      return invalid(fmt::format("{} is not a parameter of the policy template {}", std::string_view(key), name));
    }
  }
  const auto* value = one.parameter.empty() ? nullptr : parameters.if_contains(one.parameter);
  if (value == nullptr && !one.parameter.empty()) {
    return invalid(
        fmt::format("Following required parameters of template '{}' don't have values: ['{}']", name, one.parameter));
  }
  json::object statement;
  auto& actions = statement["Action"].emplace_array();
  for (const auto action : one.actions) actions.emplace_back(action);
  statement["Effect"] = "Allow";
  json::array resources;
  for (const auto text : one.resources) {
    json::object variables;
    variables[one.variable] = *value;
    resources.emplace_back(sub(text, std::move(variables)));
  }
  if (resources.empty())
    statement["Resource"] = "*";
  else if (resources.size() == 1)
    statement["Resource"] = resources.front();
  else
    statement["Resource"] = std::move(resources);
  json::object document;
  document["Statement"].emplace_array().emplace_back(std::move(statement));
  return document;
}

}  // namespace localcloud::sam
