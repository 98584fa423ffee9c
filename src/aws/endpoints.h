// The public hosts of AWS's services, as botocore's endpoint rules have them (held to them by a table,
// scripts/endpoint-table). Pure. Left out, as no caller here needs it: global services, S3's legacy global host, S3
// access points, DynamoDB's hosts by account.
#pragma once

#include <string>
#include <string_view>

namespace aws {

// What AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT choose.
struct EndpointVariant {
  bool fips = false;
  bool dual_stack = false;
};

// Whether it can be a region's name, as botocore asks it: it becomes part of hosts that signed requests go to.
bool is_region_name(std::string_view name);

// Of the region's partition, which its name tells: "amazonaws.com", "amazonaws.com.cn", …
std::string_view dns_suffix(std::string_view region);

// "sts.eu-west-1.amazonaws.com". `service` is what stands before the region: "sts", "portal.sso", "execute-api".
std::string service_host(std::string_view service, std::string_view region, EndpointVariant variant);

// "s3.eu-west-1.amazonaws.com": a bucket's name goes before it, or into the path. There is no FIPS host in China.
std::string s3_host(std::string_view region, EndpointVariant variant);

}  // namespace aws
