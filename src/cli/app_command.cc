#include "cli/app_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <climits>
#include <filesystem>
#include <stdexcept>

#include "base/log.h"
#include "base/memory_reserve.h"
#include "cli/exit_status.h"
#include "cli/json_reporter.h"
#include "cli/local_cloud_process.h"
#include "cli/login_name.h"
#include "cli/terminal.h"
#include "cli/terminal_reporter.h"
#include "os/signals.h"
#include "os/spawner.h"
#include "os/terminal_input.h"
#include "project/app_folder.h"
#include "session/operations.h"
#include "session/start.h"
#include "session/until_signal.h"
#include "worker/node_sdk.h"

namespace cli {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMemoryReserve = 128 << 20;  // twenty events or answers of 6 MB in hand

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, HOST_NAME_MAX) == 0 ? name : "localhost";
}

std::string own_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

awaitable<base::Result<>> run_verb(AppCommand::Verb verb, session::Options options, session::Surroundings with) {
  switch (verb) {
    case AppCommand::Verb::start:  // a signal is how it ends
      return session::start(std::move(options), with);
    case AppCommand::Verb::deploy:
      return session::until_signal(session::deploy(std::move(options), with), with.signals);
    case AppCommand::Verb::diff:
      return session::until_signal(session::diff(std::move(options), with), with.signals);
    case AppCommand::Verb::remove:
      return session::until_signal(session::remove(std::move(options), with), with.signals);
    case AppCommand::Verb::outputs:
      return session::until_signal(session::outputs(std::move(options), with), with.signals);
  }
  throw std::logic_error("a command that is not there");
}

// The app's own packages, and those of the folders above it: the CDK's custom resources want an AWS SDK, which Lambda
// brings along; and what was fetched of that for others. Where nothing is yet, something may be installed while the
// cloud lives.
std::vector<std::string> local_cloud_arguments(const std::filesystem::path& app,
                                               const std::map<std::string, std::string>& environment) {
  std::vector<std::string> arguments;
  for (auto folder = app; folder != folder.root_path(); folder = folder.parent_path()) {
    arguments.insert(arguments.end(), {"--node-modules", (folder / "node_modules").string()});
  }
  for (std::string& cached : worker::cached_node_modules(environment)) {
    arguments.insert(arguments.end(), {"--node-modules", std::move(cached)});
  }
  return arguments;
}

// With --local the cloud's address and key take the place of the environment's; profiles are left out of it.
awaitable<base::Result<>> run_locally(AppCommand::Verb verb, session::Options options, session::Surroundings with) {
  // What is wrong with the folder is said before anything is started for it.
  auto folder =
      verb == AppCommand::Verb::remove
          ? project::open_remains(options.app_dir, options.stage, options.user, options.template_file, options.app)
          : project::open_app_folder(options.app_dir, options.stage, options.user, options.template_file);
  if (!folder) co_return base::fail(folder.error());
  CO_TRY(auto state, project::state_folder(folder->path));
  CO_TRY(auto cloud,
         co_await LocalCloudProcess::join(state, own_program(),
                                          local_cloud_arguments(folder->path, options.environment), &with.spawner));
  std::erase_if(options.environment, [](const auto& variable) { return variable.first.starts_with("AWS_"); });
  options.environment.merge(cloud->environment());
  for (const char* file : {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) options.environment[file] = "/dev/null";
  auto outcome = co_await run_verb(verb, std::move(options), with);
  co_await cloud->leave();
  co_return outcome;
}

awaitable<void> run(AppCommand command, session::Options options, session::Surroundings with, base::Result<>* outcome) {
  *outcome = command.local ? co_await run_locally(command.verb, std::move(options), with)
                           : co_await run_verb(command.verb, std::move(options), with);
}

session::Options to_options(const AppCommand& command, session::Assets assets) {
  auto environment = os::own_environment();
  std::string user = login_name(environment);
  return {.app_dir = command.app.app_dir,
          .stage = command.app.stage,
          .template_file = command.app.template_file,
          .app = command.app_name,
          .parameters = command.app.parameters,
          .profile = command.profile,
          .region = command.region,
          .take_over = command.take_over,
          .yes_really = command.yes_really,
          .yes = command.yes,
          .increase_timeout = command.increase_timeout,
          .workers = command.workers,
          .inspect = command.inspect,
          .cloud_ends = command.local,
          .user = std::move(user),
          .host = host_name(),
          .environment = std::move(environment),
          .assets = std::move(assets)};
}

}  // namespace

int run_app_command(const AppCommand& command, session::Assets assets) {
  base::keep_memory_reserve(kMemoryReserve);
  if (command.verbose) base::set_log_level(base::LogLevel::debug);
  base::SystemClock clock;
  JsonReporter json(stdout, clock);
  TerminalReporter terminal(stdout, {.color = wants_color(STDOUT_FILENO), .verbose = command.verbose}, clock);
  session::Reporter& reporter = command.json ? static_cast<session::Reporter&>(json) : terminal;

  asio::io_context loop(1);
  auto spawner = os::make_spawner(loop.get_executor());
  auto signals = os::catch_signals(loop.get_executor());
  auto input = os::read_terminal(loop.get_executor());
  base::Result<> outcome;
  base::run_until_done(loop, run(command, to_options(command, std::move(assets)),
                                 {clock, *spawner, *signals, *input, reporter}, &outcome));

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
