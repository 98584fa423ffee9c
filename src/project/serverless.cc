#include "project/serverless.h"

namespace project {
namespace {

class ServerlessApp final : public Toolchain {
 public:
  explicit ServerlessApp(Workplace workplace) : workplace_(std::move(workplace)) {}

  awaitable<base::Result<app::Application>> read(Purpose) override {
    co_return base::fail(base::ErrorKind::invalid_input, "livelambda does not read Serverless Framework apps yet");
  }

  std::vector<std::string> infrastructure() const override { return {workplace_.folder.entry_file}; }

 private:
  const Workplace workplace_;
};

}  // namespace

std::unique_ptr<Toolchain> make_serverless_app(Workplace workplace) {
  return std::make_unique<ServerlessApp>(std::move(workplace));
}

}  // namespace project
