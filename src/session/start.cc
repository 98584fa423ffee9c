#include "session/start.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <exception>

#include "base/task_group.h"
#include "os/files.h"
#include "os/network_changes.h"
#include "session/bridge_driver.h"
#include "session/code_watch.h"
#include "session/debugging.h"
#include "session/deployment.h"
#include "session/downloads.h"
#include "session/editor_files.h"
#include "session/environments.h"
#include "session/function_code.h"
#include "session/infrastructure.h"
#include "session/inline_code.h"
#include "session/live_functions.h"
#include "session/message_size.h"
#include "session/processing.h"
#include "session/text.h"
#include "session/until_signal.h"
#include "session/workspace.h"

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
  Session(asio::any_io_executor executor, Options options, Surroundings surroundings)
      : executor_(std::move(executor)),
        options_(std::move(options)),
        with_(surroundings),
        workspace_(executor_, options_, with_) {}

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

  // After live(), however it ended: says what is left. Cancelling it cuts the grace short; no worker and no task is
  // left all the same.
  awaitable<void> wind_down() {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (code_watch_) co_await code_watch_->close();
    co_await watching_.close();
    if (driver_) co_await driver_->finish(kGrace);
    if (environments_) co_await environments_->close();
    if (debugging_) co_await debugging_->close();
    if (launcher_) co_await launcher_->close();
    if (edits_ && !displaced_ && !options_.cloud_ends) {
      with_.reporter.report(
          Notice{fmt::format("Functions of stage {} answer 503 until `livelambda start` or `livelambda deploy`.",
                             workspace_.folder().stage)});
    }
  }

  base::Result<> outcome() const { return done_ ? outcome_ : base::Result<>(); }
  base::TaskGroup& signal_wait() { return signal_wait_; }
  bool done() const { return done_; }

 private:
  awaitable<base::Result<>> go_live() {
    CO_TRY(co_await workspace_.open());
    CO_TRY(bool recalled, co_await workspace_.recall());
    if (!recalled) CO_TRY(co_await workspace_.read(project::Purpose::live));
    CO_TRY(extract_loaders());
    CO_TRY(auto deployment, co_await deploy_live(workspace_, [this] { return make_plan(); }, options_, with_));
    CO_TRY(co_await connect(deployment));
    functions_ = with_debuggers(deployment.functions);
    edits_.emplace(
        workspace_, options_, with_, std::move(plan_),
        InfrastructureEdits::Callbacks{.deployed = [this](const Deployment& another) { go_on_with(another); },
                                       .nothing_to_deploy = [this] { know(with_present_code(workspace_, functions_)); },
                                       .check = [this] { return check_functions(); }});
    CO_TRY(watch_code());
    with_.reporter.report(ready(deployment));
    environments_->build_all();
    if (recalled) edits_->check_recalled();
    watching_.spawn(edits_->watch_edits());
    watching_.spawn(edits_->watch_keyboard());
    std::string displaced_by = co_await driver_->run();
    co_await code_watch_->close();
    co_await watching_.close();
    if (displaced_by.empty() && !driver_->bridge_is_removed()) co_return base::Result<>();  // ended by a signal
    co_await environments_->close();
    displaced_ = true;
    if (driver_->bridge_is_removed()) {
      co_return base::fail(base::ErrorKind::deployment,
                           fmt::format("stage {} was removed while this session ran", workspace_.folder().stage),
                           "Run `livelambda start` to deploy it again.");
    }
    co_return base::fail(base::ErrorKind::displaced, "another client has connected: " + displaced_by,
                         "Run `livelambda start` again to take over, or work on a stage of your own with --stage.");
  }

  awaitable<base::Result<Plan>> make_plan() {
    CO_TRY(co_await process_stacks(workspace_, options_, with_));
    if (options_.inspect) {
      CO_TRY(inspected_, functions_to_inspect(*options_.inspect, workspace_.application()));
    }
    CO_TRY(co_await check_functions());
    CO_TRY(co_await open_debuggers(live_codes()));
    CO_TRY(plan_, plan_live(workspace_.application(), options_.increase_timeout));
    co_return plan_;
  }

  // Of the app as it is now: who stays in AWS, and whether this machine can run the others. What of their code stands
  // in the template runs from now on.
  awaitable<base::Result<>> check_functions() {
    for_each_function([this](const app::Stack& stack, const app::Function& function) {
      if (!function.live) tell_once(fmt::format("{} {}", stack.path_of(function), app::to_string(function.why_not)));
    });
    CO_TRY(auto rewritten, write_inline_code(workspace_.application(), options_.assets));
    if (environments_ && !rewritten.empty()) environments_->reload(rewritten);
    co_return co_await check_runtimes();
  }

  void tell_once(std::string line) {
    if (told_.insert(line).second) with_.reporter.report(Notice{std::move(line)});
  }

  void for_each_function(const std::function<void(const app::Stack&, const app::Function&)>& visit) const {
    for (const app::Stack& root : workspace_.application().stacks) {
      app::for_each_stack(root, [&visit](const app::Stack& stack) {
        for (const app::Function& function : stack.functions) visit(stack, function);
      });
    }
  }

  // The loaders are part of the program; interpreters want files.
  base::Result<> extract_loaders() {
    loaders_ = workspace_.folder().state("runtimes");
    for (const LoaderFile& file : options_.assets.loaders) {
      std::string path = fmt::format("{}/{}", loaders_, file.name);
      TRY(os::make_directories(path.substr(0, path.rfind('/')), 0700));
      TRY(os::write_file(path, file.content, 0600));
    }
    launcher_ = worker::make_launcher(executor_, with_.spawner, with_.clock,
                                      {.loaders = loaders_,
                                       .builds = workspace_.folder().state("build"),
                                       .ca_file = get(options_.environment, "LIVELAMBDA_CA_FILE"),
                                       .own_environment = options_.environment,
                                       .account = workspace_.account_id(),
                                       .tmp = workspace_.folder().state("tmp." + workspace_.folder().stage)});
    return {};
  }

  // A warning is said once; what is missing is an error: nothing is deployed that could not run.
  awaitable<base::Result<>> check_runtimes() {
    const auto codes = live_codes();
    std::vector<std::pair<std::string, std::string>> warnings;  // by function
    for (const worker::FunctionCode& code : codes) {
      CO_TRY(auto warning, co_await launcher_->check(code));
      warnings.emplace_back(code.function, std::move(warning));
    }
    for (std::string& line : group_warnings(warnings)) tell_once(std::move(line));
    co_return co_await downloads_.fetch(*launcher_, codes);
  }

  std::vector<worker::FunctionCode> live_codes() const {
    std::vector<worker::FunctionCode> codes;
    for_each_function([&](const app::Stack& stack, const app::Function& function) {
      if (!function.live) return;
      codes.push_back(function_code(stack, function, workspace_.folder().path));
      codes.back().debugged = inspected_.contains(codes.back().function);
    });
    return codes;
  }

  // After check_runtimes().
  awaitable<base::Result<>> open_debuggers(std::vector<worker::FunctionCode> codes) {
    std::erase_if(codes, [](const worker::FunctionCode& code) { return !code.debugged; });
    debugging_ =
        std::make_unique<Debugging>(executor_, with_.spawner, with_.reporter,
                                    DebuggingOptions{.ports_file = workspace_.folder().state("debug-ports.json"),
                                                     .environment = options_.environment});
    CO_TRY(co_await debugging_->open(*launcher_, std::move(codes), options_.inspect && options_.inspect->empty()));
    auto written = write_editor_files(debugging_->functions(), workspace_.folder().path);
    if (!written) {
      const base::Error& error = written.error();
      with_.reporter.report(
          Notice{fmt::format("{}{}: {}", place_text(error.file, error.line), error.message, error.hint)});
    }
    if (written && !written->empty()) {
      with_.reporter.report(Notice{fmt::format("wrote how to attach a debugger: {}", fmt::join(*written, ", "))});
    }
    co_return base::Result<>();
  }

  std::vector<LiveFunction> with_debuggers(std::vector<LiveFunction> functions) const {
    for (LiveFunction& function : functions) {
      function.code.debugged = inspected_.contains(function.code.function);
    }
    return functions;
  }

  awaitable<base::Result<>> connect(const Deployment& deployment) {
    driver_ = std::make_unique<BridgeDriver>(
        executor_,
        BridgeConfig{.aws = workspace_.aws(),
                     .url = deployment.bridge_url,
                     .table = deployment.bridge_table,
                     .owner = fmt::format("{}@{}", options_.user, options_.host),
                     .principal = workspace_.principal(),
                     .tls = workspace_.account().tls,
                     .find_max_message = [aws = workspace_.aws(), url = deployment.bridge_url,
                                          tls = workspace_.account().tls] { return find_max_message(aws, url, tls); },
                     .network_change = network_change()},
        with_.clock, with_.reporter);
    environments_ = std::make_unique<Environments>(executor_, *launcher_, *driver_, with_.clock, with_.reporter,
                                                   by_name(with_debuggers(deployment.functions)), options_.workers,
                                                   debugging_.get(), [this](const std::string& function) {
                                                     if (code_watch_) code_watch_->look_at_inputs(function);
                                                   });
    co_return co_await driver_->connect(*environments_);
  }

  std::function<awaitable<void>()> network_change() const {
    std::shared_ptr<os::NetworkChanges> changes = os::watch_network(executor_);
    if (!changes) return {};
    return [changes] { return changes->next(); };
  }

  static std::map<std::string, LiveFunction> by_name(const std::vector<LiveFunction>& functions) {
    std::map<std::string, LiveFunction> map;
    for (const LiveFunction& function : functions) map.emplace(function.info.name, function);
    return map;
  }

  Ready ready(const Deployment& deployment) const {
    Ready ready{.stage = workspace_.folder().stage,
                .app = workspace_.application().name,
                .outputs = deployment.outputs,
                .functions = {}};
    for (const LiveFunction& live : deployment.functions) ready.functions.push_back(live.info);
    return ready;
  }

  base::Result<> watch_code() {
    code_watch_.emplace(
        executor_, workspace_.folder().path, *launcher_, with_.clock,
        CodeWatch::Callbacks{
            .changed = [this](const os::Changes& changes) { edits_->changed(changes); },
            .touched = [this](const std::set<std::string>& functions) { environments_->reload(functions); },
            .failed = [this](const base::Error& error) { tell_unwatched(error); }});
    return code_watch_->watch(sources_of(functions_));
  }

  void tell_unwatched(const base::Error& error) {
    with_.reporter.report(Notice{error.hint.empty() ? error.message : error.message + ": " + error.hint});
  }

  static std::vector<worker::FunctionSource> sources_of(const std::vector<LiveFunction>& functions) {
    std::vector<worker::FunctionSource> sources;
    for (const LiveFunction& live : functions) {
      sources.push_back({live.info.logical_id, live.info.source, {}, live.code.layers});
    }
    return sources;
  }

  // The infrastructure was edited and deployed while the session runs.
  void go_on_with(const Deployment& deployment) {
    know(deployment.functions);
    with_.reporter.report(ready(deployment));
  }

  void know(std::vector<LiveFunction> functions) {
    functions_ = with_debuggers(std::move(functions));
    environments_->know(by_name(functions_));
    if (auto watched = code_watch_->watch(sources_of(functions_)); !watched) tell_unwatched(watched.error());
  }

  asio::any_io_executor executor_;
  const Options options_;
  const Surroundings with_;
  Workspace workspace_;
  std::string loaders_;
  std::set<std::string> inspected_;  // paths of functions
  std::unique_ptr<worker::Launcher> launcher_;
  Downloads downloads_{options_, with_};
  std::unique_ptr<Debugging> debugging_;
  std::unique_ptr<BridgeDriver> driver_;
  std::unique_ptr<Environments> environments_;
  std::vector<LiveFunction> functions_;
  std::optional<CodeWatch> code_watch_;
  Plan plan_;                   // until it is deployed
  std::set<std::string> told_;  // lines
  std::optional<InfrastructureEdits> edits_;
  base::TaskGroup watching_{executor_};
  base::TaskGroup signal_wait_{executor_};
  base::Result<> outcome_;
  bool done_ = false;
  bool displaced_ = false;
};

}  // namespace

awaitable<base::Result<>> start(Options options, Surroundings surroundings) {
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
  // The second signal: whoever waits for running invocations stops waiting.
  impatience.spawn(cancel_on_signal(surroundings.signals, ending));
  co_await ending.join();
  co_await impatience.close();
  if (failure) std::rethrow_exception(failure);
  co_return session.outcome();
}

}  // namespace session
