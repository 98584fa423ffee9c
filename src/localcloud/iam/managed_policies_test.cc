#include "localcloud/iam/managed_policies.h"

#include <gtest/gtest.h>

#include "localcloud/iam/policy.h"

namespace localcloud {
namespace {

class ManagedPolicies : public ::testing::TestWithParam<const char*> {};

// Each is found by its name, has the ARN that IAM lists, and says nothing that the evaluator does not know.
TEST_P(ManagedPolicies, AreKnownByNameAndArnAndCanBeEvaluated) {
  const std::string arn = GetParam();
  const auto name = arn.substr(arn.rfind('/') + 1);
  EXPECT_EQ(managed_policy_arn(name), arn);
  const auto document = managed_policy(arn);
  ASSERT_TRUE(document);
  const auto checked = check_policy(*document, false);
  EXPECT_TRUE(checked) << checked.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    OfServerlessApps, ManagedPolicies,
    ::testing::Values(
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaKinesisExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess", "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
        "arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/PowerUserAccess",
        "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
        "arn:aws:iam::aws:policy/AWSLambda_FullAccess", "arn:aws:iam::aws:policy/AmazonEventBridgeFullAccess",
        "arn:aws:iam::aws:policy/SecretsManagerReadWrite", "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser",
        "arn:aws:iam::aws:policy/AmazonSSMFullAccess", "arn:aws:iam::aws:policy/AWSCodeCommitFullAccess"));

TEST(ManagedPolicy, ThatAreNotThereAreNotKnown) {
  EXPECT_FALSE(managed_policy_arn("ViewOnlyAccess"));
  EXPECT_FALSE(managed_policy_arn(""));
  EXPECT_FALSE(managed_policy("arn:aws:iam::aws:policy/ViewOnlyAccess"));
  EXPECT_FALSE(managed_policy("arn:aws:iam::123456789012:policy/AdministratorAccess"));
}

// Every path of AWS's; a part of a name is no name.
TEST(ManagedPolicy, AreFoundByTheirWholeName) {
  EXPECT_EQ(managed_policy_arn("AWSLambdaRole"), "arn:aws:iam::aws:policy/service-role/AWSLambdaRole");
  EXPECT_FALSE(managed_policy_arn("Role"));
}

}  // namespace
}  // namespace localcloud
