#include "localcloud/ssm/ssm.h"

#include "localcloud/wire.h"

namespace localcloud {

namespace {

class SsmService final : public Ssm {
 public:
  awaitable<net::Response> handle(Call call) override {
    co_return json_failure(call, not_implemented("ssm", json_operation(call.request)), "1.1");
  }
  std::optional<StoredParameter> parameter(std::string_view) const override { return std::nullopt; }
  ResourceTypes resource_types() override { return {}; }
};

}  // namespace

std::unique_ptr<Ssm> make_ssm(Cloud&) {
  return std::make_unique<SsmService>();
}

}  // namespace localcloud
