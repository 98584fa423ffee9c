#include "worker/build_command.h"

#include <chrono>
#include <utility>
#include <vector>

#include "worker/tool.h"

namespace worker {

namespace {

constexpr auto kTimeout = std::chrono::minutes(15);  // a first build fetches and compiles what it depends on

}  // namespace

awaitable<BuildResult> run_build_command(os::Spawner& spawner, std::map<std::string, std::string> environment,
                                         FunctionCode code) {
  auto folder = code.app_folder.empty() ? code.source : code.app_folder;
  co_return co_await run_build_tool(spawner, {"/bin/sh", "-c", code.build_command}, std::move(environment),
                                    std::move(folder));
}

awaitable<BuildResult> run_build_tool(os::Spawner& spawner, std::vector<std::string> command,
                                      std::map<std::string, std::string> environment, std::string directory) {
  auto output = co_await run_tool(spawner, {.command = std::move(command),
                                            .environment = std::move(environment),
                                            .directory = std::move(directory),
                                            .timeout = kTimeout});
  if (!output) co_return BuildResult{.ok = false, .output = output.error().message};
  co_return BuildResult{.ok = output->ok, .output = std::move(output->text)};
}

}  // namespace worker
