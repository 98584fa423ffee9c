#include "localcloud/lambda/runtimes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "os/files.h"
#include "os/spawner.h"

namespace localcloud {

namespace {

#if defined(__aarch64__)
constexpr std::string_view kMachine = "arm64";
constexpr std::string_view kEmulator = "qemu-x86_64";
#else
constexpr std::string_view kMachine = "x86_64";
constexpr std::string_view kEmulator = "qemu-aarch64";
#endif

// Prints the interpreter's own path and version on a line each. What PATH names may be a script that finds the real
// one.
constexpr std::string_view kAskNode = "console.log(process.execPath + '\\n' + process.versions.node.split('.')[0])";
constexpr std::string_view kAskPython = "import sys; print(sys.executable); print('%d.%d' % sys.version_info[:2])";

base::Result<RuntimeCommand> bootstrap_of(const FunctionVersion& version) {
  std::string bootstrap = version.package->directory() + "/bootstrap";
  if (::access(bootstrap.c_str(), F_OK) != 0 && version.layers) bootstrap = version.layers->directory() + "/bootstrap";
  if (::access(bootstrap.c_str(), F_OK) != 0) {
    return base::fail(base::ErrorKind::not_found,
                      "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
  }
  RuntimeCommand command{.command = {bootstrap}, .runtime_directory = "/var/runtime", .notice = {}};
  if (version.architecture == kMachine) return command;
  auto environment = os::own_environment();
  for (std::string name : {std::string(kEmulator), std::string(kEmulator) + "-static"}) {
    std::string found = os::find_program(name, environment["PATH"]);
    if (found.empty()) continue;
    command.command.insert(command.command.begin(), found);
    return command;
  }
  return base::fail(base::ErrorKind::not_found,
                    fmt::format("an {} function on this {} machine needs {}, which is not in PATH (package qemu-user)",
                                version.architecture, kMachine, kEmulator));
}

awaitable<std::string> output_of(std::shared_ptr<os::Process> process) {
  std::string output;
  for (;;) {
    std::string more = co_await process->read_stdout();
    if (more.empty()) break;
    output += more;
  }
  co_await process->wait();
  co_return output;
}

std::string_view name_of(RuntimeKind kind) {
  return kind == RuntimeKind::nodejs ? "Node.js" : "Python";
}

}  // namespace

std::string runtime_version(std::string_view runtime) {
  std::size_t digit = std::min(runtime.find_first_of("0123456789"), runtime.size());
  std::string version(runtime.substr(digit));
  if (version.ends_with(".x")) version.resize(version.size() - 2);
  return version;
}

std::string Runtimes::file(std::string_view name) const {
  for (const auto& loader : loaders_) {
    if (loader.name == name) return loader.bytes;
  }
  return {};
}

base::Result<std::string> Runtimes::loader_directory() {
  if (!loader_directory_.empty()) return loader_directory_;
  std::string directory = cloud_.work_directory + "/runtimes";
  for (const auto& loader : loaders_) {
    std::string path = directory + "/" + loader.name;
    TRY(os::make_directories(path.substr(0, path.rfind('/'))));
    TRY(os::write_file(path, loader.bytes));
  }
  return loader_directory_ = directory;
}

awaitable<base::Result<RuntimeCommand>> Runtimes::command_of(std::shared_ptr<const FunctionVersion> version) {
  if (!version->image.empty()) {
    co_return base::fail(base::ErrorKind::not_found,
                         "the local cloud does not run container images (PackageType Image)");
  }
  CO_TRY(auto kind, runtime_kind(version->runtime));
  if (!version->durable.empty()) {
    co_return base::fail(base::ErrorKind::not_found, "the local cloud does not run durable functions (DurableConfig)");
  }
  if (kind == RuntimeKind::provided) co_return bootstrap_of(*version);
  if (kind == RuntimeKind::elsewhere) {
    co_return base::fail(
        base::ErrorKind::not_found,
        fmt::format("the local cloud does not run {} functions: it runs provided.*, Node.js and Python",
                    version->runtime));
  }
  std::string wanted = runtime_version(version->runtime);
  CO_TRY(auto found, co_await interpreter(kind, wanted));
  bool python = kind == RuntimeKind::python;
  CO_TRY(auto directory, loader_directory());
  RuntimeCommand command;
  command.runtime_directory = directory + (python ? "/python" : "/nodejs");
  command.command = {found.program, command.runtime_directory + (python ? "/bootstrap.py" : "/bootstrap.mjs")};
  if (!python) {
    // V8 sees the machine's memory and would put off collecting until it has more than the function may.
    command.node_modules = node_modules_;
    command.command.insert(command.command.begin() + 1, fmt::format("--max-old-space-size={}", version->memory_mb));
  }
  if (found.version != wanted) {
    command.notice = fmt::format("livelambda: {} runs on {} {}, the one on this machine ({})", version->runtime,
                                 name_of(kind), found.version, found.program);
  }
  co_return command;
}

awaitable<base::Result<Runtimes::Interpreter>> Runtimes::interpreter(RuntimeKind kind, std::string wanted) {
  std::string key = fmt::format("{} {}", name_of(kind), wanted);
  if (auto known = interpreters_.find(key); known != interpreters_.end()) co_return known->second;
  CO_TRY(auto found, co_await look_for(kind, wanted));
  interpreters_[key] = found;
  co_return found;
}

awaitable<base::Result<Runtimes::Interpreter>> Runtimes::look_for(RuntimeKind kind, std::string wanted) {
  bool python = kind == RuntimeKind::python;
  std::vector<std::string> names{python ? "python3" : "node"};
  if (python) names.insert(names.begin(), "python" + wanted);
  auto environment = os::own_environment();
  for (const auto& name : names) {
    std::string program = os::find_program(name, environment["PATH"]);
    if (program.empty()) continue;
    std::string question(python ? kAskPython : kAskNode);
    auto process = cloud_.spawner->spawn(
        {.command = {program, python ? "-c" : "-e", question}, .environment = environment, .directory = {}});
    if (!process) continue;
    std::string output = co_await output_of(std::move(*process));
    std::size_t line = output.find('\n');
    if (line == std::string::npos) continue;
    Interpreter found{.program = output.substr(0, line), .version = output.substr(line + 1)};
    while (!found.version.empty() && found.version.back() == '\n') found.version.pop_back();
    co_return found;
  }
  co_return base::fail(base::ErrorKind::not_found,
                       fmt::format("{} was not found: there is no working `{}` in PATH on this machine", name_of(kind),
                                   fmt::join(names, "` or `")));
}

}  // namespace localcloud
