#include "app/for_each.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/rewrite.h"
#include "app/template_reader.h"
#include "app/testing/rewriting.h"

namespace app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kHead = "Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]\n";
// A loop over COLLECTION, in place of which stands what there is to loop over.
constexpr const char* kLoop = R"(
Parameters:
  Names: {Type: CommaDelimitedList, Default: 'a, b'}
  Unknown: {Type: CommaDelimitedList}
  Secret: {Type: 'AWS::SSM::Parameter::Value<List<String>>', Default: /names}
Mappings:
  Stages: {dev: {Names: [m, n], One: text}}
Resources:
  Fn::ForEach::Functions: [Name, COLLECTION, {'F${Name}': {Type: AWS::Serverless::Function, Properties: {
    Handler: '${Name}.handler', Runtime: nodejs22.x, CodeUri: src}}}]
)";

codec::Document parsed(std::string_view yaml) {
  auto document = codec::parse_yaml(yaml);
  EXPECT_TRUE(document) << document.error().message;
  return document ? std::move(*document) : codec::Document{};
}

std::optional<codec::Document> expanded(const std::string& yaml, const KnownValues::Given& given = {}) {
  auto document = parsed(yaml);
  return expand_loops(document, KnownValues(document.value, given, {{"AWS::Region", "us-east-1"}}));
}

std::string loop_over(std::string_view collection) {
  std::string text = std::string(kHead) + kLoop;
  return text.replace(text.find("COLLECTION"), std::string_view("COLLECTION").size(), collection);
}

std::vector<std::string> names_of(const codec::Document& document, std::string_view section = "Resources") {
  std::vector<std::string> names;
  for (const auto& member : document.value.at(section).get_object()) names.emplace_back(member.key());
  return names;
}

TEST(ForEach, PutsWhatALoopMakesInItsPlace) {
  auto document = expanded(std::string(kHead) + R"(
Conditions:
  Fn::ForEach::Each: [C, [One], {'Is${C}': !Equals ['${C}', One]}]
Resources:
  First: {Type: AWS::SNS::Topic}
  Fn::ForEach::Functions:
    - Name
    - [One, 2]
    - F${Name}:
        Type: AWS::Lambda::Function
        Condition: Is${Name}
        DependsOn: ['Role${Name}']
        Properties:
          Handler: ${Name}/index.handler
          Role: !GetAtt Role${Name}.Arn
          Environment: {Variables: {NAME: !Ref Name, 'KEY_${Name}': !Sub '${Name}-${AWS::Region}-${!Name}-${Names}'}}
          Tags: [{Key: !Sub '${Name}', Value: !GetAtt [!Sub 'Role${Name}', Arn]}]
      Role${Name}: {Type: AWS::IAM::Role}
  Last: {Type: AWS::SNS::Topic}
Outputs:
  Fn::ForEach::Out: [Name, [One], {'Out${Name}': {Value: !GetAtt 'F${Name}.Arn'}}]
)");
  ASSERT_TRUE(document);
  EXPECT_THAT(names_of(*document), ElementsAre("First", "FOne", "RoleOne", "F2", "Role2", "Last"));
  app::testing::expect_tree(document->value.at("Resources").at("FOne"), R"(
Type: AWS::Lambda::Function
Condition: IsOne
DependsOn: [RoleOne]
Properties:
  Handler: One/index.handler
  Role: !GetAtt RoleOne.Arn
  Environment: {Variables: {NAME: One, KEY_One: !Sub 'One-${AWS::Region}-${!Name}-${Names}'}}
  Tags: [{Key: One, Value: !GetAtt RoleOne.Arn}]
)");
  EXPECT_EQ(document->value.at("Resources").at("F2").at("Properties").at("Environment").at("Variables").at("NAME"),
            "2");
  app::testing::expect_tree(document->value.at("Conditions"), "{IsOne: !Equals [One, One]}");
  app::testing::expect_tree(document->value.at("Outputs"), "{OutOne: {Value: !GetAtt FOne.Arn}}");
  EXPECT_EQ(document->value.at("Transform").get_array().size(), 2U);
}

TEST(ForEach, LoopsWithinLoopsAndWithinProperties) {
  auto document = expanded(std::string(kHead) + R"(
Mappings: {Of: {a: {Ids: ['x.1']}, b: {Ids: ['y-2', 'z']}}}
Resources:
  Fn::ForEach::Outer:
    - A
    - [a, b]
    - Fn::ForEach::Inner:
        - B
        - !FindInMap [Of, !Ref A, Ids]
        - 'F${A}&{B}':
            Type: AWS::Lambda::Function
            Properties:
              FunctionName: ${A}-${B}-&{B}
              Environment: {Variables: {Fn::ForEach::Variables: [V, ['${A}1', '2'], {'V${V}': '&{A}${V}{B}$'}]}}
)");
  ASSERT_TRUE(document);
  EXPECT_THAT(names_of(*document), ElementsAre("Fax1", "Fby2", "Fbz"));
  app::testing::expect_tree(document->value.at("Resources").at("Fby2").at("Properties"), R"(
FunctionName: b-y-2-y2
Environment: {Variables: {Vb1: 'bb1{B}$', V2: 'b2{B}$'}}
)");
}

TEST(ForEach, TakesCollectionsThatAreKnown) {
  struct {
    const char* collection;
    std::vector<std::string> names;
  } cases[] = {
      {"[x, 1, true]", {"Fx", "F1", "Ftrue"}},
      {"!Ref Names", {"Fa", "Fb"}},
      {"!FindInMap [Stages, dev, Names]", {"Fm", "Fn"}},
      {"!Split [';', 'p;q']", {"Fp", "Fq"}},
      {"[!Ref AWS::Region]", {"Fus-east-1"}},
      {"!Ref Unknown", {}},
      {"!Ref Secret", {}},
      {"!Ref Nothing", {}},
      {"!FindInMap [Stages, prod, Names]", {}},
      {"!FindInMap [Stages, dev, One]", {}},
      {"[x, !Ref AWS::AccountId]", {}},
      {"[[x]]", {}},
      {"['']", {}},
      {"text", {}},
      {"[x, x]", {}},  // CloudFormation refuses it
  };
  for (const auto& test : cases) {
    auto document = expanded(loop_over(test.collection));
    EXPECT_EQ(document ? names_of(*document) : std::vector<std::string>(), test.names) << test.collection;
  }
  auto given = expanded(loop_over("!Ref Unknown"), {{"Unknown", "u"}});
  ASSERT_TRUE(given);
  EXPECT_THAT(names_of(*given), ElementsAre("Fu"));
}

TEST(ForEach, LeavesATemplateAsItIs) {
  constexpr const char* kFunctions =
      "Resources:\n  Fn::ForEach::L: [N, [a], {'F${N}': {Type: AWS::Lambda::Function}}]\n";
  ASSERT_TRUE(expanded(std::string(kHead) + kFunctions));
  const std::pair<const char*, std::string> cases[] = {
      {"without the transform", kFunctions},
      {"that another macro reads first", std::string("Transform: [Mine, AWS::LanguageExtensions]\n") + kFunctions},
      {"without functions in loops",
       std::string(kHead) + "Resources:\n  Fn::ForEach::L: [N, [a], {'T${N}': {Type: AWS::SNS::Topic}}]\n"},
      {"with another macro in the loop",
       std::string(kHead) +
           "Resources:\n  Fn::ForEach::L: [N, [a], {'F${N}': {Type: AWS::Lambda::Function, Properties: "
           "{Fn::Transform: {Name: AWS::Include}}}}]\n"},
      {"whose loop makes what is there",
       std::string(kHead) + "Resources:\n  Fn::ForEach::L: [N, [a], {'F${N}': {Type: AWS::Lambda::Function}}]\n"
                            "  Fa: {Type: AWS::SNS::Topic}\n"},
      {"with an unknown inner loop",
       std::string(kHead) + "Resources:\n  Fn::ForEach::L: [N, [a], {Fn::ForEach::M: [O, !Ref P, {'F${N}${O}': {Type: "
                            "AWS::Lambda::Function}}]}]\n"},
      {"with an identifier of a loop around it",
       std::string(kHead) + "Resources:\n  Fn::ForEach::L: [N, [a], {Fn::ForEach::M: [N, [b], {'F${N}': {Type: "
                            "AWS::Lambda::Function}}]}]\n"},
      {"whose loop is none", std::string(kHead) + "Resources:\n  Fn::ForEach::L: [N, [a]]\n"},
  };
  for (const auto& [name, text] : cases) EXPECT_FALSE(expanded(text)) << name;
}

TEST(ForEach, EndsLoopsThatMakeTooMuch) {
  std::string loop = "{'F${A}${B}${C}${D}${E}': {Type: AWS::Lambda::Function}}";
  for (std::string name : {"A", "B", "C", "D", "E"}) {
    loop = "{'Fn::ForEach::" + name + "': [" + name + ", [a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,b0,b1,b2,b3,b4,b5,b6,b7], " +
           loop + "]}";
  }
  EXPECT_FALSE(expanded(kHead + ("Resources: " + loop + "\n")));
}

TEST(ForEach, MakesFunctionsLiveEachWithItsRole) {
  auto outcome = app::testing::rewritten(std::string(kHead) + R"(
Resources:
  Fn::ForEach::Roles: [Name, [One, Two], {'Role${Name}': {Type: AWS::IAM::Role}}]
  Fn::ForEach::Functions:
    - Name
    - [One, Two]
    - F${Name}: {Type: AWS::Lambda::Function, Properties: {Handler: 'a.${Name}', Runtime: nodejs22.x, Code: src,
                 Role: !GetAtt 'Role${Name}.Arn', SnapStart: {ApplyOn: None}}}
)");
  const auto& resources = outcome.document.at("Resources");
  for (const char* name : {"FOne", "FTwo"}) {
    EXPECT_EQ(codec::find_string(resources, name, "Properties", "Runtime"), "provided.al2023");
  }
  EXPECT_EQ(resources.at("FTwo").at("Properties").at("Handler"), "a.Two");
  int policies = 0;
  for (const auto& member : resources.get_object()) {
    policies += codec::find_string(member.value(), "Type") == "AWS::IAM::RolePolicy" ? 1 : 0;
  }
  EXPECT_EQ(policies, 2);
  ASSERT_FALSE(outcome.diagnostics.empty());
  for (const Diagnostic& diagnostic : outcome.diagnostics) EXPECT_EQ(diagnostic.line, 5) << diagnostic.message;
}

TEST(ForEach, ErrorsInALoopAreOnItsLine) {
  auto stack = read_template(std::string(kHead) +
                                 "Resources:\n  Topic: {Type: AWS::SNS::Topic}\n"
                                 "  Fn::ForEach::Functions:\n    - Name\n    - [One]\n"
                                 "    - 'F${Name}': {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x}}\n",
                             {.name = "app"});
  ASSERT_FALSE(stack);
  EXPECT_THAT(stack.error().message, HasSubstr("FOne has no Handler"));
  EXPECT_EQ(stack.error().line, 4);
}

TEST(ForEach, SaysWhichLoopsKeepTheirFunctionsInAws) {
  EXPECT_THAT(app::testing::words_on(app::testing::rewritten(loop_over("!Ref Unknown")), "Fn::ForEach::Functions"),
              ElementsAre(HasSubstr("keep their code in AWS")));
  EXPECT_THAT(app::testing::words_on(app::testing::rewritten(loop_over("[a]")), "Fn::ForEach::Functions"), IsEmpty());
}

}  // namespace
}  // namespace app
