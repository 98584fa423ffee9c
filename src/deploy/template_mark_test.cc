#include "deploy/template_mark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/json.h"

namespace deploy {
namespace {

std::string mark(const std::string& text, std::vector<std::pair<std::string, std::string>> parameters = {},
                 Content content = Content::live) {
  auto marked = mark_template(text, parameters, content);
  return marked ? marked->mark : marked.error().message;
}

TEST(TemplateMark, IsAnOutputBesideThoseOfTheTemplate) {
  auto marked = mark_template(R"({"Resources":{},"Outputs":{"Url":{"Value":"x"}}})", {}, Content::real);
  ASSERT_TRUE(marked);
  EXPECT_THAT(marked->mark, ::testing::MatchesRegex("real:[0-9a-f]{64}"));
  auto text = codec::parse_json(marked->text).value();
  EXPECT_EQ(codec::find_string(text, "Outputs", kMarkOutput, "Value"), marked->mark);
  EXPECT_EQ(codec::find_string(text, "Outputs", "Url", "Value"), "x");
  EXPECT_EQ(content_of(marked->mark), Content::real);
}

TEST(TemplateMark, MindsTheTextTheParametersAndWhatIsDeployed) {
  std::string first = mark("{}", {{"A", "1"}, {"B", "2"}});
  EXPECT_EQ(mark("{}", {{"A", "1"}, {"B", "2"}}), first);
  EXPECT_NE(mark(R"({"Resources":{}})", {{"A", "1"}, {"B", "2"}}), first);
  EXPECT_NE(mark("{}", {{"A", "1"}, {"B", "3"}}), first);
  EXPECT_NE(mark("{}", {{"A", "1"}}), first);
  EXPECT_NE(mark("{}", {{"A", "1B"}, {"", "2"}}), first);
  EXPECT_NE(mark("{}", {{"A", "1"}, {"B", "2"}}, Content::real), first);
  EXPECT_TRUE(same_template(first, first));
  EXPECT_FALSE(same_template("", ""));
}

// Whoever may read the outputs could try values of a parameter that is not to be shown.
TEST(TemplateMark, HasNoHashWhereAValueIsSecret) {
  const char* text = R"({"Parameters":{"Secret":{"Type":"String","NoEcho":"true"},"Plain":{"NoEcho":false}}})";
  EXPECT_EQ(mark(text, {{"Secret", "x"}}), "live:");
  EXPECT_FALSE(same_template(mark(text, {{"Secret", "x"}}), mark(text, {{"Secret", "x"}})));
  EXPECT_THAT(mark(text, {{"Plain", "x"}}), ::testing::StartsWith("live:"));
  EXPECT_NE(mark(text, {{"Plain", "x"}}), "live:");
}

TEST(TemplateMark, IsTakenOutOfTheOutputs) {
  std::map<std::string, std::string> outputs = {{kMarkOutput, "live:1"}, {"Url", "x"}};
  EXPECT_EQ(take_mark(outputs), "live:1");
  EXPECT_EQ(outputs, (std::map<std::string, std::string>{{"Url", "x"}}));
  EXPECT_EQ(take_mark(outputs), "");
  EXPECT_EQ(content_of(""), Content::live);
}

}  // namespace
}  // namespace deploy
