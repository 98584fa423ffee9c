#include "aws/renewing_credentials.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "base/notifier.h"
#include "base/task_group.h"

namespace aws {
namespace {

constexpr auto kRenewBefore = std::chrono::minutes(5);
constexpr auto kPause = std::chrono::seconds(30);  // between renewals, while the keys are good

// Shared with a renewal under way, which may outlive the provider.
struct State {
  std::unique_ptr<CredentialsSource> source;
  const base::Clock& clock;
  CredentialsName name;
  std::optional<IssuedCredentials> issued = {};
  std::optional<base::Error> failure = {};  // of the last renewal
  base::SteadyTime not_before = {};         // of the next one in the background
  bool renewing = false;
  base::Notifier renewed = {};

  bool good_for(std::chrono::minutes time) const {
    return issued && (!issued->expires || *issued->expires > clock.wall_now() + time);
  }
};

// Marks a renewal as under way until it ends, however it ends.
class Renewal {
 public:
  explicit Renewal(State& state) : state_(state) {
    state_.renewing = true;
    state_.failure.reset();
  }
  ~Renewal() {
    state_.renewing = false;
    state_.renewed.notify_all();
  }
  Renewal(const Renewal&) = delete;
  Renewal& operator=(const Renewal&) = delete;

 private:
  State& state_;
};

awaitable<void> renew(std::shared_ptr<State> state) {
  Renewal renewal(*state);
  auto issued = co_await state->source->fetch();
  if (issued && issued->expires && *issued->expires <= state->clock.wall_now()) {
    issued = base::fail(base::ErrorKind::credentials,
                        fmt::format("the AWS credentials of {} have expired", state->name.source), state->name.mend);
  }
  state->not_before = state->clock.now() + kPause;
  if (issued) {
    state->issued = std::move(*issued);
    co_return;
  }
  base::log_debug("the credentials of {} were not renewed: {}", state->name.source, issued.error().message);
  state->failure = issued.error();
}

class RenewingCredentials final : public CredentialsProvider {
 public:
  RenewingCredentials(std::unique_ptr<CredentialsSource> source, const base::Clock& clock, CredentialsName name)
      : state_(std::make_shared<State>(State{std::move(source), clock, std::move(name)})) {}

  // Callers hold the provider while they wait for it.
  awaitable<base::Result<Credentials>> get() override {
    while (!state_->good_for(std::chrono::minutes(0))) {
      if (state_->renewing) {
        co_await state_->renewed.wait();
      } else {
        co_await renew(state_);
      }
      if (state_->failure && !state_->renewing) co_return base::fail(*state_->failure);
    }
    if (!state_->good_for(kRenewBefore) && !state_->renewing && state_->clock.now() >= state_->not_before) {
      if (!background_) background_.emplace(co_await boost::asio::this_coro::executor);
      background_->spawn(renew(state_));
    }
    co_return state_->issued->keys;
  }

 private:
  std::shared_ptr<State> state_;
  std::optional<base::TaskGroup> background_;
};

class KnownCredentials final : public CredentialsSource {
 public:
  explicit KnownCredentials(IssuedCredentials issued) : issued_(std::move(issued)) {}
  awaitable<base::Result<IssuedCredentials>> fetch() override { co_return issued_; }

 private:
  IssuedCredentials issued_;
};

}  // namespace

std::shared_ptr<CredentialsProvider> renewing_credentials(std::unique_ptr<CredentialsSource> source,
                                                          const base::Clock& clock, CredentialsName name) {
  return std::make_shared<RenewingCredentials>(std::move(source), clock, std::move(name));
}

std::unique_ptr<CredentialsSource> known_credentials(IssuedCredentials issued) {
  return std::make_unique<KnownCredentials>(std::move(issued));
}

}  // namespace aws
