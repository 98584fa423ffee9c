#include "net/http.h"

#include <gtest/gtest.h>

#include "net/http_wire.h"

namespace net {
namespace {

TEST(Headers, FindsNamesWithoutCaseAndKeepsRepeatedOnes) {
  Headers headers{{"Set-Cookie", "a"}, {"X", "1"}};
  headers.add("set-cookie", "b");
  EXPECT_EQ(headers.get("SET-COOKIE"), "a");
  EXPECT_EQ(headers.size(), 3U);
  EXPECT_FALSE(headers.has("Y"));
  EXPECT_EQ(headers.get_or("Y", "none"), "none");
}

TEST(Headers, SetReplacesEveryOneOfThatName) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("a", "4");
  headers.set("C", "5");
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers.begin()->second, "4");
  headers.remove("b");
  EXPECT_EQ(headers.size(), 2U);
}

TEST(RequestHead, KeepsTargetAndAddsHostAndLength) {
  Url url{"http", "h", 81, "/unused"};
  Request request{"POST", "/@connections/Rx=?a=%2f", {{"X-A", "b"}}, "12345"};
  EXPECT_EQ(request_head(url, request).value(),
            "POST /@connections/Rx=?a=%2f HTTP/1.1\r\nHost: h:81\r\nX-A: b\r\nContent-Length: 5\r\n\r\n");
  Request plain;
  EXPECT_EQ(request_head(url, plain).value(), "GET /unused HTTP/1.1\r\nHost: h:81\r\n\r\n");
}

TEST(RequestHead, RefusesWhatWouldBreakTheMessage) {
  Url url{"http", "h", 80, "/"};
  EXPECT_FALSE(request_head(url, Request{"GET", "/a b", {}, ""}));
  EXPECT_FALSE(request_head(url, Request{"GE T", "/a", {}, ""}));
  EXPECT_FALSE(request_head(url, Request{"GET", "/a", {{"A", "b\r\nC: d"}}, ""}));
  EXPECT_FALSE(request_head(url, Request{"GET", "/a", {{"A b", "c"}}, ""}));
  EXPECT_FALSE(request_head(url, Request{"PUT", "/a", {{"content-length", "3"}}, "12"}));
}

TEST(ResponseHead, ReplacesTheHandlersFraming) {
  Response response{201, {{"content-length", "99"}, {"Transfer-Encoding", "chunked"}, {"X", "y"}}, ""};
  EXPECT_EQ(response_head(response, Framing::length, 2, true, false).value(),
            "HTTP/1.1 201 Created\r\nX: y\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(response_head(response, Framing::length, 0, true, true).value(),
            "HTTP/1.1 201 Created\r\ncontent-length: 99\r\nX: y\r\n\r\n");
  EXPECT_EQ(response_head(response, Framing::chunked, 0, false, false).value(),
            "HTTP/1.1 201 Created\r\nX: y\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}

TEST(ConnectionHeader, FindsAnOptionInAList) {
  EXPECT_TRUE(connection_has({{"connection", "keep-alive , Close"}}, "close"));
  EXPECT_FALSE(connection_has({{"connection", "closed"}, {"X", "close"}}, "close"));
}

}  // namespace
}  // namespace net
