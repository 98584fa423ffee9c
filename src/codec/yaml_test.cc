#include "codec/yaml.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/json.h"

namespace codec {
namespace {

// The document as one line of JSON, or "error at line N: …".
std::string parsed(std::string_view text) {
  auto document = parse_yaml(text);
  if (!document) return "error at line " + std::to_string(document.error().line) + ": " + document.error().message;
  return to_text(document->value);
}

int error_line(std::string_view text) {
  auto document = parse_yaml(text);
  if (document) return 0;
  EXPECT_EQ(document.error().kind, base::ErrorKind::invalid_input);
  return document.error().line;
}

TEST(Yaml, ResolvesPlainScalarsAsCloudFormationDoes) {
  EXPECT_EQ(parsed("[true, False, null, ~, 12, -3, +4, 0x1F, 010, 18446744073709551615]"),
            "[true,false,null,null,12,-3,4,31,8,18446744073709551615]");
  EXPECT_EQ(
      parsed("[yes, no, on, off, 2010-09-09, 2012-10-17, 22:22, 1_000, 1e5, 1.2.3, 089, ., -, .inf, .nan, nodejs20.x]"),
      R"(["yes","no","on","off","2010-09-09","2012-10-17","22:22","1_000","1e5","1.2.3","089",".","-",".inf",".nan",)"
      R"("nodejs20.x"])");
  EXPECT_EQ(parse_yaml("[1.5, -.5, 1.0e+3]")->value, (json::array{1.5, -0.5, 1000.0}));
  EXPECT_EQ(parsed("99999999999999999999"), "\"99999999999999999999\"");
}

TEST(Yaml, KeepsQuotedAndBlockScalarsAsStrings) {
  EXPECT_EQ(parsed("a: \"true\"\nb: '12'\nc: |\n  10\nd: >-\n  two\n  lines\n"),
            R"({"a":"true","b":"12","c":"10\n","d":"two lines"})");
}

TEST(Yaml, KeepsKeysAsTextInTheirOrder) {
  EXPECT_EQ(parsed("z: 1\n200: 2\ntrue: 3\n\"a\": 4\n"), R"({"z":1,"200":2,"true":3,"a":4})");
}

TEST(Yaml, WritesShortTagsOut) {
  EXPECT_EQ(parsed("!Ref Topic"), R"({"Ref":"Topic"})");
  EXPECT_EQ(parsed("!Condition IsProd"), R"({"Condition":"IsProd"})");
  EXPECT_EQ(parsed("!Sub '${A}-x'"), R"({"Fn::Sub":"${A}-x"})");
  EXPECT_EQ(parsed("!Join ['-', [a, !Ref B]]"), R"({"Fn::Join":["-",["a",{"Ref":"B"}]]})");
  EXPECT_EQ(parsed("!If\n- C\n- !GetAtt A.Arn\n- !Ref AWS::NoValue\n"),
            R"({"Fn::If":["C",{"Fn::GetAtt":["A","Arn"]},{"Ref":"AWS::NoValue"}]})");
  EXPECT_EQ(parsed("!Transform {Name: AWS::Include, Parameters: {Location: !Sub 's3://x'}}"),
            R"({"Fn::Transform":{"Name":"AWS::Include","Parameters":{"Location":{"Fn::Sub":"s3://x"}}}})");
  EXPECT_EQ(parsed("!Select [0, !GetAZs '']"), R"({"Fn::Select":[0,{"Fn::GetAZs":""}]})");
  EXPECT_EQ(parsed("Fn::GetAtt: [A, Arn]"), R"({"Fn::GetAtt":["A","Arn"]})");
  for (std::string_view name : {"Base64", "Cidr", "FindInMap", "ImportValue", "Split", "And", "Or", "Not", "Equals",
                                "Length", "ToJsonString", "ForEach"}) {
    EXPECT_EQ(parsed("!" + std::string(name) + " [12]"), "{\"Fn::" + std::string(name) + "\":[12]}");
  }
}

TEST(Yaml, SplitsGetAttAtItsFirstDot) {
  EXPECT_EQ(parsed("!GetAtt Nested.Outputs.Url"), R"({"Fn::GetAtt":["Nested","Outputs.Url"]})");
  EXPECT_EQ(parsed("!GetAtt [A, !Ref B]"), R"({"Fn::GetAtt":["A",{"Ref":"B"}]})");
  EXPECT_EQ(error_line("a: 1\nb: !GetAtt A\n"), 2);
}

TEST(Yaml, GivesTaggedScalarsAsText) {
  EXPECT_EQ(parsed("!Ref 12"), R"({"Ref":"12"})");
  EXPECT_EQ(parsed("[!!str 12, !!int '12', !!float 1, ! 12, !!bool 'true']"), R"(["12",12,1,"12",true])");
}

TEST(Yaml, RefusesUnknownTagsWithTheirLine) {
  EXPECT_EQ(error_line("a: 1\nb:\n  c: !Reff x\n"), 3);
  EXPECT_EQ(error_line("a: !!python/object:os.system x\n"), 1);
  EXPECT_NE(parsed("a: !Reff x").find("unknown tag !Reff"), std::string::npos);
}

TEST(Yaml, FollowsAnchorsAndMergeKeys) {
  EXPECT_EQ(parsed("a: &x {k: 1, l: !Ref R}\nb: *x\n"), R"({"a":{"k":1,"l":{"Ref":"R"}},"b":{"k":1,"l":{"Ref":"R"}}})");
  EXPECT_EQ(parsed("a: &x {k: 1, l: 2}\nb:\n  l: 3\n  <<: *x\n  m: 4\n"),
            R"({"a":{"k":1,"l":2},"b":{"k":1,"l":3,"m":4}})");
  EXPECT_EQ(parsed("- &x {k: 1}\n- &y {k: 2, l: 2}\n- <<: [*x, *y]\n"), R"([{"k":1},{"k":2,"l":2},{"k":1,"l":2}])");
  EXPECT_EQ(parsed("'<<': 1"), R"({"<<":1})");
  EXPECT_EQ(error_line("a: 1\n<<: 2\n"), 2);
}

TEST(Yaml, RefusesAliasesThatNeverEnd) {
  EXPECT_EQ(error_line("a: 1\nb: &x [*x]\n"), 2);
  EXPECT_EQ(error_line("a: *nothing\n"), 1);
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  std::string merges = "a0: &a0 {k: v}\n";
  for (int i = 1; i < 40; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    std::string anchor = "a" + std::to_string(i) + ": &a" + std::to_string(i);
    bomb += anchor + " [" + before + "," + before + "," + before + "," + before + "]\n";
    merges += anchor + " {<<: [" + before + "," + before + "]}\n";
  }
  EXPECT_NE(parsed(bomb).find("1 MiB"), std::string::npos);
  EXPECT_NE(error_line(merges), 0);
}

TEST(Yaml, RefusesManyNodesBelowLongKeys) {
  std::string keys;
  for (int depth = 0; depth < 40; ++depth) keys += "{\"" + std::string(900, 'k') + "\": ";
  std::string leaves = "[";
  for (int leaf = 0; leaf < 20'000; ++leaf) leaves += "l,";
  EXPECT_NE(parsed(keys + leaves + "l]" + std::string(40, '}')).find("64 MiB"), std::string::npos);
}

TEST(Yaml, TakesTheLastOfDuplicateKeysAndTellsOfThem) {
  auto document = parse_yaml("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(to_text(document->value), R"({"a":1,"b":{"c":3,"d":2}})");
  ASSERT_EQ(document->duplicates.size(), 1U);
  EXPECT_EQ(document->duplicates[0].key, "c");
  EXPECT_EQ(document->duplicates[0].line, 5);
  EXPECT_EQ(document->duplicates[0].first_line, 3);
  EXPECT_EQ(document->line_of("/b/c"), 5);
  EXPECT_EQ(parse_yaml("{\"a\": 1,\n \"a\": 2}")->duplicates.size(), 1U);
  EXPECT_TRUE(parse_yaml("x: &x {a: 1}\ny: {a: 2, <<: *x}\n")->duplicates.empty());
}

TEST(Yaml, RefusesBrokenSyntaxWithItsLine) {
  EXPECT_EQ(error_line("a: 1\nb: [1, 2\nc: 3\n"), 3);
  EXPECT_EQ(error_line("a: 1\n\tb: 2\n"), 2);
  EXPECT_EQ(error_line("a: 1\n---\nb: 2\n"), 2);
  EXPECT_EQ(error_line("? [a]\n: 1\n"), 1);
  EXPECT_EQ(error_line("{\n \"a\": 1,\n \"b\" 2\n}"), 3);
  EXPECT_NE(error_line("a: \xff\xfe\n"), 0);
  EXPECT_EQ(parsed(""), "null");
}

TEST(Yaml, BoundsTheDepth) {
  EXPECT_EQ(error_line(std::string(64, '[') + std::string(64, ']')), 0);
  EXPECT_EQ(error_line("a:\n " + std::string(64, '[') + "1" + std::string(64, ']')), 2);
  EXPECT_NE(error_line(std::string(100'000, '[')), 0);
  EXPECT_NE(error_line(std::string(100'000, '{')), 0);
}

TEST(Yaml, KnowsTheLinesOfKeys) {
  auto document = parse_yaml(
      "Resources:\n  Api:\n    Properties:\n      a/b: 1\n      Url: !GetAtt X.Y\n    List:\n    - x\n    - y\n");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->line_of("/Resources/Api"), 2);
  EXPECT_EQ(document->line_of("/Resources/Api/Properties/a~1b"), 4);
  EXPECT_EQ(document->line_of("/Resources/Api/Properties/Url/Fn::GetAtt/0"), 5);
  EXPECT_EQ(document->line_of("/Resources/Api/List/1"), 8);
  EXPECT_EQ(document->line_of("/Resources/Api/Nothing/There"), 2);
  EXPECT_EQ(document->line_of("/Nothing"), 1);
  EXPECT_EQ(Document{}.line_of("/a"), 0);
}

TEST(Yaml, ReadsJsonWithItsOwnRules) {
  auto document =
      parse_yaml("{\n\t\"a\": 1e2,\n\t\"b\": [\"\\ud83d\\ude00\\/\", \"\\\\ud83d\", true],\n\t\"c\":{\"d\":\"\"}\n}\n");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->value.at("a").as_double(), 100.0);
  EXPECT_EQ(document->value.at("b").at(0).as_string(), "\xf0\x9f\x98\x80/");
  EXPECT_EQ(document->value.at("b").at(1).as_string(), "\\ud83d");
  EXPECT_EQ(document->line_of("/b/1"), 3);
  EXPECT_EQ(document->line_of("/c/d"), 4);
}

TEST(Yaml, ReadsTheTemplatesOfOthers) {
  const std::filesystem::path folder = "../shared/corpus/templates";  // tests run in the repository's root
  if (!std::filesystem::is_directory(folder))
    GTEST_SKIP() << "no folder " << folder << ": real templates were not read";
  int count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    auto extension = file.path().extension();
    if (extension != ".yaml" && extension != ".yml" && extension != ".json") continue;
    std::stringstream text;
    text << std::ifstream(file.path(), std::ios::binary).rdbuf();
    auto document = parse_yaml(text.str());
    ASSERT_TRUE(document) << file.path() << ": " << document.error().message;
    const json::value* resources = find(document->value, "Resources");
    ASSERT_NE(resources, nullptr) << file.path();
    for (const auto& resource : resources->as_object()) {
      EXPECT_GT(document->line_of("/Resources/" + std::string(resource.key())), 1) << file.path();
    }
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace codec
