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

TemplateScope scope(std::string body = "{}") {
  TemplateScope made;
  made.context = {{"connectionId", "abc="}, {"identity", {{"sourceIp", "1.2.3.4"}}}};
  made.body = std::move(body);
  return made;
}

TEST(MappingTemplate, SelectionNeedsTheBackslash) {
  EXPECT_EQ(read_template_key("\\$default").value(), "$default");
  EXPECT_EQ(read_template_key("").value(), "$default");
  EXPECT_FALSE(read_template_key("$default"));
  EXPECT_FALSE(read_template_key("${request.body.x}"));
}

TEST(MockIntegration, AnswersWithTheTemplateOfTheStatus) {
  auto answer = answer_of_mock(hello(), scope(R"({"action":"hello"})"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, R"({"id":"abc="})");
}

TEST(MockIntegration, FailsWithoutATemplateOrAResponse) {
  auto no_template = hello();
  no_template.request_templates.clear();
  EXPECT_FALSE(answer_of_mock(no_template, scope(R"({"action":"hello"})")));
  auto no_response = hello();
  no_response.responses.clear();
  EXPECT_FALSE(answer_of_mock(no_response, scope()));
  auto other_status = hello();
  other_status.request_templates["$default"] = R"({"statusCode":201})";
  EXPECT_FALSE(answer_of_mock(other_status, scope()));
  other_status.responses["d"] = {.key = "$default", .templates = {{"$default", "other"}}, .template_key = "$default"};
  EXPECT_EQ(answer_of_mock(other_status, scope())->body, "other");
}

}  // namespace
}  // namespace localcloud
