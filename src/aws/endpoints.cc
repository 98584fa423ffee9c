#include "aws/endpoints.h"

#include <fmt/format.h>

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
