#include "localcloud/cloudformation/template.h"

#include <gtest/gtest.h>

#include "localcloud/cloudformation/graph.h"
#include "localcloud/cloudformation/parameters.h"
#include "localcloud/cloudformation/template_url.h"

namespace localcloud {
namespace {

base::Result<Template> read(std::string_view yaml) {
  TRY(auto document, parse_template(yaml));
  return read_template(std::move(document));
}

struct Broken {
  std::string_view yaml;
  std::string_view message;
};

class BrokenTemplates : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenTemplates, AreRefusedInCloudFormationsWords) {
  const auto result = read(GetParam().yaml);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, GetParam().message);
  EXPECT_EQ(result.error().status, 400);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BrokenTemplates,
    ::testing::Values(
        Broken{"[1]", "Template format error: unsupported structure."},
        Broken{"{Description: x}", "Template format error: At least one Resources member must be defined."},
        Broken{"{Resources: {A: {Properties: {}}}}",
               "Template format error: [/Resources/A] Every Resources object must contain a Type member."},
        Broken{"{Foo: 1, Resources: {A: {Type: T}}}", "Invalid template property or properties [Foo]"},
        Broken{"{Resources: {A-b: {Type: T}}}", "Template format error: Resource name A-b is non alphanumeric."},
        Broken{"{Resources: {A: {Type: T, Color: red}}}", "Invalid template resource property 'Color'"},
        Broken{"{Resources: {A: {Type: T, Properties: {x: !Ref B, y: !GetAtt C.Arn, z: !Sub '${D.Arn}${E}'}}}}",
               "Template format error: Unresolved resource dependencies [B, E, C, D] in the Resources block of the "
               "template"},
        Broken{"{Resources: {A: {Type: T, DependsOn: B}}}",
               "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"},
        Broken{"{Resources: {A: {Type: T}}, Outputs: {O: {Value: !Ref B}}}",
               "Template format error: Unresolved resource dependencies [B] in the Outputs block of the template"},
        Broken{"{Resources: {A: {Type: T, Condition: C}}}",
               "Template format error: Unresolved condition dependency C in the Resources block of the template"},
        Broken{"{Conditions: {C: !Equals [!Ref A, 1]}, Resources: {A: {Type: T}}}",
               "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block "
               "of the "
               "template"}));

TEST(Template, NamesTheLineOfASyntaxError) {
  const auto result = read("Resources:\n  A: {Type: T\n");
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().message.starts_with("Template format error: YAML not well-formed. (line "))
      << result.error().message;
}

TEST(CreationOrder, FollowsReferencesAndDependsOn) {
  const auto result = read(R"(
Resources:
  A: {Type: T, Properties: {x: !Sub '${B.Arn}'}}
  B: {Type: T, Properties: {x: [{y: !Ref C}]}}
  C: {Type: T, DependsOn: D}
  D: {Type: T}
  E: {Type: T}
)");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(creation_order(*result, {}).value(), (std::vector<std::string>{"D", "E", "C", "B", "A"}));
}

TEST(CreationOrder, CountsOnlyTheBranchThatIsTaken) {
  const auto result = read(R"(
Conditions: {Yes: !Equals [a, a]}
Resources:
  A: {Type: T, Properties: {x: !If [Yes, 1, !Ref B]}}
  B: {Type: T, Properties: {x: !Ref A}}
)");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(creation_order(*result, {{"Yes", true}}).value(), (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(creation_order(*result, {{"Yes", false}}).error().message, "Circular dependency between resources: [A, B]");
}

TEST(CreationOrder, NamesTheCircleAlone) {
  const auto result =
      read("{Resources: {A: {Type: T, DependsOn: B}, B: {Type: T, DependsOn: A}, C: {Type: T, DependsOn: A}}}");
  ASSERT_TRUE(result);
  EXPECT_EQ(creation_order(*result, {}).error().message, "Circular dependency between resources: [A, B]");
}

// In an account whose parameter store is empty.
base::Result<ParameterValues> resolve(const Template& declared, const std::map<std::string, GivenParameter>& given,
                                      const std::map<std::string, std::string>& previous) {
  const Cloud cloud;
  return resolve_parameters(declared.parameters, {.cloud = cloud, .caller = {}, .given = given, .previous = previous});
}

struct ParameterCase {
  std::string_view declared;
  std::map<std::string, GivenParameter> given;
  std::string_view message;
};

class TemplateParameters : public ::testing::TestWithParam<ParameterCase> {};

TEST_P(TemplateParameters, AreHeldAgainstTheirDeclaration) {
  const auto declared = read(fmt::format("{{Parameters: {}, Resources: {{A: {{Type: T}}}}}}", GetParam().declared));
  ASSERT_TRUE(declared) << declared.error().message;
  const auto result = resolve(*declared, GetParam().given, {{"P", "before"}});
  EXPECT_EQ(result ? "" : result.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, TemplateParameters,
    ::testing::Values(
        ParameterCase{"{P: {Type: String}, Q: {Type: String}}", {}, "Parameters: [P, Q] must have values"},
        ParameterCase{"{P: {Type: String}}", {{"X", {"1"}}}, "Parameters: [X] do not exist in the template"},
        ParameterCase{"{P: {Type: String, Default: x}}", {}, ""},
        ParameterCase{"{P: {Type: String}}", {{"P", {"", true}}}, ""},
        ParameterCase{
            "{P: {Type: String, AllowedValues: [a, b]}}", {{"P", {"c"}}}, "Parameter 'P' must be one of AllowedValues"},
        ParameterCase{"{P: {Type: String, AllowedPattern: '[a-z]+'}}",
                      {{"P", {"a1"}}},
                      "Parameter 'P' must match pattern [a-z]+"},
        ParameterCase{"{P: {Type: String, AllowedPattern: '[a-z]+', ConstraintDescription: letters}}",
                      {{"P", {"1"}}},
                      "Parameter P failed to satisfy constraint: letters"},
        ParameterCase{"{P: {Type: Number}}", {{"P", {"x"}}}, "Parameter 'P' must be a number."},
        ParameterCase{
            "{P: {Type: Number, MaxValue: 5}}", {{"P", {"6"}}}, "Parameter 'P' must be a number not greater than 5."},
        ParameterCase{
            "{P: {Type: String, MinLength: 3}}", {{"P", {"ab"}}}, "Parameter 'P' must contain at least 3 characters"},
        ParameterCase{"{P: {Type: 'AWS::SSM::Parameter::Value<String>'}}",
                      {{"P", {"/x"}}},
                      "Unable to fetch parameters [/x] from parameter store for this account."},
        ParameterCase{"{P: {Type: 'List<AWS::EC2::Subnet::Id>'}}", {{"P", {"subnet-1,subnet-2"}}}, ""},
        ParameterCase{"{P: {Type: 'AWS::EC2::Thing'}}",
                      {{"P", {"x"}}},
                      "Template format error: Unrecognized parameter type: AWS::EC2::Thing"}));

TEST(TemplateParameterLists, AreSplitAndTrimmed) {
  const auto declared =
      read("{Parameters: {P: {Type: CommaDelimitedList, Default: 'a, b,c'}}, Resources: {A: {Type: T}}}");
  ASSERT_TRUE(declared);
  const auto result = resolve(*declared, {}, {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->values.at("P"), json::parse(R"(["a","b","c"])"));
}

TEST(TemplateUrl, FindsBucketAndKey) {
  const auto at = [](std::string_view url) {
    const auto found = s3_location(url, "http://127.0.0.1:4571");
    return found ? found->first + "|" + found->second : found.error().message;
  };
  EXPECT_EQ(at("http://127.0.0.1:4571/bucket/a/key%20x"), "bucket|a/key x");
  EXPECT_EQ(at("https://bucket.s3.us-east-1.amazonaws.com/a/key"), "bucket|a/key");
  EXPECT_EQ(at("https://my.bucket.s3.amazonaws.com/key"), "my.bucket|key");
  EXPECT_EQ(at("https://s3.us-east-1.amazonaws.com/bucket/key"), "bucket|key");
  EXPECT_EQ(at("https://example.com/bucket/key"), "TemplateURL must be a supported URL.");
  EXPECT_EQ(at("https://s3.amazonaws.com/bucket"), "TemplateURL must be a supported URL.");
}

}  // namespace
}  // namespace localcloud
