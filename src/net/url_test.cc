#include "net/url.h"

#include <gtest/gtest.h>

namespace net {
namespace {

struct Good {
  const char* text;
  const char* scheme;
  const char* host;
  int port;
  const char* target;
  const char* authority;
  const char* origin;
};

TEST(Url, ParsesEachPartAndKeepsTheTarget) {
  constexpr Good kCases[] = {
      {"http://example.com", "http", "example.com", 80, "/", "example.com", "http://example.com:80"},
      {"HTTPS://example.com/", "https", "example.com", 443, "/", "example.com", "https://example.com:443"},
      {"https://example.com:443/a", "https", "example.com", 443, "/a", "example.com", "https://example.com:443"},
      {"wss://a.b-c.d/live?x=%2F&y=a+b", "wss", "a.b-c.d", 443, "/live?x=%2F&y=a+b", "a.b-c.d", "wss://a.b-c.d:443"},
      {"ws://127.0.0.1:4571/_aws/@connections/Rx=", "ws", "127.0.0.1", 4571, "/_aws/@connections/Rx=", "127.0.0.1:4571",
       "ws://127.0.0.1:4571"},
      {"http://[::1]:8080/a%20b#part", "http", "::1", 8080, "/a%20b", "[::1]:8080", "http://[::1]:8080"},
      {"http://host?q=1", "http", "host", 80, "/?q=1", "host", "http://host:80"},
      {"http://host//a/../b", "http", "host", 80, "//a/../b", "host", "http://host:80"},
  };
  for (const Good& good : kCases) {
    SCOPED_TRACE(good.text);
    auto url = parse_url(good.text);
    ASSERT_TRUE(url.has_value());
    EXPECT_EQ(url->scheme, good.scheme);
    EXPECT_EQ(url->host, good.host);
    EXPECT_EQ(url->port, good.port);
    EXPECT_EQ(url->target, good.target);
    EXPECT_EQ(url->authority(), good.authority);
    EXPECT_EQ(url->origin(), good.origin);
  }
}

TEST(Url, RefusesWhatIsNotAnAbsoluteHttpUrl) {
  for (const char* text :
       {"", "example.com", "/path", "ftp://host/", "http://", "http:///path", "http://host:0/", "http://host:65536/",
        "http://host:80x/", "http://host:/", "http://[::1/", "http://[::1]x/", "http://user@host/", "http://ho st/",
        "http://host/a b", "http://host/\r\nX: y", "http://host/ä"}) {
    SCOPED_TRACE(text);
    auto url = parse_url(text);
    ASSERT_FALSE(url.has_value());
    EXPECT_EQ(url.error().kind, base::ErrorKind::invalid_input);
  }
}

TEST(Url, SplitsPathAndQuery) {
  Url url = parse_url("https://h:444/a/b?c=d?e").value();
  EXPECT_EQ(url.path(), "/a/b");
  EXPECT_EQ(url.query(), "c=d?e");
  EXPECT_EQ(url.to_string(), "https://h:444/a/b?c=d?e");
  EXPECT_EQ(parse_url("https://h/a").value().query(), "");
}

TEST(PercentCoding, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a/b=@ +\xff"), "a%2Fb%3D%40%20%2B%FF");
  EXPECT_EQ(percent_encode("a/b c", true), "a/b%20c");
}

TEST(PercentCoding, DecodesAndLeavesMalformedAlone) {
  EXPECT_EQ(percent_decode("a%2Fb%3d+%"), "a/b=+%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
  EXPECT_EQ(percent_decode("%41"), "A");
}

}  // namespace
}  // namespace net
