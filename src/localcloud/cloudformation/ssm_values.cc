#include "localcloud/cloudformation/ssm_values.h"

#include <fmt/format.h>

#include "localcloud/iam/iam.h"

namespace localcloud {

base::Result<std::optional<StoredParameter>> read_ssm_parameter(const Cloud& cloud, const Principal& caller,
                                                                std::string_view name) {
  if (cloud.iam != nullptr) {
    auto path = name.substr(0, name.find(':'));
    if (path.starts_with('/')) path.remove_prefix(1);
    TRY(cloud.iam->authorize(caller, "ssm:GetParameters",
                             fmt::format("arn:aws:ssm:{}:{}:parameter/{}", cloud.region, cloud.account_id, path)));
  }
  if (cloud.ssm == nullptr) return std::nullopt;
  return cloud.ssm->parameter(name);
}

}  // namespace localcloud
