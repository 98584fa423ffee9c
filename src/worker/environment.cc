#include "worker/environment.h"

#include <array>
#include <string_view>
#include <utility>

#include "worker/layers.h"

namespace worker {

namespace {

// What Lambda's sandbox or the stub's process has for itself, and would be wrong on another machine.
constexpr std::array<std::string_view, 8> kOfTheSandbox = {
    "LD_LIBRARY_PATH",          "PWD", "OLDPWD", "SHLVL", "_", "_X_AMZN_TRACE_ID", "AWS_LAMBDA_METADATA_API",
    "AWS_LAMBDA_METADATA_TOKEN"};
constexpr std::string_view kInternal = "_LAMBDA_";  // begins the names of the sandbox's own descriptors and sockets
constexpr std::array<std::string_view, 2> kOfTheDeveloper = {"PATH", "HOME"};

}  // namespace

std::map<std::string, std::string> make_environment(const WorkerSpec& spec, const LauncherOptions& options,
                                                    const std::string& runtime_api, const Program& program,
                                                    const std::string& opt) {
  auto environment = spec.environment;
  for (const auto name : kOfTheSandbox) environment.erase(std::string(name));
  std::erase_if(environment, [](const auto& variable) { return variable.first.starts_with(kInternal); });
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
  // The developer's own options come first, so that the function's win.
  if (auto own = options.own_environment.find("NODE_OPTIONS");
      own != options.own_environment.end() && spec.code.runtime.starts_with("nodejs")) {
    auto& of_function = environment["NODE_OPTIONS"];
    of_function = of_function.empty() ? own->second : own->second + " " + of_function;
  }
  environment.try_emplace("LANG", "en_US.UTF-8");
  environment.try_emplace("TZ", ":UTC");
  add_search_paths(environment, opt, spec.code.runtime, program);
  if (!options.ca_file.empty()) {
    environment.try_emplace("NODE_EXTRA_CA_CERTS", options.ca_file);
    environment.try_emplace("AWS_CA_BUNDLE", options.ca_file);
  }
  return environment;
}

std::map<std::string, std::string> extension_environment(std::map<std::string, std::string> environment) {
  for (const char* name : {"AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
                           "AWS_XRAY_CONTEXT_MISSING", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT"}) {
    environment.erase(name);
  }
  std::erase_if(environment, [](const auto& variable) { return variable.first.starts_with('_'); });
  return environment;
}

}  // namespace worker
