#include "localcloud/iam/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

struct Case {
  const char* name;
  const char* statements;
  const char* action;
  const char* resource;
  Decision expected;
  ConditionContext context = {};
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.name;
}

constexpr auto kAllow = Decision::allow;
constexpr auto kNothing = Decision::implicit_deny;
constexpr auto kDeny = Decision::explicit_deny;

json::value document(std::string_view statements) {
  return parse("{\"Version\":\"2012-10-17\",\"Statement\":" + std::string(statements) + "}");
}

class PolicyTable : public ::testing::TestWithParam<Case> {};

TEST_P(PolicyTable, Decides) {
  const auto& one = GetParam();
  auto policy = document(one.statements);
  ASSERT_TRUE(check_policy(policy, false).has_value());
  PolicyQuestion question{.action = one.action, .resource = one.resource, .context = one.context};
  EXPECT_EQ(evaluate(policy, question, false), one.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Elements, PolicyTable,
    ::testing::Values(
        Case{"action and resource match", R"({"Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:r:1:t"})",
             "sns:Publish", "arn:aws:sns:r:1:t", kAllow},
        Case{"an action compares without case", R"({"Effect":"Allow","Action":"SNS:publish","Resource":"*"})",
             "sns:Publish", "x", kAllow},
        Case{"a resource compares with case", R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:sns:r:1:T"})",
             "sns:Publish", "arn:aws:sns:r:1:t", kNothing},
        Case{"another action", R"({"Effect":"Allow","Action":"sns:Publish","Resource":"*"})", "sns:Subscribe", "x",
             kNothing},
        Case{"wildcards in an action", R"({"Effect":"Allow","Action":"dynamodb:Get*","Resource":"*"})",
             "dynamodb:GetItem", "x", kAllow},
        Case{"a question mark is one character", R"({"Effect":"Allow","Action":"a:?b","Resource":"*"})", "a:b", "x",
             kNothing},
        Case{"lists", R"([{"Effect":"Allow","Action":["a:x","a:y"],"Resource":["arn:aws:1","arn:aws:2"]}])", "a:y",
             "arn:aws:2", kAllow},
        Case{"an explicit deny wins",
             R"([{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"a:*","Resource":"*"}])",
             "a:x", "x", kDeny},
        Case{"a deny before the allow wins too",
             R"([{"Effect":"Deny","Action":"a:x","Resource":"*"},{"Effect":"Allow","Action":"*","Resource":"*"}])",
             "a:x", "x", kDeny},
        Case{"NotAction allows the rest", R"({"Effect":"Allow","NotAction":"iam:*","Resource":"*"})", "s3:GetObject",
             "x", kAllow},
        Case{"NotAction leaves out", R"({"Effect":"Allow","NotAction":"iam:*","Resource":"*"})", "iam:GetRole", "x",
             kNothing},
        Case{"NotResource leaves out", R"({"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::a/*"})",
             "s3:GetObject", "arn:aws:s3:::a/k", kNothing},
        Case{"NotResource hits the rest", R"({"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::a/*"})",
             "s3:GetObject", "arn:aws:s3:::b/k", kDeny},
        Case{"a wildcard crosses slashes and colons", R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:x:*"})",
             "a:b", "arn:aws:x:r:1:p/q", kAllow},
        Case{"a policy variable",
             R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:userid}/*"})",
             "s3:GetObject",
             "arn:aws:s3:::b/ME/k",
             kAllow,
             {{"aws:userid", "ME"}}},
        Case{"a variable's wildcard is no wildcard",
             R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:userid}"})",
             "s3:GetObject",
             "arn:aws:s3:::b/other",
             kNothing,
             {{"aws:userid", "*"}}},
        Case{"a variable without a value matches nothing",
             R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"})", "s3:GetObject",
             "arn:aws:s3:::b/${aws:username}", kNothing},
        Case{"an escaped star", R"({"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${*}"})", "s3:GetObject",
             "arn:aws:s3:::b/x", kNothing}));

struct ConditionCase {
  const char* condition;
  ConditionContext context;
  bool holds;
};

void PrintTo(const ConditionCase& one, std::ostream* out) {
  *out << one.condition;
}

class ConditionTable : public ::testing::TestWithParam<ConditionCase> {};

TEST_P(ConditionTable, Decides) {
  const auto& one = GetParam();
  auto policy =
      document(std::string(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)") + one.condition + "}");
  auto checked = check_policy(policy, false);
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  PolicyQuestion question{.action = "a:b", .resource = "x", .context = one.context};
  EXPECT_EQ(evaluate(policy, question, false) == Decision::allow, one.holds);
}

INSTANTIATE_TEST_SUITE_P(
    Operators, ConditionTable,
    ::testing::Values(
        ConditionCase{R"({"StringEquals":{"k":"v"}})", {{"K", "v"}}, true},
        ConditionCase{R"({"StringEquals":{"k":["u","v"]}})", {{"k", "v"}}, true},
        ConditionCase{R"({"StringEquals":{"k":"v*"}})", {{"k", "vv"}}, false},
        ConditionCase{R"({"StringEquals":{"k":"v"}})", {}, false},
        ConditionCase{R"({"StringEqualsIfExists":{"k":"v"}})", {}, true},
        ConditionCase{R"({"StringNotEquals":{"k":"v"}})", {}, true},
        ConditionCase{R"({"StringNotEquals":{"k":["u","v"]}})", {{"k", "v"}}, false},
        ConditionCase{R"({"StringEqualsIgnoreCase":{"k":"V"}})", {{"k", "v"}}, true},
        ConditionCase{R"({"StringLike":{"k":"a*c"}})", {{"k", "abbc"}}, true},
        ConditionCase{R"({"StringNotLike":{"k":"a*c"}})", {{"k", "abbc"}}, false},
        ConditionCase{R"({"StringEquals":{"k":"v"},"Bool":{"b":"true"}})", {{"k", "v"}, {"b", "false"}}, false},
        ConditionCase{R"({"Bool":{"b":true}})", {{"b", "true"}}, true},
        ConditionCase{R"({"NumericLessThanEquals":{"n":10}})", {{"n", "10"}}, true},
        ConditionCase{R"({"NumericLessThan":{"n":"10"}})", {{"n", "9.5"}}, true},
        ConditionCase{R"({"NumericGreaterThan":{"n":"9"}})", {{"n", "10"}}, true},
        ConditionCase{R"({"NumericEquals":{"n":"9"}})", {{"n", "x"}}, false},
        ConditionCase{R"({"DateLessThan":{"d":"2026-01-02T00:00:00Z"}})", {{"d", "2026-01-01T23:59:59Z"}}, true},
        ConditionCase{R"({"DateGreaterThan":{"d":"2026-01-02"}})", {{"d", "2026-01-01T23:59:59Z"}}, false},
        ConditionCase{R"({"IpAddress":{"ip":"10.1.0.0/16"}})", {{"ip", "10.1.200.3"}}, true},
        ConditionCase{R"({"IpAddress":{"ip":"10.1.0.0/16"}})", {{"ip", "10.2.0.1"}}, false},
        ConditionCase{R"({"NotIpAddress":{"ip":"127.0.0.1"}})", {{"ip", "127.0.0.1"}}, false},
        ConditionCase{R"({"ArnLike":{"a":"arn:aws:sns:*:1:t*"}})", {{"a", "arn:aws:sns:r:1:topic"}}, true},
        ConditionCase{R"({"ArnLike":{"a":"arn:aws:sns:*:t"}})", {{"a", "arn:aws:sns:r:1:t"}}, false},
        ConditionCase{R"({"ArnNotEquals":{"a":"arn:aws:sns:r:1:t"}})", {{"a", "arn:aws:sns:r:1:t"}}, false},
        ConditionCase{R"({"Null":{"k":"true"}})", {}, true}, ConditionCase{R"({"Null":{"k":"false"}})", {}, false},
        ConditionCase{R"({"ForAnyValue:StringEquals":{"k":"v"}})", {}, false},
        ConditionCase{R"({"ForAllValues:StringEquals":{"k":"v"}})", {}, true},
        ConditionCase{R"({"StringEquals":{"k":"${aws:userid}"}})", {{"k", "ME"}, {"aws:userid", "ME"}}, true}));

TEST(Policy, OfAResourceNamesItsCaller) {
  auto policy = document(R"([{"Effect":"Allow","Principal":{"Service":["a.amazonaws.com","lambda.amazonaws.com"]},
                              "Action":"sts:AssumeRole"}])");
  ASSERT_TRUE(check_policy(policy, true).has_value());
  PolicyQuestion question{.action = "sts:AssumeRole", .resource = {}, .context = {}, .principal_kind = "Service"};
  question.principals = {"lambda.amazonaws.com"};
  EXPECT_EQ(evaluate(policy, question, true), kAllow);
  question.principals = {"sns.amazonaws.com"};
  EXPECT_EQ(evaluate(policy, question, true), kNothing);
  question.principal_kind = "AWS";
  question.principals = {"lambda.amazonaws.com"};
  EXPECT_EQ(evaluate(policy, question, true), kNothing);
}

TEST(Policy, RefusesWhatItDoesNotKnowByName) {
  auto message = [](std::string_view statement) {
    auto checked = check_policy(document(statement), false);
    return checked ? std::string() : checked.error().code + ": " + checked.error().message;
  };
  EXPECT_EQ(message(R"({"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringMagic":{"k":"v"}}})"),
            "MalformedPolicyDocument: Invalid Condition type : StringMagic.");
  EXPECT_THAT(message(R"({"Effect":"Allow","Action":"a:b","Resource":"*","Extra":1})"), ::testing::HasSubstr("Extra"));
  EXPECT_THAT(message(R"({"Effect":"Permit","Action":"a:b","Resource":"*"})"), ::testing::HasSubstr("Syntax"));
  EXPECT_THAT(message(R"({"Effect":"Allow","Action":"publish","Resource":"*"})"), ::testing::HasSubstr("vendor"));
  EXPECT_THAT(message(R"({"Effect":"Allow","Action":"a:b"})"), ::testing::HasSubstr("must contain resources"));
  EXPECT_THAT(message(R"({"Effect":"Allow","Action":"a:b","Resource":"topic"})"), ::testing::HasSubstr("ARN format"));
  EXPECT_THAT(message(R"({"Effect":"Allow","Principal":"*","Action":"a:b","Resource":"*"})"),
              ::testing::HasSubstr("should not specify a principal"));
}

}  // namespace
}  // namespace localcloud
