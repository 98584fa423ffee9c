#include "cli/local_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "base/log.h"
#include "base/task_group.h"
#include "cli/exit_status.h"
#include "cli/json_reporter.h"
#include "cli/terminal.h"
#include "cli/terminal_reporter.h"
#include "codec/json.h"
#include "localcloud/server/server.h"
#include "os/files.h"
#include "os/signals.h"

namespace cli {
namespace {

namespace asio = boost::asio;
using base::awaitable;

base::Result<localcloud::LocalCloudOptions> to_options(const LocalCommand& command, const session::Assets& assets) {
  localcloud::LocalCloudOptions options{
      .port = command.port,
      .host_name = command.host_name,
      .tls = command.tls,
      .end_when_unused = command.end_when_unused,
      .test_clock = command.test_clock,
      .websockets = {.record_file = command.record_websockets, .large_messages = command.large_messages},
      .node_modules = command.node_modules};
  if (std::size_t colon = command.access_key.find(':'); colon != std::string::npos) {
    options.access_key_id = command.access_key.substr(0, colon);
    options.secret_access_key = command.access_key.substr(colon + 1);
  }
  if (!command.record_websockets.empty() && !std::ofstream(command.record_websockets, std::ios::app)) {
    return base::fail(base::ErrorKind::local_resource, fmt::format("cannot write {}", command.record_websockets),
                      "Name a file in a folder that exists and is yours.");
  }
  if (!command.certificate_file.empty()) {
    TRY(options.certificate_pem, os::read_file(command.certificate_file));
    TRY(options.key_pem, os::read_file(command.key_file));
  }
  for (const auto& loader : assets.loaders) {
    options.loaders.push_back({.name = std::string(loader.name), .bytes = std::string(loader.content)});
  }
  return options;
}

void print_ready(const localcloud::LocalCloudReady& ready, bool as_json) {
  if (as_json) {
    boost::json::object object{{"event", "ready"},
                               {"endpoint", ready.endpoint},
                               {"region", ready.region},
                               {"accessKeyId", ready.access_key_id},
                               {"secretAccessKey", ready.secret_access_key}};
    if (!ready.ca_pem.empty()) object["caPem"] = ready.ca_pem;
    fmt::print("{}\n", codec::to_text(object));
  } else {
    fmt::print(
        "# The local cloud is ready; every AWS tool finds it with "
        "these. Ctrl+C ends it.\n"
        "export AWS_ENDPOINT_URL={}\nexport AWS_REGION={}\nexport "
        "AWS_ACCESS_KEY_ID={}\nexport "
        "AWS_SECRET_ACCESS_KEY={}\n",
        ready.endpoint, ready.region, ready.access_key_id, ready.secret_access_key);
  }
  std::fflush(stdout);
}

awaitable<void> serve(localcloud::LocalCloud& cloud, base::TaskGroup& others) {
  co_await cloud.run();
  others.cancel();
}

awaitable<void> end_on_signal(os::Signals& signals, base::TaskGroup& others) {
  co_await signals.next();
  others.cancel();
}

awaitable<void> run(localcloud::LocalCloud& cloud, os::Signals& signals) {
  auto executor = co_await asio::this_coro::executor;
  base::TaskGroup serving(executor);
  base::TaskGroup waiting(executor);
  serving.spawn(serve(cloud, waiting));
  waiting.spawn(end_on_signal(signals, serving));
  co_await serving.join();
  co_await waiting.close();
}

base::Result<> run_cloud(const LocalCommand& command, const session::Assets& assets) {
  asio::io_context loop(1);
  auto signals = os::catch_signals(loop.get_executor());
  TRY(auto options, to_options(command, assets));
  TRY(auto cloud, localcloud::make_local_cloud(loop.get_executor(), std::move(options)));
  print_ready(cloud->ready(), command.json);
  base::run_until_done(loop, run(*cloud, *signals));
  return {};
}

}  // namespace

int run_local(const LocalCommand& command, const session::Assets& assets) {
  if (command.verbose) base::set_log_level(base::LogLevel::debug);
  auto outcome = run_cloud(command, assets);
  if (outcome) return static_cast<int>(ExitStatus::ok);
  if (command.json) {
    base::SystemClock clock;
    JsonReporter(stdout, clock).error(outcome.error());
  } else {
    fmt::print(stderr, "{}", to_terminal_text(outcome.error(), wants_color(STDERR_FILENO)));
  }
  return static_cast<int>(exit_status_of(outcome.error().kind));
}

}  // namespace cli
