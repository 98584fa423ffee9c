#include "localcloud/cloudformation/sam/sam.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "codec/yaml.h"
#include "localcloud/cloudformation/template.h"

namespace localcloud {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::filesystem::path(__FILE__).parent_path() / "testing" / name);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The hash of a REST deployment is of other text than AWS's.
std::string without_hashes(const std::string& text) {
  const auto ids = std::regex_replace(text, std::regex("Deployment[0-9a-f]{10}\""), "DeploymentHASH\"");
  return std::regex_replace(ids, std::regex("deployment id: [0-9a-f]{40}"), "deployment id: HASH");
}

class SamTranslations : public ::testing::TestWithParam<const char*> {};

// The .json files are what aws-sam-translator 1.115.0 makes of the .yaml files beside them.
TEST_P(SamTranslations, AreThoseOfAws) {
  const auto document = parse_template(file(std::string(GetParam()) + ".yaml"));
  ASSERT_TRUE(document) << document.error().message;
  const auto mine = expand_sam(*document);
  ASSERT_TRUE(mine) << mine.error().message;
  const auto aws = json::parse(without_hashes(file(std::string(GetParam()) + ".json"))).get_object();
  const auto actual = json::parse(without_hashes(json::serialize(*mine))).get_object();
  for (const auto& [id, expected] : aws.at("Resources").get_object()) {
    const auto* resource = actual.at("Resources").get_object().if_contains(id);
    ASSERT_NE(resource, nullptr) << std::string_view(id);
    EXPECT_EQ(*resource, expected) << std::string_view(id) << "\nmine " << json::serialize(*resource) << "\naws  "
                                   << json::serialize(expected);
  }
  EXPECT_EQ(actual, aws);
}

INSTANTIATE_TEST_SUITE_P(Files, SamTranslations,
                         ::testing::Values("http_api_and_sns", "rest_api", "explicit_apis", "roles_and_tables"));

struct Refusal {
  std::string_view yaml;  // the properties of a function F
  std::string_view reason;
};

class SamRefusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(SamRefusals, AreWordedAsSamWordsThem) {
  const auto document = parse_template(
      fmt::format("{{Resources: {{F: {{Type: 'AWS::Serverless::Function', Properties: {}}}}}}}", GetParam().yaml));
  ASSERT_TRUE(document) << document.error().message;
  const auto result = expand_sam(*document);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, kTransformFailed);
  EXPECT_EQ(
      result.error().message,
      fmt::format("Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application Specification "
                  "document. Number of errors found: 1. {}",
                  GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Table, SamRefusals,
    ::testing::Values(
        Refusal{"{CodeUri: ./src}",
                "Resource with id [F] is invalid. 'CodeUri' is not a valid S3 Uri of the form 's3://bucket/key' with "
                "optional versionId query parameter."},
        Refusal{"{InlineCode: x, Handler: a.b}",
                "Resource with id [F] is invalid. Runtime and Handler needs to be present when PackageType is of type "
                "`Zip`"},
        Refusal{"{InlineCode: x, Nonsense: 1}",
                "Resource with id [F] is invalid. property Nonsense not defined for resource of type "
                "AWS::Serverless::Function"},
        Refusal{"{InlineCode: x, Handler: a, Runtime: r, Events: {E: {Type: SQS, Properties: {}}}}",
                "Resource with id [FE] is invalid. Missing required property 'Queue'."},
        Refusal{"{InlineCode: x, Handler: a, Runtime: r, Events: {E: {Type: IoTRule, Properties: {Sql: s}}}}",
                "Resource with id [F] is invalid. Event with id [E] is invalid. The event type IoTRule is not "
                "implemented by the local cloud"},
        Refusal{"{InlineCode: x, Handler: a, Runtime: r, Policies: [NoSuchPolicy: {KeyId: k}]}",
                "Resource with id [F] is invalid. Policy at index 0 in the 'Policies' property is not valid"},
        Refusal{
            "{InlineCode: x, Handler: a, Runtime: r, Policies: [SQSPollerPolicy: {Queue: q}]}",
            "Resource with id [F] is invalid. Following required parameters of template 'SQSPollerPolicy' don't have "
            "values: ['QueueName']"},
        Refusal{"{InlineCode: x, Handler: a, Runtime: r, Policies: ViewOnlyAccess}",
                "Resource with id [F] is invalid. The managed policy ViewOnlyAccess is not implemented by the local "
                "cloud"},
        Refusal{"{InlineCode: x, Handler: a, Runtime: r, AutoPublishAlias: live, DeploymentPreference: {Type: "
                "Canary10Percent5Minutes}}",
                "Resource with id [F] is invalid. DeploymentPreference is not implemented by the local cloud"},
        Refusal{
            "{InlineCode: x, Handler: a, Runtime: r, Events: {A: {Type: HttpApi, Properties: {Path: /, Method: "
            "get}}, B: {Type: HttpApi, Properties: {Path: /, Method: GET}}}}",
            "Resource with id [F] is invalid. Event with id [B] is invalid. API method 'get' defined multiple times "
            "for path '/'."}));

TEST(Sam, RefusesTypesThatAreNotHereAndUnknownGlobals) {
  const auto type = expand_sam(parse_template("{Resources: {S: {Type: 'AWS::Serverless::StateMachine'}}}").value());
  ASSERT_FALSE(type);
  EXPECT_NE(type.error().message.find("AWS::Serverless::StateMachine is not implemented"), std::string::npos);
  const auto globals =
      expand_sam(parse_template("{Globals: {Function: {Role: x}}, Resources: {A: {Type: T}}}").value());
  ASSERT_FALSE(globals);
  EXPECT_NE(globals.error().message.find("'Role' is not a supported property of 'Function'"), std::string::npos);
}

// AlwaysDeploy is by the time, not by the definition.
TEST(Sam, MakesANewDeploymentEachTimeIfAsked) {
  const auto document =
      parse_template("{Resources: {A: {Type: 'AWS::Serverless::Api', Properties: {StageName: s, AlwaysDeploy: true}}}}")
          .value();
  const auto deployment_at = [&document](std::int64_t now) {
    const auto result = expand_sam(document, SamInput{.now = now}).value();
    for (const auto& [id, resource] : result.at("Resources").get_object()) {
      if (resource.at("Type") == "AWS::ApiGateway::Deployment") return std::string(id);
    }
    return std::string();
  };
  EXPECT_EQ(deployment_at(1), deployment_at(1));
  EXPECT_NE(deployment_at(1), deployment_at(2));
}

}  // namespace
}  // namespace localcloud
