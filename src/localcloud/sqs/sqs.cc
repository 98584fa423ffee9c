#include "localcloud/sqs/sqs.h"

#include "localcloud/wire.h"

namespace localcloud {

namespace {

class SqsService final : public Sqs {
 public:
  awaitable<net::Response> handle(Call call) override {
    co_return json_failure(call, not_implemented("sqs", json_operation(call.request)), "1.0");
  }
  base::Result<QueueFacts> facts(std::string_view) const override { return missing(); }
  base::Result<std::string> send(const OnBehalfOf&, std::string_view, std::string, json::object) override {
    return missing();
  }
  awaitable<base::Result<std::vector<QueueMessage>>> receive(OnBehalfOf, std::string, std::size_t,
                                                             base::Millis) override {
    co_return missing();
  }
  base::Result<> remove(const OnBehalfOf&, std::string_view, const std::vector<std::string>&) override {
    return missing();
  }
  ResourceTypes resource_types() override { return {}; }

 private:
  static tl::unexpected<base::Error> missing() { return base::fail(not_implemented("sqs", "queues")); }
};

}  // namespace

std::unique_ptr<Sqs> make_sqs(Cloud&) {
  return std::make_unique<SqsService>();
}

}  // namespace localcloud
