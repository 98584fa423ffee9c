#include "localcloud/iam/managed_policies.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace localcloud {

namespace {

namespace json = boost::json;

// One statement, all of it on every resource.
struct ManagedPolicy {
  std::string_view name;  // with its path
  std::vector<std::string_view> actions;
};

const std::vector<ManagedPolicy>& table() {
  static const std::vector<ManagedPolicy> kTable{
      {"AdministratorAccess", {"*"}},
      {"service-role/AWSLambdaBasicExecutionRole",
       {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}},
      {"service-role/AWSLambdaVPCAccessExecutionRole",
       {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "ec2:CreateNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DeleteNetworkInterface",
        "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}},
      {"service-role/AWSLambdaSQSQueueExecutionRole",
       {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "logs:CreateLogGroup",
        "logs:CreateLogStream", "logs:PutLogEvents"}},
      {"service-role/AWSLambdaDynamoDBExecutionRole",
       {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}},
      {"service-role/AWSLambdaKinesisExecutionRole",
       {"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
        "kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard", "logs:CreateLogGroup",
        "logs:CreateLogStream", "logs:PutLogEvents"}},
      {"service-role/AWSLambdaRole", {"lambda:InvokeFunction"}},
      {"service-role/AmazonAPIGatewayPushToCloudWatchLogs",
       {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
        "logs:PutLogEvents", "logs:GetLogEvents", "logs:FilterLogEvents"}},
      {"AWSXRayDaemonWriteAccess",
       {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries"}},
      {"AWSXrayWriteOnlyAccess",
       {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
        "xray:GetSamplingStatisticSummaries"}},
      {"AmazonSQSFullAccess", {"sqs:*"}},
      {"AmazonSNSFullAccess", {"sns:*"}},
      {"AmazonSNSReadOnlyAccess", {"sns:GetTopicAttributes", "sns:List*", "sns:CheckIfPhoneNumberIsOptedOut"}},
      {"AmazonS3FullAccess", {"s3:*", "s3-object-lambda:*"}},
      {"AmazonS3ReadOnlyAccess", {"s3:Get*", "s3:List*", "s3:Describe*"}},
      {"AmazonDynamoDBFullAccess", {"dynamodb:*", "dax:*"}},
      {"AmazonDynamoDBReadOnlyAccess",
       {"dynamodb:BatchGetItem", "dynamodb:Describe*", "dynamodb:List*", "dynamodb:GetItem", "dynamodb:Query",
        "dynamodb:Scan", "dynamodb:PartiQLSelect"}},
      {"AWSLambda_FullAccess",
       {"lambda:*", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:FilterLogEvents"}},
      {"AmazonAPIGatewayInvokeFullAccess", {"execute-api:Invoke", "execute-api:ManageConnections"}},
      {"CloudWatchLogsFullAccess", {"logs:*"}},
      {"AWSCloudFormationFullAccess", {"cloudformation:*"}},
  };
  return kTable;
}

}  // namespace

std::optional<json::value> managed_policy(std::string_view arn) {
  constexpr std::string_view kPrefix = "arn:aws:iam::aws:policy/";
  if (!arn.starts_with(kPrefix)) return std::nullopt;
  auto name = arn.substr(kPrefix.size());
  for (const auto& policy : table()) {
    if (policy.name != name) continue;
    json::array actions;
    for (auto action : policy.actions) actions.emplace_back(action);
    json::object statement{{"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", "*"}};
    json::array statements;
    statements.emplace_back(std::move(statement));
    return json::value(json::object{{"Version", "2012-10-17"}, {"Statement", std::move(statements)}});
  }
  return std::nullopt;
}

}  // namespace localcloud
