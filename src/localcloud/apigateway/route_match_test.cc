#include "localcloud/apigateway/route_match.h"

#include <gtest/gtest.h>

namespace localcloud {
namespace {

Definition with_routes(const std::vector<std::string>& keys) {
  Definition definition;
  for (const auto& key : keys) {
    Route route;
    route.key = key;
    if (std::size_t blank = key.find(' '); blank != std::string::npos) {
      route.method = key.substr(0, blank);
      route.path = key.substr(blank + 1);
    }
    definition.routes[key] = route;
  }
  return definition;
}

std::string matched(const Definition& definition, std::string_view method, std::string_view path,
                    GatewayKind kind = GatewayKind::http) {
  auto match = match_route(definition, kind, method, path);
  return match ? match->route->key : "";
}

TEST(RouteMatch, TakesTheMostSpecificRoute) {
  // The example of AGW-guide http-api-develop-routes.md.
  auto definition =
      with_routes({"GET /pets/dog/1", "GET /pets/dog/{id}", "GET /pets/{proxy+}", "ANY /{proxy+}", "$default"});
  EXPECT_EQ(matched(definition, "GET", "/pets/dog/1"), "GET /pets/dog/1");
  EXPECT_EQ(matched(definition, "GET", "/pets/dog/2"), "GET /pets/dog/{id}");
  EXPECT_EQ(matched(definition, "GET", "/pets/cat/1"), "GET /pets/{proxy+}");
  EXPECT_EQ(matched(definition, "POST", "/test/5"), "ANY /{proxy+}");
  EXPECT_EQ(matched(definition, "POST", "/pets/dog/1"), "ANY /{proxy+}");
  EXPECT_EQ(matched(definition, "GET", "/"), "$default");
}

TEST(RouteMatch, TheMethodGoesBeforeAny) {
  auto definition = with_routes({"ANY /a", "GET /a"});
  EXPECT_EQ(matched(definition, "GET", "/a"), "GET /a");
  EXPECT_EQ(matched(definition, "PUT", "/a"), "ANY /a");
  EXPECT_EQ(matched(definition, "GET", "/b"), "");
}

TEST(RouteMatch, GivesDecodedParameters) {
  auto definition = with_routes({"GET /a/{x}/{rest+}"});
  auto match = match_route(definition, GatewayKind::http, "GET", "/a/one%20two/3/4%25/");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->path_parameters.at("x"), "one two");
  EXPECT_EQ(match->path_parameters.at("rest"), "3/4%/");
}

TEST(RouteMatch, HttpApisMindAFinalSlashAndRestApisDoNot) {
  auto definition = with_routes({"GET /a"});
  EXPECT_EQ(matched(definition, "GET", "/a/"), "");
  EXPECT_EQ(matched(definition, "GET", "/a/", GatewayKind::rest), "GET /a");
}

TEST(RouteMatch, AnEncodedSlashPartsSegmentsOfHttpApisOnly) {
  auto definition = with_routes({"GET /a/{x}"});
  EXPECT_EQ(matched(definition, "GET", "/a/b%2Fc"), "");
  auto match = match_route(definition, GatewayKind::rest, "GET", "/a/b%2Fc");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->path_parameters.at("x"), "b/c");
}

TEST(RouteSelection, ReadsTheBody) {
  EXPECT_EQ(select_route_key("action", R"({"action":"hello"})"), "hello");
  EXPECT_EQ(select_route_key("a.b", R"({"a":{"b":"deep"}})"), "deep");
  EXPECT_EQ(select_route_key("action", R"({"other":1})"), "");
  EXPECT_EQ(select_route_key("action", "no json"), "");
}

}  // namespace
}  // namespace localcloud
