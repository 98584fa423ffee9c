#include "app/parameters.h"

#include <gtest/gtest.h>

#include "codec/yaml.h"

namespace app {
namespace {

constexpr const char* kTemplate = R"(
Parameters:
  Stage: {Type: String, Default: dev}
  Count: {Type: Number, Default: 3}
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
  Open: {Type: String}
  Empty: {Type: String, Default: ''}
  Late: {Type: String, Default: x}
  Secret: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /name}
Mappings:
  Sizes: {dev: {memory: 256, zones: [a, b]}, prod: {memory: 1024}}
  Odd: {a: {b: {'Fn::FindInMap': [Odd, a, b]}}}
Conditions:
  IsDev: !Equals [!Ref Stage, dev]
  IsProd: !Not [!Condition IsDev]
  Both: !And [!Condition IsDev, !Equals [!Ref Count, 3]]
  Either: !Or [!Equals [!Ref Open, x], !Condition IsDev]
  Neither: !And [!Equals [!Ref Open, x], !Condition IsProd]
  Unsure: !Equals [!Ref Open, x]
  Region: !Equals [!Ref 'AWS::Region', eu-west-1]
  Circle: !Not [!Condition Circle]
  HasEmpty: !Not [!Equals [!Ref Empty, '']]
)";

class KnownValuesTest : public testing::Test {
 protected:
  static boost::json::value parse(std::string_view yaml) {
    auto document = codec::parse_yaml(yaml);
    EXPECT_TRUE(document) << yaml;
    return document ? document->value : boost::json::value();
  }
  std::string text(std::string_view yaml) const { return values_.text(parse(yaml)).value_or("?"); }
  std::string pattern(std::string_view yaml) const { return values_.pattern(parse(yaml)).value_or("?"); }

  const boost::json::value document_ = parse(kTemplate);
  const KnownValues values_{document_, {{"Late", std::nullopt}}, {{"AWS::Partition", "aws"}}};
};

TEST_F(KnownValuesTest, ResolvesIntrinsicFunctionsOverWhatIsKnown) {
  struct {
    const char* yaml;
    const char* text;
  } cases[] = {
      {"plain", "plain"},
      {"12", "12"},
      {"true", "true"},
      {"!Ref Stage", "dev"},
      {"!Ref Count", "3"},
      {"!Ref 'AWS::Partition'", "aws"},
      {"!Sub '${Stage}-${!Literal}'", "dev-${Literal}"},
      {"!Sub ['${Stage}-${Own}', {Own: !Ref Count}]", "dev-3"},
      {"!Join ['-', [a, !Ref Stage]]", "a-dev"},
      {"!Join ['+', !Ref Names]", "a+b"},
      {"!Join ['', [a, !Ref 'AWS::NoValue', b]]", "ab"},
      {"!Select [1, !Ref Names]", "b"},
      {"!Select [0, [x, !Ref Open]]", "x"},
      {"!Select [1, !Split [/, 'a/b/c']]", "b"},
      {"!Select ['0', !FindInMap [Sizes, dev, zones]]", "a"},
      {"!FindInMap [Sizes, !Ref Stage, memory]", "256"},
      {"!FindInMap [Sizes, test, memory, {DefaultValue: 128}]", "128"},
      {"!If [IsDev, yes, !Ref Open]", "yes"},
      {"!If [IsProd, yes, !If [IsDev, inner, x]]", "inner"},
  };
  for (const auto& test : cases) EXPECT_EQ(text(test.yaml), test.text) << test.yaml;
}

TEST_F(KnownValuesTest, LeavesUnknownWhatOnlyCloudFormationKnows) {
  for (const char* yaml : {"!Ref Open",
                           "!Ref Late",
                           "!Ref Secret",
                           "!Ref 'AWS::Region'",
                           "!Ref 'AWS::NoValue'",
                           "!GetAtt Role.Arn",
                           "!ImportValue x",
                           "!Sub 'a-${Role}'",
                           "!Sub '${Role.Arn}'",
                           "!Sub 'a${'",
                           "!Join ['-', [a, !Ref Open]]",
                           "!Select [5, [a]]",
                           "!Select [-1, [a]]",
                           "!Select [x, [a]]",
                           "!FindInMap [Sizes, test, memory]",
                           "!FindInMap [Sizes, !Ref 'AWS::Region', memory, {DefaultValue: 1}]",
                           "!FindInMap [Odd, a, b]",
                           "!If [Unsure, a, a]",
                           "!If [Circle, a, b]",
                           "!If [Missing, a, b]",
                           "{a: b}",
                           "[a]",
                           "!Select [0, !Split ['', a]]",
                           "!Base64 x"}) {
    EXPECT_EQ(text(yaml), "?") << yaml;
  }
}

TEST_F(KnownValuesTest, DecidesConditionsAsFarAsTheyAreKnown) {
  EXPECT_EQ(values_.condition("IsDev"), true);
  EXPECT_EQ(values_.condition("IsProd"), false);
  EXPECT_EQ(values_.condition("Both"), true);
  EXPECT_EQ(values_.condition("Either"), true);
  EXPECT_EQ(values_.condition("Neither"), false);
  EXPECT_EQ(values_.condition("HasEmpty"), false);
  for (const char* unknown : {"Unsure", "Region", "Circle", "Missing"}) {
    EXPECT_EQ(values_.condition(unknown), std::nullopt) << unknown;
  }
}

TEST_F(KnownValuesTest, ChoosesBranches) {
  auto unknown = parse("!If [Unsure, a, b]");
  EXPECT_EQ(values_.chosen(&unknown), &unknown);
  auto none = parse("!If [HasEmpty, !Ref Empty, !Ref 'AWS::NoValue']");
  EXPECT_EQ(values_.chosen(&none), nullptr);
  EXPECT_EQ(values_.chosen(nullptr), nullptr);
}

TEST_F(KnownValuesTest, KeepsPseudoParametersInPatterns) {
  EXPECT_EQ(pattern("!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Stage}'"),
            "arn:aws:iam::${AWS::AccountId}:role/dev");
  EXPECT_EQ(pattern("!Join [':', [arn, !Ref 'AWS::Region']]"), "arn:${AWS::Region}");
  EXPECT_EQ(pattern("!Sub 'arn:${Role}'"), "?");
  EXPECT_EQ(pattern("!Select [0, !Split [':', !Ref 'AWS::Region']]"), "?");
}

TEST_F(KnownValuesTest, GivesListsToNestedStacksAsText) {
  EXPECT_EQ(values_.parameter(parse("!Ref Names")), "a,b");
  EXPECT_EQ(values_.parameter(parse("[a, !Ref Stage]")), "a,dev");
  EXPECT_EQ(values_.parameter(parse("[a, !Ref Open]")), std::nullopt);
}

}  // namespace
}  // namespace app
