#include "session/editor_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "os/files.h"
#include "session/launch_json.h"

namespace session {
namespace {

namespace fs = std::filesystem;
namespace json = codec::json;
using Kind = worker::Debugger::Kind;

constexpr const char* kAddress = "127.0.0.1";
constexpr int kPatience = 600'000;  // ms, of VS Code for the first worker

std::string name_of(const DebuggedFunction& function) {
  return "livelambda: " + function.code.function;
}

// The nearest folder from the app's up to its repository's that has this one in it.
std::optional<fs::path> find_up(const fs::path& app_folder, const char* name) {
  std::error_code ignored;
  for (fs::path folder = app_folder;; folder = folder.parent_path()) {
    if (fs::is_directory(folder / name, ignored)) return folder;
    if (fs::exists(folder / ".git", ignored) || folder == folder.parent_path()) return std::nullopt;
  }
}

// As launch.json writes paths; absolute ones only for what is elsewhere.
std::string in_workspace(const std::string& path, std::string_view folder) {
  const auto relative = fs::path(path).lexically_relative(folder).string();
  if (relative == ".") return "${workspaceFolder}";
  return relative.empty() || relative.starts_with("..") ? path : "${workspaceFolder}/" + relative;
}

void add_node(json::object& entry, const DebuggedFunction& function, std::string_view folder) {
  const std::string source = in_workspace(function.code.source, folder);
  const std::string built = in_workspace(function.code.app_folder + "/.livelambda/build", folder);
  entry["type"] = "node";
  entry["request"] = "attach";
  entry["address"] = kAddress;
  entry["port"] = function.port;
  entry["restart"] = true;
  entry["timeout"] = kPatience;
  entry["continueOnAttach"] = true;
  entry["outFiles"] = json::array{source + "/**/*.{js,cjs,mjs}", built + "/**/*.{js,cjs,mjs}", "!**/node_modules/**"};
  entry["resolveSourceMapLocations"] = json::array{source + "/**", built + "/**", "!**/node_modules/**"};
  entry["skipFiles"] = json::array{"<node_internals>/**", "**/.livelambda/runtimes/**"};
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

// Whether it wrote. What a link names is written, and keeps its permissions.
base::Result<bool> write_if_other(const fs::path& file, const std::string& before, const std::string& text) {
  if (before == text) return false;
  std::error_code error;
  const fs::path real = fs::weakly_canonical(file, error);
  const fs::path& target = error ? file : real;
  const auto status = fs::status(target, error);
  const mode_t mode = fs::exists(status) ? static_cast<mode_t>(status.permissions()) & 0777 : 0644;
  TRY(os::make_directories(target.parent_path().string()));
  TRY(os::write_file(target.string(), text, mode));
  return true;
}

base::Result<std::string> read_if_there(const fs::path& file) {
  auto text = os::read_file(file.string());
  if (!text && text.error().kind == base::ErrorKind::not_found) return std::string();
  return text;
}

base::Result<bool> write_launch_json(const fs::path& file, const std::vector<DebuggedFunction>& functions,
                                     const std::string& folder) {
  TRY(auto before, read_if_there(file));
  std::vector<json::object> configurations;
  configurations.reserve(functions.size());
  for (const DebuggedFunction& function : functions) configurations.push_back(vscode_configuration(function, folder));
  auto text = with_configurations(before, configurations);
  if (!text) {
    base::Error error = text.error();
    error.file = file.string();
    error.hint = "it is left as it is; mend it, or attach by hand: docs/debugging.md";
    return base::fail(std::move(error));
  }
  return write_if_other(file, before, *text);
}

std::string file_name(const DebuggedFunction& function) {
  std::string name = name_of(function);
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name + ".xml";
}

}  // namespace

json::object vscode_configuration(const DebuggedFunction& function, std::string_view folder) {
  json::object entry{{"name", name_of(function)}};
  switch (function.debugger.kind) {
    case Kind::node:
      add_node(entry, function, folder);
      break;
    case Kind::debugpy:
      entry["type"] = "debugpy";
      entry["request"] = "attach";
      entry["connect"] = json::object{{"host", kAddress}, {"port", function.port}};
      entry["restart"] = true;
      entry["justMyCode"] = true;
      break;
    case Kind::delve:
      entry["type"] = "go";
      entry["request"] = "attach";
      entry["mode"] = "remote";
      entry["host"] = kAddress;
      entry["port"] = function.port;
      break;
    case Kind::jdwp:
      entry["type"] = "java";
      entry["request"] = "attach";
      entry["hostName"] = kAddress;
      entry["port"] = function.port;
      entry["timeout"] = kPatience;
      break;
    case Kind::lldb:  // of the extension CodeLLDB
      entry["type"] = "lldb";
      entry["request"] = "attach";
      entry["initCommands"] = json::array{"settings set plugin.process.gdb-remote.packet-timeout 30"};
      entry["targetCreateCommands"] = json::array{};
      entry["processCreateCommands"] = json::array{fmt::format("gdb-remote {}:{}", kAddress, function.port)};
      break;
  }
  return entry;
}

std::string jetbrains_configuration(const DebuggedFunction& function) {
  std::string type;
  std::string body;
  switch (function.debugger.kind) {
    case Kind::node:
      type = fmt::format(
          "type=\"ChromiumRemoteDebugType\" factoryName=\"Chromium Remote\" host=\"{}\" port=\"{}\" "
          "restartOnDisconnect=\"true\"",
          kAddress, function.port);
      break;
    case Kind::delve:
      type = fmt::format("type=\"GoRemoteDebugConfigurationType\" factoryName=\"Go Remote\" host=\"{}\" port=\"{}\"",
                         kAddress, function.port);
      body = "    <option name=\"disconnectOption\" value=\"LEAVE\" />\n    <disconnect value=\"LEAVE\" />\n";
      break;
    case Kind::jdwp:
      type = "type=\"Remote\"";
      body = fmt::format(
          "    <option name=\"USE_SOCKET_TRANSPORT\" value=\"true\" />\n"
          "    <option name=\"SERVER_MODE\" value=\"false\" />\n"
          "    <option name=\"HOST\" value=\"{}\" />\n"
          "    <option name=\"PORT\" value=\"{}\" />\n"
          "    <option name=\"AUTO_RESTART\" value=\"true\" />\n",
          kAddress, function.port);
      break;
    case Kind::debugpy:
    case Kind::lldb:
      return {};
  }
  return fmt::format(
      "<component name=\"ProjectRunConfigurationManager\">\n"
      "  <configuration default=\"false\" name=\"{}\" {}>\n{}    <method v=\"2\" />\n"
      "  </configuration>\n</component>\n",
      escaped(name_of(function)), type, body);
}

base::Result<std::vector<std::string>> write_editor_files(const std::vector<DebuggedFunction>& functions,
                                                          const std::string& app_folder) {
  std::vector<std::string> written;
  std::optional<base::Error> failure;
  auto note = [&](const fs::path& file, const base::Result<bool>& result) {
    if (result && *result) written.push_back(file.string());
    if (!result && !failure) failure = result.error();
  };
  if (functions.empty()) return written;
  const fs::path folder = find_up(app_folder, ".vscode").value_or(app_folder);
  const fs::path launch = folder / ".vscode/launch.json";
  note(launch, write_launch_json(launch, functions, folder.string()));
  if (const auto project = find_up(app_folder, ".idea")) {
    for (const DebuggedFunction& function : functions) {
      const std::string text = jetbrains_configuration(function);
      if (text.empty()) continue;
      const fs::path file = *project / ".idea/runConfigurations" / file_name(function);
      auto before = read_if_there(file);
      note(file, before ? write_if_other(file, *before, text) : base::fail(before.error()));
    }
  }
  if (failure) return base::fail(*failure);
  return written;
}

}  // namespace session
