#include "session/account_surroundings.h"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "base/task_group.h"
#include "os/files.h"

namespace session {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

constexpr auto kDeadline = 30s;
constexpr std::size_t kMaxOutput = 1024 * 1024;  // keys are some hundred bytes

// Kills the process unless it is destroyed before.
awaitable<void> kill_late(std::shared_ptr<os::Process> process, std::shared_ptr<bool> late) {
  co_await base::sleep_for(kDeadline);
  *late = true;
  process->signal_group(SIGKILL);
}

awaitable<base::Result<aws::ProgramOutcome>> run_to_end(asio::any_io_executor executor,
                                                        std::shared_ptr<os::Process> process, std::string name) {
  auto late = std::make_shared<bool>(false);
  base::TaskGroup deadline(executor);
  deadline.spawn(kill_late(process, late));
  aws::ProgramOutcome outcome;
  while (outcome.output.size() < kMaxOutput) {
    std::string piece = co_await process->read_stdout();
    if (piece.empty()) break;
    outcome.output += piece;
  }
  if (outcome.output.size() >= kMaxOutput) process->signal_group(SIGKILL);
  os::ExitStatus status = co_await process->wait();
  co_await deadline.close();
  if (*late) co_return base::fail(base::ErrorKind::transport, fmt::format("{} did not end within 30 s", name));
  outcome.status = status.signal != 0 ? 128 + status.signal : status.code;
  co_return outcome;
}

class SpawnedProgram final : public aws::RunProgram {
 public:
  SpawnedProgram(asio::any_io_executor executor, os::Spawner& spawner, std::map<std::string, std::string> environment)
      : executor_(std::move(executor)), spawner_(spawner), environment_(std::move(environment)) {}

  awaitable<base::Result<aws::ProgramOutcome>> run(std::vector<std::string> command) override {
    std::string name = command.empty() ? std::string() : command.front();
    CO_TRY(auto process, spawner_.spawn({.command = std::move(command),
                                         .environment = environment_,
                                         .directory = {},
                                         .capture_stdout = true,
                                         .capture_stderr = false}));
    co_return co_await run_to_end(executor_, std::move(process), std::move(name));
  }

 private:
  asio::any_io_executor executor_;
  os::Spawner& spawner_;
  std::map<std::string, std::string> environment_;
};

}  // namespace

std::unique_ptr<aws::RunProgram> make_run_program(asio::any_io_executor executor, os::Spawner& spawner,
                                                  std::map<std::string, std::string> environment) {
  return std::make_unique<SpawnedProgram>(std::move(executor), spawner, std::move(environment));
}

aws::AccountSurroundings account_surroundings(asio::any_io_executor executor, const base::Clock& clock,
                                              aws::RunProgram& programs, aws::PromptForMfa* mfa) {
  return {.clock = clock,
          .programs = programs,
          .mfa = mfa,
          .read_file = [](const std::string& path) -> std::optional<std::string> {
            auto text = os::read_file(path);
            return text ? std::optional(std::move(*text)) : std::nullopt;
          },
          .write_file = [](const std::string& path, std::string_view text) -> base::Result<> {
            TRY(os::make_directories(path.substr(0, path.rfind('/')), 0700));
            return os::write_file(path, text, 0600);
          },
          .make_tls = [](std::string ca_pem) { return net::make_client_tls(std::move(ca_pem), false); },
          .make_http = [executor](std::shared_ptr<net::TlsContext> tls,
                                  std::shared_ptr<const net::Proxies> proxies) -> std::shared_ptr<net::HttpClient> {
            return net::make_http_client(executor, std::move(tls), std::move(proxies));
          }};
}

}  // namespace session
