#include "cli/start_command.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <climits>
#include <filesystem>

#include "base/log.h"
#include "cli/exit_status.h"
#include "cli/json_reporter.h"
#include "cli/local_cloud_process.h"
#include "cli/terminal.h"
#include "cli/terminal_reporter.h"
#include "os/signals.h"
#include "os/spawner.h"
#include "project/app_folder.h"
#include "session/start.h"

namespace cli {
namespace {

namespace asio = boost::asio;

std::string login_name(const std::map<std::string, std::string>& environment) {
  if (const passwd* entry = ::getpwuid(::geteuid()); entry != nullptr && entry->pw_name != nullptr)
    return entry->pw_name;
  auto user = environment.find("USER");
  return user == environment.end() ? "dev" : user->second;
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, HOST_NAME_MAX) == 0 ? name : "localhost";
}

std::string own_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

// With --local the cloud's address and key take the place of the environment's; profiles are left out of it.
awaitable<base::Result<>> start_local(session::StartOptions options, session::Surroundings surroundings) {
  // What is wrong with the app is said before anything is started for it.
  CO_TRY(auto folder, project::open_app_folder(options.app_dir, options.stage, options.user));
  CO_TRY(auto state, project::state_folder(folder.path));
  CO_TRY(auto cloud, co_await LocalCloudProcess::join(state, own_program(), &surroundings.spawner));
  std::erase_if(options.environment, [](const auto& variable) { return variable.first.starts_with("AWS_"); });
  options.environment.merge(cloud->environment());
  auto outcome = co_await session::start(std::move(options), surroundings);
  co_await cloud->leave();
  co_return outcome;
}

awaitable<void> run(bool local, session::StartOptions options, session::Surroundings surroundings,
                    base::Result<>* outcome) {
  *outcome = local ? co_await start_local(std::move(options), surroundings)
                   : co_await session::start(std::move(options), surroundings);
}

}  // namespace

int run_start(const StartCommand& command, session::Assets assets) {
  if (command.verbose) base::set_log_level(base::LogLevel::debug);
  base::SystemClock clock;
  JsonReporter json(stdout, clock);
  TerminalReporter terminal(stdout, {.color = wants_color(STDOUT_FILENO), .verbose = command.verbose}, clock);
  session::Reporter& reporter = command.json ? static_cast<session::Reporter&>(json) : terminal;

  asio::io_context loop(1);
  auto spawner = os::make_spawner(loop.get_executor());
  auto signals = os::catch_signals(loop.get_executor());
  auto environment = os::own_environment();
  session::StartOptions options{.app_dir = command.app_dir,
                                .stage = command.stage,
                                .user = login_name(environment),
                                .host = host_name(),
                                .environment = environment,
                                .assets = std::move(assets)};
  base::Result<> outcome;
  base::run_until_done(loop, run(command.local, std::move(options), {clock, *spawner, *signals, reporter}, &outcome));

  ExitStatus status = outcome ? ExitStatus::ok : exit_status_of(outcome.error().kind);
  if (command.json) {
    if (!outcome) json.error(outcome.error());
    json.stopped(static_cast<int>(status));
  } else if (!outcome) {
    fmt::print(stderr, "{}", to_terminal_text(outcome.error(), wants_color(STDERR_FILENO)));
  }
  return static_cast<int>(status);
}

}  // namespace cli
