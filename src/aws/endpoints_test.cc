#include "aws/endpoints.h"

#include <gtest/gtest.h>

#include <fstream>

#include "aws/s3.h"
#include "aws/testing/fake_world.h"

namespace aws {
namespace {

EndpointVariant variant_of(std::string_view name) {
  return {.fips = name == "fips" || name == "both", .dual_stack = name == "dual" || name == "both"};
}

std::string origin_and_path(const base::Result<net::Url>& url) {
  return url ? fmt::format("https://{}{}", url->authority(), url->target == "/" ? "" : url->target) : "none";
}

// A line of the table: "sts eu-west-1 plain https://sts.eu-west-1.amazonaws.com".
TEST(Endpoints, AreThoseOfBotocoresRules) {
  std::ifstream table("src/aws/testing/endpoints.txt");
  std::string service, region, variant, url;
  int lines = 0;
  while (table >> service >> region >> variant >> url) {
    ++lines;
    ClientConfig config{.region = region, .variant = variant_of(variant)};
    std::string ours = service == "s3"          ? origin_and_path(bucket_url(config, "bucket"))
                       : service == "s3:dotted" ? origin_and_path(bucket_url(config, "dotted.bucket"))
                                                : origin_and_path(service_url(config, service));
    EXPECT_EQ(ours, url) << service << " in " << region << ", " << variant;
  }
  EXPECT_GT(lines, 400);
}

TEST(Endpoints, ARegionIsOneLabelOfAHost) {
  for (const char* name : {"us-east-1", "cn-north-1", "us-iso-east-1", "a"}) EXPECT_TRUE(is_region_name(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("mars 1"), std::string("evil.example/#"), std::string("-a"), std::string("a-"),
        std::string("12"), std::string("a\nb"), std::string(64, 'a')}) {
    EXPECT_FALSE(is_region_name(name)) << name;
  }
}

TEST(Endpoints, ConfiguredOnesReplaceThePublicHosts) {
  ClientConfig config{.region = "eu-west-1", .endpoints = {{"", "http://all:1"}, {"dynamodb", "http://one:2/base"}}};
  EXPECT_EQ(service_url(config, "sts")->to_string(), "http://all:1/");
  EXPECT_EQ(service_url(config, "dynamodb")->to_string(), "http://one:2/base");
  EXPECT_EQ(bucket_url(config, "bucket")->to_string(), "http://all:1/bucket");
  config.endpoints = {{"ssooidc", "http://three:3"}, {"sso", "http://four:4"}};
  EXPECT_EQ(service_url(config, "oidc")->to_string(), "http://three:3/");
  EXPECT_EQ(service_url(config, "portal.sso")->to_string(), "http://four:4/");
  EXPECT_EQ(service_url(config, "sts")->host, "sts.eu-west-1.amazonaws.com");
}

}  // namespace
}  // namespace aws
