#include "localcloud/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "localcloud/testing/test_cloud.h"

namespace localcloud {
namespace {

using ::testing::ElementsAre;

Call call_with(std::string method, std::string body) {
  Call call;
  call.request.method = std::move(method);
  call.request.body = std::move(body);
  call.request_id = "id";
  return call;
}

TEST(Wire, DecodesForms) {
  auto fields = parse_form("a=1&b=x+y%2B&c&d=");
  EXPECT_EQ(field(fields, "a"), "1");
  EXPECT_EQ(field(fields, "b"), "x y+");
  EXPECT_EQ(field(fields, "c"), "");
  EXPECT_EQ(field(fields, "e"), std::nullopt);
  EXPECT_THAT(path_segments("/2015-03-31/functions/a%3Ab/invocations"),
              ElementsAre("2015-03-31", "functions", "a:b", "invocations"));
}

TEST(Wire, ReadsListsAndStructuresOfQueries) {
  net::Request request;
  request.target = "/?Action=Do";
  request.body = "L.member.10=b&L.member.2=a&L.member.x=c&S.member.10.Key=k10&S.member.2.Key=k2&S.member.2.Value=v2";
  QueryInput input(request);
  EXPECT_EQ(input.action(), "Do");
  EXPECT_THAT(input.list("L"), ElementsAre("a", "b"));
  auto structures = input.structures("S");
  ASSERT_EQ(structures.size(), 2U);
  EXPECT_EQ(structures[0].get_or("Value", ""), "v2");
  EXPECT_EQ(structures[1].get_or("Key", ""), "k10");
  EXPECT_EQ(input.need("Missing").error().code, "ValidationError");
}

TEST(Wire, WritesXmlThatIsClosedAndEscaped) {
  XmlWriter xml;
  xml.open("A", "xmlns=\"n\"").element("B", "<&\">").list("C", {"1", "2"}).element("D", true).open("E");
  EXPECT_EQ(xml.take(),
            "<A xmlns=\"n\"><B>&lt;&amp;&quot;&gt;</B><C><member>1</member><member>2</member></C><D>true</D>"
            "<E></E></A>");
}

TEST(Wire, WritesErrorsInEachProtocol) {
  base::Error error = aws_error(403, "AccessDenied", "no <way>").value();
  auto json_error = json_failure(call_with("POST", ""), error, "1.0", {{"Item", "x"}});
  EXPECT_EQ(json_error.status, 403);
  EXPECT_EQ(json_error.body, R"({"__type":"AccessDenied","message":"no <way>","Item":"x"})");
  EXPECT_EQ(json_error.headers.get_or("Content-Type", ""), "application/x-amz-json-1.0");
  EXPECT_EQ(json_error.headers.get_or("x-amzn-RequestId", ""), "id");
  EXPECT_EQ(
      query_failure(call_with("POST", ""), "n", error).body,
      "<ErrorResponse xmlns=\"n\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no &lt;way&gt;</Message>"
      "</Error><RequestId>id</RequestId></ErrorResponse>");
  EXPECT_EQ(rest_json_failure(call_with("POST", ""), error).headers.get_or("x-amzn-ErrorType", ""), "AccessDenied");
  EXPECT_EQ(s3_failure(call_with("HEAD", ""), error, "/b").body, "");
  EXPECT_THAT(s3_failure(call_with("GET", ""), error, "/b").body, ::testing::HasSubstr("<Code>AccessDenied</Code>"));
  EXPECT_EQ(rest_json_failure(call_with("GET", ""), base::Error{}).status, 500);
}

TEST(Wire, WritesTimes) {
  auto time = base::from_epoch_ms(1'767'323'045'007);
  EXPECT_EQ(iso_time(time), "2026-01-02T03:04:05.007Z");
  EXPECT_EQ(http_time(time), "Fri, 02 Jan 2026 03:04:05 GMT");
}

TEST(GeneratedName, IsCutFromBothNames) {
  EXPECT_THAT(generated_name("stack", "Logical", 64), ::testing::MatchesRegex("stack-Logical-[A-Za-z0-9]{12}"));
  auto cut = generated_name(std::string(80, 's'), std::string(80, 'l'), 64);
  EXPECT_EQ(cut.size(), 64U);
  EXPECT_THAT(cut, ::testing::MatchesRegex("s{25}-l{25}-[A-Za-z0-9]{12}"));
  EXPECT_THAT(generated_name(std::string(80, 's'), "Api", 64), ::testing::MatchesRegex("s{47}-Api-[A-Za-z0-9]{12}"));
}

}  // namespace
}  // namespace localcloud
