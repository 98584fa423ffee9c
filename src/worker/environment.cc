#include "worker/environment.h"

#include <array>
#include <string_view>
#include <utility>

namespace worker {

namespace {

// What Lambda's sandbox or the stub's process has for itself, and would be wrong on another machine.
constexpr std::array<std::string_view, 7> kOfTheSandbox = {
    "LD_LIBRARY_PATH", "PWD", "OLDPWD", "SHLVL", "_", "_X_AMZN_TRACE_ID", "_LAMBDA_TELEMETRY_LOG_FD"};
constexpr std::array<std::string_view, 2> kOfTheDeveloper = {"PATH", "HOME"};

}  // namespace

std::map<std::string, std::string> make_environment(const WorkerSpec& spec, const LauncherOptions& options,
                                                    const std::string& runtime_api, const Program& program) {
  auto environment = spec.environment;
  for (const auto name : kOfTheSandbox) environment.erase(std::string(name));
  for (const auto name : kOfTheDeveloper) {
    const auto own = options.own_environment.find(std::string(name));
    if (own == options.own_environment.end()) {
      environment.erase(std::string(name));
    } else {
      environment[std::string(name)] = own->second;
    }
  }
  // Not replaced: where the developer's machine keeps temporary files matters only if the function has no wish.
  if (const auto own = options.own_environment.find("TMPDIR"); own != options.own_environment.end()) {
    environment.try_emplace("TMPDIR", own->second);
  }
  environment["AWS_LAMBDA_RUNTIME_API"] = runtime_api;
  environment["LAMBDA_TASK_ROOT"] = program.task_root;
  environment["LAMBDA_RUNTIME_DIR"] = program.runtime_folder;
  environment["_HANDLER"] = spec.code.handler;
  environment["AWS_EXECUTION_ENV"] = "AWS_Lambda_" + spec.code.runtime;
  if (spec.code.runtime.starts_with("provided")) environment.erase("AWS_EXECUTION_ENV");  // as in AWS
  for (const auto& [name, value] : program.environment) environment[name] = value;
  if (!options.ca_file.empty()) {
    environment.try_emplace("NODE_EXTRA_CA_CERTS", options.ca_file);
    environment.try_emplace("AWS_CA_BUNDLE", options.ca_file);
  }
  return environment;
}

}  // namespace worker
