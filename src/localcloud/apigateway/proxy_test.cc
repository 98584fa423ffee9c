#include <gtest/gtest.h>

#include "codec/json.h"
#include "localcloud/http_answer.h"
#include "localcloud/http_event.h"
#include "localcloud/http_text.h"

namespace localcloud {
namespace {

using codec::find;
using codec::find_string;
using codec::json::value;

ProxyRequest sample() {
  ProxyRequest request;
  request.request = {.method = "POST",
                     .target = "/ignored",
                     .headers = {{"Host", "127.0.0.1:1"},
                                 {"Header1", "value1"},
                                 {"HEADER2", "value1"},
                                 {"Header2", "value2"},
                                 {"Cookie", "cookie1=a; cookie2=b"},
                                 {"User-Agent", "agent"}},
                     .body = "Hello from client"};
  request.path = "/my/path%20x/";
  request.query = "parameter1=value1&parameter1=value2&parameter2=a%20b";
  request.source_ip = "127.0.0.1";
  request.account_id = "123456789012";
  request.api_id = "abc";
  request.domain = "abc.execute-api.us-east-1.amazonaws.com";
  request.stage = "$default";
  request.route_key = "POST /my/{proxy+}";
  request.resource_path = "/my/{proxy+}";
  request.request_id = "id=";
  request.time = base::from_epoch_ms(1583348638390);
  request.path_parameters = {{"proxy", "path x/"}};
  return request;
}

value parsed(const std::string& text) {
  return codec::parse_json(text).value();
}

TEST(ProxyEvent, Format2IsAsDocumented) {
  auto event = parsed(http_event_v2(sample()));
  EXPECT_EQ(find_string(event, "version"), "2.0");
  EXPECT_EQ(find_string(event, "routeKey"), "POST /my/{proxy+}");
  EXPECT_EQ(find_string(event, "rawPath"), "/my/path x/");
  EXPECT_EQ(find_string(event, "rawQueryString"), "parameter1=value1&parameter1=value2&parameter2=a%20b");
  EXPECT_EQ(*find(event, "cookies"), parsed(R"(["cookie1=a","cookie2=b"])"));
  EXPECT_EQ(find_string(event, "headers", "header1"), "value1");
  EXPECT_EQ(find_string(event, "headers", "header2"), "value1,value2");
  EXPECT_EQ(find(event, "headers", "cookie"), nullptr);
  EXPECT_EQ(find_string(event, "headers", "x-forwarded-for"), "127.0.0.1");
  EXPECT_EQ(*find(event, "queryStringParameters"), parsed(R"({"parameter1":"value1,value2","parameter2":"a b"})"));
  EXPECT_EQ(*find(event, "pathParameters"), parsed(R"({"proxy":"path x/"})"));
  EXPECT_EQ(*find(event, "requestContext"), parsed(R"({"accountId":"123456789012","apiId":"abc",
    "domainName":"abc.execute-api.us-east-1.amazonaws.com","domainPrefix":"abc",
    "http":{"method":"POST","path":"/my/path x/","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"agent"},
    "requestId":"id=","routeKey":"POST /my/{proxy+}","stage":"$default","time":"04/Mar/2020:19:03:58 +0000",
    "timeEpoch":1583348638390})"));
  EXPECT_EQ(find_string(event, "body"), "Hello from client");
  EXPECT_EQ(*find(event, "isBase64Encoded"), value(false));
}

TEST(ProxyEvent, Format2LeavesOutWhatIsNotThere) {
  auto request = sample();
  request.request = {.method = "GET", .target = "/", .headers = {}, .body = ""};
  request.query = "";
  request.path_parameters = {};
  auto event = parsed(http_event_v2(request));
  for (const char* key : {"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"}) {
    EXPECT_EQ(find(event, key), nullptr) << key;
  }
  EXPECT_EQ(*find(event, "isBase64Encoded"), value(false));
}

TEST(ProxyEvent, ANamedStageStandsInTheRawPath) {
  auto request = sample();
  request.stage = "dev";
  EXPECT_EQ(find_string(parsed(http_event_v2(request)), "rawPath"), "/dev/my/path x/");
}

TEST(ProxyEvent, BinaryAndFormBodiesAreBase64InHttpApis) {
  auto request = sample();
  request.request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.request.body = "a=b";
  auto form = parsed(http_event_v2(request));
  EXPECT_EQ(find_string(form, "body"), "YT1i");
  EXPECT_EQ(*find(form, "isBase64Encoded"), value(true));
  request.request.headers.set("Content-Type", "application/json; charset=utf-8");
  EXPECT_EQ(find_string(parsed(http_event_v2(request)), "body"), "a=b");
  request.request.body = "\xff\xfe";
  EXPECT_EQ(*find(parsed(http_event_v2(request)), "isBase64Encoded"), value(true));
}

TEST(ProxyEvent, Format1HasSingleAndMultipleValues) {
  auto event = parsed(http_event_v1(sample()));
  EXPECT_EQ(find_string(event, "version"), "1.0");
  EXPECT_EQ(find_string(event, "resource"), "/my/{proxy+}");
  EXPECT_EQ(find_string(event, "path"), "/my/path x/");
  EXPECT_EQ(find_string(event, "httpMethod"), "POST");
  EXPECT_EQ(find_string(event, "headers", "HEADER2"), "value2");
  EXPECT_EQ(*find(event, "multiValueHeaders", "HEADER2"), parsed(R"(["value1","value2"])"));
  EXPECT_EQ(*find(event, "multiValueQueryStringParameters", "parameter1"), parsed(R"(["value1","value2"])"));
  EXPECT_EQ(find_string(event, "queryStringParameters", "parameter1"), "value2");
  EXPECT_TRUE(find(event, "stageVariables")->is_null());
  EXPECT_EQ(*find(event, "requestContext", "authorizer"), parsed(R"({"claims":null,"scopes":null})"));
}

TEST(ProxyEvent, RestHasNullsAndThePathAsSent) {
  auto request = sample();
  request.stage = "Prod";
  request.query = "";
  request.request.body = "";
  auto event = parsed(rest_event(request));
  EXPECT_EQ(find(event, "version"), nullptr);
  EXPECT_EQ(find_string(event, "path"), "/my/path%20x/");
  EXPECT_EQ(find_string(event, "requestContext", "path"), "/Prod/my/path%20x/");
  EXPECT_EQ(find_string(event, "requestContext", "requestTime"), "04/Mar/2020:19:03:58 +0000");
  EXPECT_EQ(find_string(event, "requestContext", "identity", "sourceIp"), "127.0.0.1");
  EXPECT_TRUE(find(event, "requestContext", "identity", "userArn")->is_null());
  for (const char* key : {"body", "queryStringParameters", "multiValueQueryStringParameters", "stageVariables"}) {
    EXPECT_TRUE(find(event, key)->is_null()) << key;
  }
}

TEST(ProxyEvent, RestEncodesBinaryTypesOnly) {
  auto request = sample();
  request.request.headers.set("Content-Type", "image/png");
  request.request.body = "\xff";
  EXPECT_EQ(find_string(parsed(rest_event(request)), "body"), "\xEF\xBF\xBD");
  request.binary_types = {"image/*"};
  EXPECT_EQ(find_string(parsed(rest_event(request)), "body"), "/w==");
}

TEST(ProxyResponse, Format2InfersFromWhatHasNoStatus) {
  auto response = read_proxy_response(R"({"message":"Hello"})", ProxyFormat::http_v2, false);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.get("content-type"), "application/json");
  EXPECT_EQ(response->body, R"({"message":"Hello"})");
  EXPECT_EQ(read_proxy_response(R"("Hello from Lambda!")", ProxyFormat::http_v2, false)->body, "Hello from Lambda!");
  EXPECT_FALSE(read_proxy_response("not json", ProxyFormat::http_v2, false));
}

TEST(ProxyResponse, Format2HasHeadersCookiesAndBase64) {
  auto response = read_proxy_response(
      R"({"statusCode":201,"headers":{"X-A":"1","X-N":2},"cookies":["a=1","b=2"],"body":"aGk=","isBase64Encoded":true})",
      ProxyFormat::http_v2, false);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "hi");
  EXPECT_EQ(response->headers.get("X-N"), "2");
  EXPECT_EQ(response->headers.get("Content-Type"), "text/plain; charset=utf-8");
  int cookies = 0;
  for (const auto& [name, text] : response->headers) cookies += name == "Set-Cookie" ? 1 : 0;
  EXPECT_EQ(cookies, 2);
}

TEST(ProxyResponse, MalformedAnswersAreNone) {
  for (const char* answer : {R"({"statusCode":"abc"})", R"({"statusCode":42})", R"({"statusCode":200,"body":{}})",
                             R"({"statusCode":200,"headers":"x"})", R"({"statusCode":200,"headers":{"a":[]}})",
                             R"({"statusCode":200,"body":"%%","isBase64Encoded":true})"}) {
    EXPECT_FALSE(read_proxy_response(answer, ProxyFormat::http_v2, false)) << answer;
  }
  EXPECT_FALSE(read_proxy_response(R"({"message":"Hello"})", ProxyFormat::rest, false));
  EXPECT_FALSE(read_proxy_response(R"({"message":"Hello"})", ProxyFormat::http_v1, false));
}

TEST(ProxyResponse, RestHasMultiValueHeadersAndDecodesOnlyForBinaryTypes) {
  constexpr std::string_view kAnswer =
      R"({"statusCode":200,"headers":{"X":"0"},"multiValueHeaders":{"X":["1","2"]},"body":"aGk=","isBase64Encoded":true})";
  auto response = read_proxy_response(kAnswer, ProxyFormat::rest, false);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "aGk=");
  EXPECT_EQ(response->headers.get("X"), "1");
  EXPECT_EQ(response->headers.get("Content-Type"), "application/json");
  EXPECT_EQ(read_proxy_response(kAnswer, ProxyFormat::rest, true)->body, "hi");
}

TEST(Utf8, RepairsWhatIsNone) {
  EXPECT_TRUE(is_utf8("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));
  EXPECT_EQ(repaired_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace localcloud
