#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <exception>

#include "aws/account.h"
#include "aws/sts.h"
#include "base/task_group.h"
#include "net/http_client.h"
#include "os/files.h"
#include "os/watcher.h"
#include "project/toolchain.h"
#include "session/account_surroundings.h"
#include "session/bridge_driver.h"
#include "session/deployment.h"
#include "session/environments.h"
#include "session/start.h"
#include "worker/sources.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr base::Millis kGrace = 10s;  // for what runs when the session ends

std::string get(const std::map<std::string, std::string>& map, const std::string& key) {
  auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

class Session {
 public:
  Session(asio::any_io_executor executor, StartOptions options, Surroundings surroundings)
      : executor_(std::move(executor)), options_(std::move(options)), with_(surroundings) {}

  awaitable<void> live() {
    auto outcome = co_await go_live();
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;  // a signal came first: that is no failure
    outcome_ = std::move(outcome);
    done_ = true;
    signal_wait_.cancel();
  }

  awaitable<void> wait_for_signal(base::TaskGroup& work) {
    co_await with_.signals.next();
    work.cancel();
  }

  // After live(), however it ended. Cancelling it cuts the grace short; no worker and no task is left all the same.
  awaitable<void> wind_down() {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (driver_) co_await driver_->finish(kGrace);
    if (environments_) co_await environments_->close();
  }

  base::Result<> outcome() const { return done_ ? outcome_ : base::Result<>(); }
  base::TaskGroup& signal_wait() { return signal_wait_; }
  bool done() const { return done_; }

 private:
  awaitable<base::Result<>> go_live() {
    CO_TRY(co_await read_app());
    CO_TRY(co_await find_account());
    CO_TRY(extract_loaders());
    CO_TRY(co_await check_runtimes());
    CO_TRY(auto deployment,
           co_await deploy_app(folder_, application_, {aws_, options_.assets, account_.ca_pem}, with_.reporter));
    CO_TRY(co_await connect(deployment));
    CO_TRY(auto watcher, watch_sources(deployment));
    with_.reporter.report(ready(deployment));
    base::TaskGroup watching(executor_);
    watching.spawn(reload_on_change(std::move(watcher), sources_of(deployment)));
    std::string displaced_by = co_await driver_->run();
    co_await watching.close();
    if (displaced_by.empty()) co_return base::Result<>();  // ended by a signal; wind_down() does the rest
    co_await environments_->close();
    co_return base::fail(base::ErrorKind::displaced, "another client has connected: " + displaced_by,
                         "Run `livelambda start` again to take over, or work on a stage of your own with --stage.");
  }

  awaitable<base::Result<>> read_app() {
    CO_TRY(folder_, project::open_app_folder(options_.app_dir, options_.stage, options_.user));
    toolchain_ =
        project::make_toolchain({.folder = folder_, .environment = options_.environment, .spawner = &with_.spawner});
    CO_TRY(application_, co_await toolchain_->read(project::Purpose::live));
    for (const app::Stack& stack : application_.stacks) {
      for (const codec::DuplicateKey& twice : stack.document.duplicates) {
        with_.reporter.report(Notice{fmt::format("{}:{}: {} stood already in line {}; this one counts",
                                                 stack.template_file, twice.line, twice.key, twice.first_line)});
      }
      for (const app::Function& function : stack.functions) {
        if (!function.live) with_.reporter.report(Notice{fmt::format("{} {}", function.logical_id, app::to_string(function.why_not))});
      }
    }
    co_return base::Result<>();
  }

  // Credentials, region, and whom they belong to: before anything else happens.
  awaitable<base::Result<>> find_account() {
    programs_ = make_run_program(executor_, with_.spawner, options_.environment);
    CO_TRY(account_, co_await aws::find_account({.environment = options_.environment},
                                                account_surroundings(executor_, with_.clock, *programs_, nullptr)));
    aws_ = aws::client_config(account_, with_.clock);
    CO_TRY(auto identity, co_await aws::get_caller_identity(aws_));
    principal_ = identity.arn;
    with_.reporter.report(Notice{fmt::format("{} on stage {}, account {}, region {}", application_.name, folder_.stage,
                                             identity.account, account_.region)});
    co_return base::Result<>();
  }

  // The loaders are part of the program; interpreters want files.
  base::Result<> extract_loaders() {
    loaders_ = folder_.state("runtimes");
    for (const LoaderFile& file : options_.assets.loaders) {
      std::string path = fmt::format("{}/{}", loaders_, file.name);
      TRY(os::make_directories(path.substr(0, path.rfind('/')), 0700));
      TRY(os::write_file(path, file.content, 0600));
    }
    launcher_ = worker::make_launcher(executor_, with_.spawner, with_.clock,
                                      {.loaders = loaders_,
                                       .ca_file = get(options_.environment, "LIVELAMBDA_CA_FILE"),
                                       .own_environment = options_.environment});
    return {};
  }

  awaitable<base::Result<>> check_runtimes() {
    std::set<std::string> runtimes;
    for (const app::Stack& stack : application_.stacks) {
      for (const app::Function& function : stack.functions) {
        if (function.live) runtimes.insert(function.runtime);
      }
    }
    for (const std::string& runtime : runtimes) CO_TRY(co_await launcher_->check(runtime));
    co_return base::Result<>();
  }

  awaitable<base::Result<>> connect(const Deployment& deployment) {
    driver_ = std::make_unique<BridgeDriver>(executor_,
                                             BridgeConfig{.aws = aws_,
                                                          .url = deployment.bridge_url,
                                                          .table = deployment.bridge_table,
                                                          .owner = fmt::format("{}@{}", options_.user, options_.host),
                                                          .principal = principal_,
                                                          .tls = account_.tls},
                                             with_.clock, with_.reporter);
    environments_ = std::make_unique<Environments>(executor_, *launcher_, *driver_, with_.clock, with_.reporter,
                                                   deployment.functions);
    co_return co_await driver_->connect(*environments_);
  }

  Ready ready(const Deployment& deployment) const {
    Ready ready{.stage = folder_.stage, .app = application_.name, .outputs = deployment.outputs, .functions = {}};
    for (const app::Stack& stack : application_.stacks) {
      for (const app::Function& function : stack.functions) {  // in the template's order
        for (const auto& [name, live] : deployment.functions) {
          if (live.info.logical_id == function.logical_id) ready.functions.push_back(live.info);
        }
      }
    }
    return ready;
  }

  static std::vector<worker::FunctionSource> sources_of(const Deployment& deployment) {
    std::vector<worker::FunctionSource> sources;
    for (const auto& [name, live] : deployment.functions) sources.push_back({live.info.logical_id, live.info.source});
    return sources;
  }

  base::Result<std::unique_ptr<os::Watcher>> watch_sources(const Deployment& deployment) {
    std::set<std::string> folders = worker::folders_to_watch(folder_.path, sources_of(deployment));
    return os::watch(executor_, {folders.begin(), folders.end()}, worker::skip_directory);
  }

  awaitable<void> reload_on_change(std::unique_ptr<os::Watcher> watcher, std::vector<worker::FunctionSource> sources) {
    while (true) {
      os::Changes changes = co_await watcher->next();
      std::set<std::string> touched = worker::touched_functions(changes, folder_.path, sources);
      if (!touched.empty()) environments_->reload(touched);
    }
  }

  asio::any_io_executor executor_;
  StartOptions options_;
  Surroundings with_;
  project::AppFolder folder_;
  std::unique_ptr<project::Toolchain> toolchain_;
  app::Application application_;
  std::string principal_;
  std::string loaders_;
  std::unique_ptr<aws::RunProgram> programs_;
  aws::Account account_;
  aws::ClientConfig aws_;
  std::unique_ptr<worker::Launcher> launcher_;
  std::unique_ptr<BridgeDriver> driver_;
  std::unique_ptr<Environments> environments_;
  base::TaskGroup signal_wait_{executor_};
  base::Result<> outcome_;
  bool done_ = false;
};

// The second signal: whoever waits for running invocations stops waiting.
awaitable<void> cancel_on_signal(os::Signals& signals, base::TaskGroup& group) {
  co_await signals.next();
  group.cancel();
}

}  // namespace

awaitable<base::Result<>> start(StartOptions options, Surroundings surroundings) {
  asio::any_io_executor executor = co_await asio::this_coro::executor;
  Session session(executor, std::move(options), surroundings);
  base::TaskGroup work(executor);
  work.spawn(session.live());
  session.signal_wait().spawn(session.wait_for_signal(work));
  std::exception_ptr failure;
  try {
    co_await work.join();
  } catch (...) {  // goes on to main() when the workers are ended
    failure = std::current_exception();
  }
  co_await session.signal_wait().close();
  base::TaskGroup impatience(executor);
  base::TaskGroup ending(executor);
  ending.spawn(session.wind_down());
  impatience.spawn(cancel_on_signal(surroundings.signals, ending));
  co_await ending.join();
  co_await impatience.close();
  if (failure) std::rethrow_exception(failure);
  co_return session.outcome();
}

}  // namespace session
