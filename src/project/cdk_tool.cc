#include "project/cdk_tool.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "os/files.h"
#include "project/run_tool.h"
#include "project/tool_failure.h"

namespace project {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstallHint = "Install the CDK's command line in the app's folder: npm install -D aws-cdk";
constexpr const char* kConcurrency = "4";
constexpr const char* kBootstrapped = "cdk.bootstrapped";  // in `.livelambda/`: the endpoint of the last cloud that was

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// "Stack | 0/4 | 3:27:41 PM | CREATE_FAILED | AWS::SNS::Subscription | Bad Topic does not exist"; the count may be
// missing. "" if it is no such line.
std::string failed_resource(std::string_view line) {
  std::vector<std::string_view> columns;
  while (columns.size() < 5) {
    std::size_t bar = line.find(" | ");
    if (bar == std::string_view::npos) break;
    columns.push_back(trimmed(line.substr(0, bar)));
    line.remove_prefix(bar + 3);
  }
  if (columns.size() < 4 || !columns[columns.size() - 2].ends_with("_FAILED")) return {};
  std::string_view reason = trimmed(line);
  if (reason.find("cancelled") != std::string_view::npos) return {};  // since another one failed
  return fmt::format("{}: {} ({})", columns.front(), reason, columns.back());
}

std::vector<std::string> deploy_arguments(const CdkDeployment& deployment) {
  std::vector<std::string> arguments = {"deploy"};
  arguments.insert(arguments.end(), deployment.selectors.begin(), deployment.selectors.end());
  arguments.insert(arguments.end(), {"--app", deployment.assembly, "--exclusively", "--require-approval", "never",
                                     "--progress", "events", "--ci", "--concurrency", kConcurrency});
  for (const auto& [name, value] : deployment.parameters) {
    arguments.insert(arguments.end(), {"--parameters", fmt::format("{}={}", name, value)});
  }
  return arguments;
}

base::Error compatibility_hint(base::Error error) {
  if (error.message.find("This CDK CLI is not compatible with the CDK library") != std::string::npos ||
      error.message.find("Cloud assembly schema version mismatch") != std::string::npos) {
    error.hint = "Bring the command line up to the app's aws-cdk-lib: npm install -D aws-cdk@2";
  }
  return error;
}

}  // namespace

std::string CdkTool::program() const {
  auto path = workplace_.environment.find("PATH");
  return find_cdk(workplace_.folder.path, path == workplace_.environment.end() ? "" : path->second);
}

awaitable<base::Result<>> CdkTool::run(std::vector<std::string> arguments,
                                       std::map<std::string, std::string> environment,
                                       std::vector<std::string>& lines) {
  auto variables = workplace_.environment;
  for (auto& [name, value] : environment) variables[name] = std::move(value);
  variables["CDK_DISABLE_CLI_TELEMETRY"] = "1";
  variables["CDK_DISABLE_VERSION_CHECK"] = "1";
  variables["npm_config_update_notifier"] = "false";  // of the npx in cdk.json
  const std::string program = this->program();
  if (program.empty()) {
    co_return base::fail(base::ErrorKind::not_found,
                         fmt::format("{} is a CDK app, and there is no `cdk` for it", workplace_.folder.path),
                         kInstallHint);
  }
  std::vector<std::string> command = {program};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--no-notices", "--no-color"});
  ToolRun run{.command = std::move(command),
              .environment = std::move(variables),
              .directory = workplace_.folder.path,
              .on_output =
                  [this, &lines](const std::string& line) {
                    lines.push_back(line);
                    if (workplace_.on_output) workplace_.on_output(line);
                  },
              .install_hint = kInstallHint};
  auto output = co_await run_tool(*workplace_.spawner, std::move(run));
  if (!output) co_return base::fail(compatibility_hint(output.error()));
  co_return base::Result<>();
}

awaitable<base::Result<>> CdkTool::synth(std::string output, std::map<std::string, std::string> environment) {
  const std::string& stage = workplace_.folder.stage;
  environment["LIVELAMBDA_STAGE"] = stage;
  std::vector<std::string> lines;
  auto done = co_await run({"synth", "--quiet", "--output", std::move(output), "--context", "stage=" + stage,
                            "--path-metadata", "--asset-metadata"},
                           std::move(environment), lines);
  auto failure = done ? std::nullopt : read_tool_failure(lines, workplace_.folder.path);
  if (!failure || !done.error().hint.empty()) co_return done;
  co_return base::fail({.kind = base::ErrorKind::build,
                        .message = "the app cannot be synthesised: " + failure->reason,
                        .hint = "Mend the app, then run the command again. `npx cdk synth` says more.",
                        .file = failure->file,
                        .line = failure->line});
}

awaitable<base::Result<>> CdkTool::deploy(CdkDeployment deployment) {
  if (std::string cloud = new_cloud(); !cloud.empty())
    CO_TRY(co_await bootstrap(std::move(cloud), deployment.assembly));
  const std::vector<std::string> arguments = deploy_arguments(deployment);
  std::vector<std::string> lines;
  auto deployed = co_await run(arguments, {}, lines);
  if (deployed) co_return deployed;
  std::string unready = environment_to_bootstrap(lines);
  if (!unready.empty() && !workplace_.bootstrap) {
    co_return base::fail(base::ErrorKind::deployment,
                         fmt::format("{} has not been prepared for the CDK, or by too old a version of it", unready),
                         fmt::format("Do it once for the account and region: npx cdk bootstrap {}", unready));
  }
  if (!unready.empty()) {
    CO_TRY(co_await bootstrap(unready, deployment.assembly));
    lines.clear();
    deployed = co_await run(arguments, {}, lines);
    if (deployed) co_return deployed;
  }
  base::Error error = deployed.error();
  if (error.kind != base::ErrorKind::build) co_return base::fail(std::move(error));
  error.kind = base::ErrorKind::deployment;
  if (std::string reason = first_reason(lines); !reason.empty()) error.message = std::move(reason);
  co_return base::fail(std::move(error));
}

// With an assembly the app is not synthesised once more.
awaitable<base::Result<>> CdkTool::bootstrap(std::string environment, std::string assembly) {
  std::vector<std::string> lines;
  CO_TRY(co_await run({"bootstrap", std::move(environment), "--app", std::move(assembly), "--ci"}, {}, lines));
  co_return os::write_file(workplace_.folder.state(kBootstrapped), endpoint(), 0600);
}

std::string CdkTool::endpoint() const {
  auto endpoint = workplace_.environment.find("AWS_ENDPOINT_URL");
  return endpoint == workplace_.environment.end() ? std::string() : endpoint->second;
}

std::string CdkTool::new_cloud() const {
  auto region = workplace_.environment.find("AWS_REGION");
  if (!workplace_.bootstrap || workplace_.account.empty() || region == workplace_.environment.end()) return {};
  if (os::read_file(workplace_.folder.state(kBootstrapped)) == endpoint()) return {};
  return fmt::format("aws://{}/{}", workplace_.account, region->second);
}

std::string find_cdk(const std::string& folder, const std::string& path) {
  for (fs::path at = folder;; at = at.parent_path()) {
    std::error_code error;
    fs::path program = at / "node_modules/.bin/cdk";
    if (fs::exists(program, error)) return program.string();
    if (at == at.parent_path()) break;
  }
  return os::find_program("cdk", path);
}

std::string environment_to_bootstrap(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (line.find("cdk bootstrap") == std::string::npos) continue;
    std::size_t begin = line.find("aws://");
    if (begin == std::string::npos) continue;
    std::string environment = line.substr(begin, line.find_first_of(" '\",;", begin) - begin);
    while (environment.ends_with('.')) environment.pop_back();
    return environment;
  }
  return {};
}

std::string first_reason(const std::vector<std::string>& lines) {
  constexpr std::string_view kFailed = "\xE2\x9D\x8C";  // ❌
  constexpr std::size_t kFewLines = 8;
  std::string reason;
  for (const std::string& line : lines) {
    if (line.starts_with("Failed resources")) reason.clear();  // the CLI's own list, at the end: oldest first
    if (reason.empty()) reason = failed_resource(line);
  }
  if (!reason.empty()) return reason;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!trimmed(lines[i]).starts_with(kFailed)) continue;
    auto last = std::min(lines.size(), i + kFewLines);
    return fmt::format("{}", fmt::join(lines.begin() + static_cast<std::ptrdiff_t>(i),
                                       lines.begin() + static_cast<std::ptrdiff_t>(last), "\n"));
  }
  return {};
}

}  // namespace project
