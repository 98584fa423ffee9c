#include "stub/bridge_role.h"

#include "aws/sts.h"

namespace stub {
namespace {

using namespace std::chrono_literals;

constexpr auto kRenewBefore = 5min;
// As the bridge's own requests (protocol.md, "The stub"); the machine asks again by itself.
constexpr aws::CallOptions kCall{.attempts = 1, .timeout = 2s, .connect_timeout = 1s};

// Whatever ends the request, a thaw's cancellation too, the next one may begin.
class Asking {
 public:
  Asking(bool& asking, base::Notifier& asked) : asking_(asking), asked_(asked) { asking_ = true; }
  ~Asking() {
    asking_ = false;
    asked_.notify_all();
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

 private:
  bool& asking_;
  base::Notifier& asked_;
};

}  // namespace

BridgeRole::BridgeRole(aws::ClientConfig own, std::string role_arn, std::string session_name)
    : own_(std::move(own)), role_arn_(std::move(role_arn)), session_name_(std::move(session_name)) {}

boost::asio::awaitable<base::Result<aws::Credentials>> BridgeRole::get() {
  while (!good_for(kRenewBefore)) {
    if (asking_) {
      co_await asked_.wait();
    } else {
      co_await ask();
    }
    if (outcome_) break;
  }
  if (outcome_ && !*outcome_ && !good_for(0s)) co_return base::fail(outcome_->error());
  co_return keys_->keys;
}

boost::asio::awaitable<void> BridgeRole::ask() {
  Asking asking(asking_, asked_);
  outcome_.reset();
  auto issued = co_await aws::assume_role(own_, {.role_arn = role_arn_, .session_name = session_name_}, kCall);
  outcome_ = issued ? base::Result<>() : base::fail(issued.error());
  if (issued) keys_ = std::move(*issued);
}

bool BridgeRole::good_for(std::chrono::seconds left) const {
  return keys_ && (!keys_->expires || *keys_->expires - left > own_.clock->wall_now());
}

}  // namespace stub
