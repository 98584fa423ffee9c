#include "project/sam_build.h"

#include <fmt/format.h>

#include "os/files.h"
#include "project/run_tool.h"

namespace project {

namespace {

// In the form that the CLI reads: quoted, so that spaces are part of it.
std::string override_of(const std::string& name, const std::string& value) {
  std::string quoted;
  for (char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return fmt::format("ParameterKey={},ParameterValue=\"{}\"", name, quoted);
}

}  // namespace

SamBuild::SamBuild(const Workplace& workplace, std::map<std::string, std::string> parameters)
    : workplace_(workplace), parameters_(std::move(parameters)) {
  auto path = workplace.environment.find("PATH");
  if (path != workplace.environment.end()) program_ = os::find_program("sam", path->second);
}

awaitable<base::Result<std::string>> SamBuild::build_all() {
  CO_TRY(auto built, co_await build("app", std::nullopt));
  co_return built + "/template.yaml";
}

awaitable<base::Result<std::string>> SamBuild::build_one(std::string path) {
  CO_TRY(auto built, co_await build("one/" + path, path));
  co_return fmt::format("{}/{}", built, path);
}

// Run in a folder of its own, where the CLI also keeps what it remembers of its last build.
awaitable<base::Result<std::string>> SamBuild::build(std::string folder, std::optional<std::string> path) {
  const AppFolder& app = workplace_.folder;
  std::string place = app.state(fmt::format("build/{}/{}", app.stage, folder));
  CO_TRY(os::make_directories(place));
  std::vector<std::string> command = {program_, "build"};
  if (path) command.push_back(*path);
  command.insert(command.end(), {"--template-file", app.entry_file, "--build-dir", ".aws-sam/build", "--cached",
                                 "--cache-dir", ".aws-sam/cache"});
  if (!parameters_.empty()) command.emplace_back("--parameter-overrides");
  for (const auto& [name, value] : parameters_) command.push_back(override_of(name, value));
  std::map<std::string, std::string> variables = workplace_.environment;
  variables["SAM_CLI_TELEMETRY"] = "0";
  variables["NO_COLOR"] = "1";
  auto output = co_await run_tool(*workplace_.spawner, {.command = std::move(command),
                                                        .environment = std::move(variables),
                                                        .directory = place,
                                                        .on_output = workplace_.on_output});
  if (!output) {
    base::Error error = output.error();
    if (error.hint.empty()) error.hint = "Mend what the SAM CLI says, then run the command again.";
    error.file = app.entry_file;
    co_return base::fail(std::move(error));
  }
  co_return place + "/.aws-sam/build";
}

}  // namespace project
