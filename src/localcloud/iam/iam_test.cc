#include "localcloud/iam/iam.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/iam/iam_service.h"
#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kPublish =
    R"({"Statement":[{"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:*"}]})";

TEST(Iam, AllowsRootEverything) {
  TestCloud test;
  EXPECT_TRUE(test.iam->authorize(test.root(), "iam:DeleteRole", "*").has_value());
}

TEST(Iam, DeniesInTheWordsOfAws) {
  TestCloud test;
  auto caller = test.role("worker", kPublish);
  EXPECT_EQ(caller.arn, "arn:aws:sts::123456789012:assumed-role/worker/session");
  EXPECT_TRUE(test.iam->authorize(caller, "sns:Publish", "arn:aws:sns:us-east-1:123456789012:t").has_value());
  auto denied = test.iam->authorize(caller, "dynamodb:GetItem", "arn:aws:dynamodb:us-east-1:123456789012:table/t");
  ASSERT_FALSE(denied.has_value());
  EXPECT_EQ(denied.error().code, "AccessDeniedException");
  EXPECT_EQ(
      denied.error().message,
      "User: arn:aws:sts::123456789012:assumed-role/worker/session is not authorized to perform: dynamodb:GetItem on "
      "resource: arn:aws:dynamodb:us-east-1:123456789012:table/t because no identity-based policy allows the "
      "dynamodb:GetItem action");
  EXPECT_EQ(test.iam->authorize(caller, "sts:AssumeRole", "x").error().code, "AccessDenied");
}

TEST(Iam, EndsSessionsWithTheirRole) {
  TestCloud test;
  test.role("worker", kPublish);
  auto& service = dynamic_cast<IamService&>(*test.iam);
  auto credentials = service.issue(**service.role("worker"), "session", std::chrono::hours(1));
  auto known = [&] { return service.find_key(credentials.access_key_id, credentials.session_token); };
  EXPECT_TRUE(known().has_value());
  Role again = **service.role("worker");
  again.inline_policies.clear();
  (*service.role("worker"))->inline_policies.clear();
  ASSERT_TRUE(service.delete_role("worker"));
  EXPECT_EQ(known().error().code, "InvalidClientTokenId");
  ASSERT_TRUE(service.create_role(again));
  EXPECT_EQ(known().error().code, "InvalidClientTokenId");
}

TEST(Iam, GivesAServiceThePrincipalOfARoleThatTrustsIt) {
  TestCloud test;
  auto& service = dynamic_cast<IamService&>(*test.iam);
  Role role{.name = "function"};
  role.trust = parse(R"({"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},
                         "Action":"sts:AssumeRole"}})");
  role.inline_policies["p"] = parse(kPublish);
  auto arn = (*service.create_role(role))->arn;
  auto principal = service.principal_for_service(arn, "lambda.amazonaws.com", "f");
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(principal->arn, "arn:aws:sts::123456789012:assumed-role/function/f");
  EXPECT_TRUE(service.authorize(*principal, "sns:Publish", "arn:aws:sns:us-east-1:123456789012:t", {}, nullptr));
  EXPECT_FALSE(service.authorize(*principal, "sns:Subscribe", "arn:aws:sns:us-east-1:123456789012:t", {}, nullptr));
  EXPECT_FALSE(service.principal_for_service(arn, "events.amazonaws.com", "f"));
}

TEST(Iam, MakesOfATemplateAllOrNothing) {
  TestCloud test;
  auto types = test.iam->resource_types();
  constexpr std::string_view kTrust = R"("AssumeRolePolicyDocument":{"Statement":{"Effect":"Allow",
      "Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}})";
  auto role = [&](std::string_view members) {
    return test.create(types, "AWS::IAM::Role", fmt::format(R"({{"RoleName":"made",{},{}}})", kTrust, members));
  };
  EXPECT_THAT(role(R"("Policies":[{"PolicyName":"p","Document":{}}])").error().message, HasSubstr("Policies.Document"));
  EXPECT_THAT(role(R"("MaxSessionDuration":43201)").error().message, HasSubstr("MaxSessionDuration"));
  EXPECT_TRUE(role(R"("MaxSessionDuration":"43200")").has_value());
  auto policy = [&](std::string_view roles) {
    return test.create(
        types, "AWS::IAM::ManagedPolicy",
        fmt::format(R"({{"ManagedPolicyName":"mine","PolicyDocument":{},"Roles":[{}]}})", kPublish, roles));
  };
  EXPECT_FALSE(policy(R"("made","nobody")").has_value());
  EXPECT_TRUE(policy(R"("made")").has_value());
}

TEST(Iam, SaysWhenADenyIsExplicit) {
  TestCloud test;
  auto caller = test.role("worker", R"({"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
                                                      {"Effect":"Deny","Action":"s3:*","Resource":"*"}]})");
  auto denied = test.iam->authorize(caller, "s3:GetObject", "arn:aws:s3:::b/k");
  ASSERT_FALSE(denied.has_value());
  EXPECT_THAT(denied.error().message, HasSubstr("with an explicit deny in an identity-based policy"));
}

TEST(Iam, LetsAResourcePolicyAllowOrDeny) {
  TestCloud test;
  auto caller = test.role("worker", kPublish);
  auto names_role = parse(R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/worker"},
                              "Action":"s3:*","Resource":"*"}})");
  EXPECT_TRUE(test.iam->authorize(caller, "s3:GetObject", "arn:aws:s3:::b/k", {}, &names_role).has_value());
  // To name the account is to leave it to the account's own policies.
  auto names_account = parse(R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},
                                 "Action":"s3:*","Resource":"*"}})");
  EXPECT_FALSE(test.iam->authorize(caller, "s3:GetObject", "arn:aws:s3:::b/k", {}, &names_account).has_value());
  auto denies = parse(R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"sns:*","Resource":"*"}})");
  auto denied = test.iam->authorize(caller, "sns:Publish", "arn:aws:sns:us-east-1:123456789012:t", {}, &denies);
  ASSERT_FALSE(denied.has_value());
  EXPECT_THAT(denied.error().message, HasSubstr("explicit deny in a resource-based policy"));
}

TEST(Iam, ForgetsWhatARoleMayAsSoonAsItsPolicyIsGone) {
  TestCloud test;
  auto caller = test.role("worker", kPublish);
  auto& service = dynamic_cast<IamService&>(*test.iam);
  ASSERT_TRUE(service.delete_inline("worker", "test").has_value());
  EXPECT_FALSE(test.iam->authorize(caller, "sns:Publish", "arn:aws:sns:r:1:t").has_value());
}

TEST(Iam, ExpiresTemporaryCredentialsOnTheLocalClock) {
  TestCloud test;
  test.role("worker", kPublish);
  auto credentials =
      test.iam->assume_for_service("arn:aws:iam::123456789012:role/worker", "lambda.amazonaws.com", "fn");
  ASSERT_TRUE(credentials.has_value());
  EXPECT_EQ(test.iam->find_key(credentials->access_key_id, credentials->session_token)->first.arn,
            "arn:aws:sts::123456789012:assumed-role/worker/fn");
  EXPECT_EQ(test.iam->find_key(credentials->access_key_id, "other").error().code, "InvalidClientTokenId");
  test.clock.advance(std::chrono::hours(13));
  EXPECT_EQ(test.iam->find_key(credentials->access_key_id, credentials->session_token).error().code, "ExpiredToken");
}

TEST(Iam, AssumesARoleOnlyForWhomItTrusts) {
  TestCloud test;
  test.role("worker", kPublish);
  auto refused = test.iam->assume_for_service("arn:aws:iam::123456789012:role/worker", "edge.amazonaws.com", "fn");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "AccessDenied");
  auto response = test.query_call(
      *test.iam, "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fworker&RoleSessionName=session",
      "sts");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("<Code>AccessDenied</Code>"));
}

TEST(Iam, TellsCallersWhoTheyAre) {
  TestCloud test;
  auto response = test.query_call(*test.iam, "Action=GetCallerIdentity&Version=2011-06-15", "sts");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn>"));
  EXPECT_THAT(response.body, HasSubstr("<Account>123456789012</Account>"));
  EXPECT_EQ(test.query_call(*test.iam, "Action=GetSessionToken", "sts").status, 501);
}

TEST(Iam, MakesRolesFromTemplates) {
  TestCloud test;
  auto types = test.iam->resource_types();
  constexpr std::string_view kTrust = R"("AssumeRolePolicyDocument":{"Statement":[{"Effect":"Allow",
      "Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]})";
  auto made =
      test.create(types, "AWS::IAM::Role",
                  std::string("{") + std::string(kTrust) +
                      R"(,"ManagedPolicyArns":["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]})");
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_THAT(made->physical_id, ::testing::MatchesRegex("stack-Thing-[A-Za-z0-9]{12}"));
  EXPECT_EQ(made->attributes.at("Arn").as_string(), "arn:aws:iam::123456789012:role/" + made->physical_id);
  auto caller = test.iam->assume_for_service(made->attributes.at("Arn").as_string(), "lambda.amazonaws.com", "s");
  ASSERT_TRUE(caller.has_value());
  auto principal = test.iam->find_key(caller->access_key_id, caller->session_token)->first;
  EXPECT_TRUE(test.iam->authorize(principal, "logs:PutLogEvents", "arn:aws:logs:r:1:log-group:g").has_value());

  auto unknown = test.create(
      types, "AWS::IAM::Role",
      std::string("{") + std::string(kTrust) + R"(,"ManagedPolicyArns":["arn:aws:iam::aws:policy/NoSuchPolicy"]})");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_THAT(unknown.error().message, HasSubstr("arn:aws:iam::aws:policy/NoSuchPolicy"));
}

}  // namespace
}  // namespace localcloud
