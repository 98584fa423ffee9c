#include "localcloud/apigateway/mapping_template.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

Integration hello() {
  Integration integration;
  integration.type = Integration::Type::mock;
  integration.template_key = "$default";
  integration.request_templates["$default"] = R"({"statusCode":200})";
  integration.responses["r"] = {
      .key = "/200/", .templates = {{"$default", R"({"id":"$context.connectionId"})"}}, .template_key = "$default"};
  return integration;
}

const ContextVariables kContext{{"connectionId", "abc="}, {"identity.sourceIp", "1.2.3.4"}};

TEST(MappingTemplate, RendersContextVariables) {
  EXPECT_EQ(render_template("$context.connectionId, ${context.identity.sourceIp}. $5 $", kContext),
            "abc=, 1.2.3.4. $5 $");
  EXPECT_EQ(render_template("[$context.messageId]", kContext), "[]");
}

TEST(MappingTemplate, RefusesTheRestOfTheLanguageByName) {
  EXPECT_TRUE(check_template(R"({"a":"$context.connectionId","b":"$context.requestTimeEpoch"})"));
  for (auto [text, name] : {std::pair{"$input.body", "$input.body"},
                            {"#set($x = 1)", "#set($x"},
                            {"$context.nothing", "$context.nothing"},
                            {"$util.escape('x')", "$util.escape"}}) {
    auto checked = check_template(text);
    ASSERT_FALSE(checked) << text;
    EXPECT_NE(checked.error().message.find(name), std::string::npos) << checked.error().message;
  }
}

TEST(MappingTemplate, SelectionNeedsTheBackslash) {
  EXPECT_EQ(read_template_key("\\$default").value(), "$default");
  EXPECT_EQ(read_template_key("").value(), "$default");
  EXPECT_FALSE(read_template_key("$default"));
  EXPECT_FALSE(read_template_key("${request.body.x}"));
}

TEST(MockIntegration, AnswersWithTheTemplateOfTheStatus) {
  auto answer = answer_of_mock(hello(), R"({"action":"hello"})", kContext);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, R"({"id":"abc="})");
}

TEST(MockIntegration, FailsWithoutATemplateOrAResponse) {
  auto no_template = hello();
  no_template.request_templates.clear();
  EXPECT_FALSE(answer_of_mock(no_template, R"({"action":"hello"})", kContext));
  auto no_response = hello();
  no_response.responses.clear();
  EXPECT_FALSE(answer_of_mock(no_response, "{}", kContext));
  auto other_status = hello();
  other_status.request_templates["$default"] = R"({"statusCode":201})";
  EXPECT_FALSE(answer_of_mock(other_status, "{}", kContext));
  other_status.responses["d"] = {.key = "$default", .templates = {{"$default", "other"}}, .template_key = "$default"};
  EXPECT_EQ(answer_of_mock(other_status, "{}", kContext)->body, "other");
}

}  // namespace
}  // namespace localcloud
