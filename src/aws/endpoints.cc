#include "aws/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

namespace aws {
namespace {

struct Partition {
  std::string_view prefix;  // of its regions' names
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

// The last one is every other region's.
constexpr Partition kPartitions[] = {{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
                                     {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
                                     {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
                                     {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
                                     {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
                                     {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
                                     {"", "amazonaws.com", "api.aws"}};

const Partition& partition_of(std::string_view region) {
  const Partition* partition = kPartitions;
  while (!region.starts_with(partition->prefix)) ++partition;
  return *partition;
}

}  // namespace

bool is_region_name(std::string_view name) {
  auto in = [](char c, char first, char last) { return c >= first && c <= last; };
  auto is_digit = [&](char c) { return in(c, '0', '9'); };
  auto fits = [&](char c) { return c == '-' || is_digit(c) || in(c, 'a', 'z') || in(c, 'A', 'Z'); };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::ranges::all_of(name, fits) && !std::ranges::all_of(name, is_digit);
}

std::string_view dns_suffix(std::string_view region) {
  return partition_of(region).suffix;
}

std::string service_host(std::string_view service, std::string_view region, EndpointVariant variant) {
  const Partition& partition = partition_of(region);
  // GovCloud's ordinary hosts are FIPS endpoints themselves; execute-api has its own there too.
  bool is_fips = region.starts_with("us-gov-") && !variant.dual_stack && service != "execute-api";
  return fmt::format("{}{}.{}.{}", service, variant.fips && !is_fips ? "-fips" : "", region,
                     variant.dual_stack ? partition.dual_stack_suffix : partition.suffix);
}

std::string s3_host(std::string_view region, EndpointVariant variant) {
  return fmt::format("s3{}{}.{}.{}", variant.fips ? "-fips" : "", variant.dual_stack ? ".dualstack" : "", region,
                     dns_suffix(region));
}

}  // namespace aws
