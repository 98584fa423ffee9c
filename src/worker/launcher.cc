#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/environment.h"
#include "worker/language.h"
#include "worker/nodejs.h"
#include "worker/worker.h"
#include "worker/worker_process.h"

namespace worker {

namespace asio = boost::asio;

namespace {

class ProcessLauncher final : public Launcher {
 public:
  ProcessLauncher(asio::any_io_executor executor, os::Spawner& spawner, const base::Clock& clock,
                  LauncherOptions options)
      : executor_(std::move(executor)), spawner_(spawner), clock_(clock), options_(std::move(options)) {
    languages_.push_back(make_nodejs(spawner_, options_.own_environment, options_.loaders + "/nodejs"));
  }

  awaitable<base::Result<>> check(std::string runtime) override {
    CO_TRY(auto* language, find_language(runtime));
    co_return co_await language->check();
  }

  awaitable<base::Result<std::unique_ptr<Worker>>> start(WorkerSpec spec, LogCallback log) override {
    CO_TRY(auto* language, find_language(spec.runtime));
    CO_TRY(co_await language->check());
    std::error_code ignored;
    if (!std::filesystem::is_directory(spec.source, ignored)) {
      co_return base::fail(base::ErrorKind::not_found,
                           fmt::format("the folder of the function {} does not exist: {}", spec.function, spec.source));
    }
    WorkerCommand command;
    command.command = language->command();
    command.environment = [&](const std::string& runtime_api) {
      return make_environment(spec, options_, runtime_api, language->runtime_folder());
    };
    auto copy = spec;
    co_return start_worker_process(executor_, spawner_, clock_, std::move(copy), std::move(command), std::move(log));
  }

 private:
  base::Result<Language*> find_language(std::string_view runtime) const {
    for (const auto& language : languages_) {
      if (language->runs(runtime)) return language.get();
    }
    return base::fail(base::ErrorKind::usage, fmt::format("functions of the runtime {} cannot run here yet", runtime),
                      "livelambda runs nodejs20.x and later today");
  }

  asio::any_io_executor executor_;
  os::Spawner& spawner_;
  const base::Clock& clock_;
  LauncherOptions options_;
  std::vector<std::unique_ptr<Language>> languages_;
};

}  // namespace

std::unique_ptr<Launcher> make_launcher(asio::any_io_executor executor, os::Spawner& spawner, const base::Clock& clock,
                                        LauncherOptions options) {
  return std::make_unique<ProcessLauncher>(std::move(executor), spawner, clock, std::move(options));
}

}  // namespace worker
