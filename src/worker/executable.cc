#include "worker/executable.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "os/files.h"
#include "worker/build_command.h"
#include "worker/folders.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

enum class Way { run, build, makefile, cargo, go, ready, none };

bool is_in_go_module(const FunctionCode& code) {
  for (const auto& folder : folders_up(code.source, "/")) {
    if (is_file(folder + "/go.mod")) return true;
  }
  return false;
}

Way way_of(const FunctionCode& code) {
  if (!code.run_command.empty()) return Way::run;
  if (!code.build_command.empty()) return Way::build;
  if (code.build_method == "makefile") return Way::makefile;
  if (is_file(code.source + "/bootstrap")) return Way::ready;
  if (is_file(code.source + "/Cargo.toml")) return Way::cargo;
  return is_in_go_module(code) ? Way::go : Way::none;
}

// What is to be said of a runtime that no test of livelambda's runs.
std::string note_on(const FunctionCode& code) {
  if (code.runtime.starts_with("dotnet")) return "experimental: .NET is not run in CI";
  return code.image ? "experimental: container images are not run in CI" : "";
}

std::string tool_of(Way way) {
  if (way == Way::makefile) return "make";
  if (way == Way::cargo) return "cargo";
  return way == Way::go ? "go" : std::string();
}

// `make build-Fn` names the function by its logical id alone.
std::string logical_id(const FunctionCode& code) {
  return code.function.substr(code.function.rfind('/') + 1);
}

std::set<std::string> lines_of(std::string_view text) {
  std::set<std::string> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    if (!line.empty()) lines.emplace(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return lines;
}

// Of Cargo's dep-info beside a binary, "target/debug/x: /a.rs /b\ c.rs".
std::set<std::string> parse_dep_info(std::string_view text) {
  std::set<std::string> files;
  std::string file;
  const auto colon = text.find(": ");
  for (std::size_t at = colon == std::string_view::npos ? text.size() : colon + 2; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : '\n';
    if (c == '\\' && at + 1 < text.size()) {
      file += text[++at];
    } else if (c == ' ' || c == '\n') {
      if (!file.empty()) files.insert(std::exchange(file, {}));
      if (c == '\n') break;
    } else {
      file += c;
    }
  }
  return files;
}

class Executable final : public Language {
 public:
  Executable(os::Spawner& spawner, std::map<std::string, std::string> own_environment)
      : spawner_(spawner), own_environment_(std::move(own_environment)) {}

  bool runs(const FunctionCode& code) const override {
    return !code.run_command.empty() || code.runtime.starts_with("provided");
  }

  bool is_built(const FunctionCode& code) const override {
    const Way way = way_of(code);
    return way == Way::run ? !code.build_command.empty() : way != Way::ready;
  }

  awaitable<base::Result<std::string>> check(FunctionCode code) override {
    const Way way = way_of(code);
    if (way == Way::none) {
      co_return base::fail(base::ErrorKind::local_resource,
                           fmt::format("{} has nothing to run in {}", code.function, code.source),
                           "put a `bootstrap` there, or say how to `build` and `run` it in livelambda.yaml");
    }
    const std::string tool = tool_of(way);
    if (tool.empty() || !path_of(tool).empty()) co_return note_on(code);
    co_return base::fail(base::ErrorKind::local_resource,
                         fmt::format("{} is built by `{}`, which is not on PATH", code.function, tool),
                         fmt::format("install {}", tool));
  }

  awaitable<BuildResult> build(FunctionCode code, std::string folder) override {
    if (auto made = os::make_directories(folder); !made) co_return BuildResult{false, made.error().message, {}};
    switch (way_of(code)) {
      case Way::run:
      case Way::build:
        co_return co_await run_build_command(spawner_, own_environment_, std::move(code));
      case Way::makefile:
        co_return co_await build_by_make(std::move(code), std::move(folder));
      case Way::cargo:
        co_return co_await build_by_cargo(std::move(code), std::move(folder));
      case Way::go:
        co_return co_await build_by_go(std::move(code), std::move(folder));
      default:
        co_return BuildResult{};
    }
  }

  // Rust, C++ and whatever else is no Go program: lldb knows its lines if the compiler wrote them down.
  awaitable<base::Result<Debugger>> debugger(FunctionCode code) override {
    if (way_of(code) == Way::go) {
      const auto dlv = path_of("dlv");
      if (!dlv.empty()) co_return Debugger{.kind = Debugger::Kind::delve, .attach = dlv};
      co_return base::fail(base::ErrorKind::local_resource, "Delve was not found: there is no `dlv` on PATH",
                           "go install github.com/go-delve/delve/cmd/dlv@latest");
    }
    for (const char* name : {"lldb-server", "lldb-server-21", "lldb-server-20", "lldb-server-19", "lldb-server-18",
                             "lldb-server-17", "lldb-server-16", "lldb-server-15", "lldb-server-14"}) {
      if (const auto lldb = path_of(name); !lldb.empty()) {
        co_return Debugger{.kind = Debugger::Kind::lldb, .attach = lldb};
      }
    }
    co_return base::fail(base::ErrorKind::local_resource, "lldb was not found: there is no `lldb-server` on PATH",
                         "install lldb, e.g. apt-get install lldb");
  }

  Program program(const FunctionCode& code, const std::string& folder, std::uint16_t) const override {
    const Way way = way_of(code);
    Program program{.command = {code.source + "/bootstrap"}, .task_root = code.source, .runtime_folder = code.source};
    if (way == Way::run) program.command = {"/bin/sh", "-c", "exec " + code.run_command};
    if (way == Way::go || way == Way::cargo || way == Way::makefile) program.command = {folder + "/bootstrap"};
    if (way == Way::makefile) program.task_root = folder;
    return program;
  }

 private:
  awaitable<BuildResult> build_by_make(FunctionCode code, std::string folder) {
    auto environment = own_environment_;
    environment["ARTIFACTS_DIR"] = folder;
    co_return co_await run_build_tool(spawner_, {path_of("make"), "build-" + logical_id(code)}, std::move(environment),
                                      code.source);
  }

  // For this machine, whatever the developer's variables ask for.
  awaitable<BuildResult> build_by_go(FunctionCode code, std::string folder) {
    auto environment = own_environment_;
    for (const char* name : {"GOOS", "GOARCH"}) environment.erase(name);
    const std::string package = code.entry.empty() ? "." : code.entry;
    std::vector<std::string> command = {path_of("go"), "build", "-o", folder + "/bootstrap"};
    if (code.debugged) {  // the developer's own packages with variables and lines as they are written
      auto modules = co_await run_build_tool(spawner_, {path_of("go"), "list", "-m"}, environment, code.source);
      if (!modules.ok) co_return modules;
      for (const auto& module : lines_of(modules.output))
        command.push_back(fmt::format("-gcflags={}/...=-N -l", module));
    }
    command.push_back(package);
    auto built = co_await run_build_tool(spawner_, std::move(command), environment, code.source);
    if (!built.ok) co_return built;
    constexpr const char* kInputs =
        "{{if not .Standard}}{{$d := .Dir}}{{$d}}/\n{{range .EmbedFiles}}{{$d}}/{{.}}\n{{end}}{{end}}";
    auto listed = co_await run_build_tool(spawner_, {path_of("go"), "list", "-deps", "-f", kInputs, package},
                                          std::move(environment), code.source);
    if (listed.ok) built.inputs = lines_of(listed.output);
    co_return built;
  }

  awaitable<BuildResult> build_by_cargo(FunctionCode code, std::string folder) {
    auto environment = own_environment_;
    environment["CARGO_TARGET_DIR"] = fs::path(folder).parent_path().string() + "/cargo";  // one for the whole app
    environment.erase("CARGO_BUILD_TARGET");
    auto built = co_await run_build_tool(
        spawner_, {path_of("cargo"), "build", "--quiet", "--message-format", "json-render-diagnostics"},
        std::move(environment), code.source);
    auto output = parse_cargo_output(built.output);
    co_return take_binary(code, folder, std::move(built), std::move(output));
  }

  // The one binary, or the one that the app names: by BuildProperties.Binary, or by the handler as cargo-lambda does.
  static BuildResult take_binary(const FunctionCode& code, const std::string& folder, BuildResult built,
                                 CargoOutput output) {
    built.output = std::move(output.text);
    if (!built.ok) return built;
    std::string name = codec::find_string(code.build_properties, "Binary");
    if (name.empty()) name = code.handler;
    auto found = output.binaries.find(name);
    if (found == output.binaries.end() && output.binaries.size() == 1) found = output.binaries.begin();
    if (found == output.binaries.end()) {
      return {false,
              fmt::format("cargo made {} binaries, and none is called {}; name it in BuildProperties.Binary",
                          output.binaries.size(), name),
              {}};
    }
    std::error_code error;
    const std::string bootstrap = folder + "/bootstrap";
    fs::copy_file(found->second, bootstrap + ".new", fs::copy_options::overwrite_existing, error);
    if (!error) fs::rename(bootstrap + ".new", bootstrap, error);  // the one that runs stays as it is
    if (error) return {false, fmt::format("{}: {}", bootstrap, error.message()), {}};
    if (auto text = os::read_file(found->second + ".d")) built.inputs = parse_dep_info(*text);
    return built;
  }

  std::string path_of(const std::string& tool) const {
    return os::find_program(tool, variable(own_environment_, "PATH"));
  }

  os::Spawner& spawner_;
  std::map<std::string, std::string> own_environment_;
};

}  // namespace

std::unique_ptr<Language> make_executable(os::Spawner& spawner, std::map<std::string, std::string> own_environment) {
  return std::make_unique<Executable>(spawner, std::move(own_environment));
}

CargoOutput parse_cargo_output(std::string_view output) {
  CargoOutput result;
  while (!output.empty()) {
    const auto line = output.substr(0, output.find('\n'));
    output.remove_prefix(std::min(output.size(), line.size() + 1));
    auto message = line.starts_with('{') ? codec::parse_json(line) : base::fail(base::ErrorKind::invalid_input, "");
    if (!message) {
      result.text += fmt::format("{}\n", line);
      continue;
    }
    const std::string executable = codec::find_string(*message, "executable");
    if (!executable.empty()) result.binaries[codec::find_string(*message, "target", "name")] = executable;
  }
  while (result.text.ends_with('\n')) result.text.pop_back();
  return result;
}

}  // namespace worker
