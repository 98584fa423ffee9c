#include "worker/esbuild.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <string_view>

#include "os/spawner.h"
#include "worker/folders.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kTypeScript = {".ts", ".tsx", ".mts", ".cts"};
constexpr std::array<std::string_view, 4> kJavaScript = {".js", ".mjs", ".cjs", ".jsx"};

std::optional<std::string> file_of_handler(const FunctionCode& code, std::span<const std::string_view> extensions) {
  const std::string base = code.source + "/" + code.handler.substr(0, code.handler.rfind('.'));
  for (const auto extension : extensions) {
    if (std::string file = base + std::string(extension); is_file(file)) return file;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> bundle_entry(const FunctionCode& code) {
  if (!code.build_command.empty()) return std::nullopt;
  const bool wanted = code.build_method == "esbuild";
  if (!code.entry.empty()) {
    const auto extension = fs::path(code.entry).extension().string();
    if (wanted || std::find(kTypeScript.begin(), kTypeScript.end(), extension) != kTypeScript.end()) return code.entry;
  }
  auto plain = file_of_handler(code, kJavaScript);
  if (plain && !wanted) return std::nullopt;
  auto typed = file_of_handler(code, kTypeScript);
  return typed ? typed : plain;
}

std::string find_esbuild(const std::string& entry, const std::map<std::string, std::string>& own_environment) {
  for (const auto& folder : folders_up(fs::path(entry).parent_path().string(), "/")) {
    const std::string package = (fs::path(folder) / "node_modules/esbuild").string();
    if (is_file(package + "/package.json")) return package;
  }
  const std::string program = os::find_program("esbuild", variable(own_environment, "PATH"));
  std::error_code error;
  const fs::path package = fs::canonical(program, error).parent_path().parent_path();  // of <package>/bin/esbuild
  return !error && is_file((package / "package.json").string()) ? package.string() : std::string();
}

}  // namespace worker
