#include "project/serverless_program.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "codec/json.h"
#include "os/files.h"
#include "os/spawner.h"

namespace project {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNames[] = {"serverless", "osls", "sls"};

std::string local_program(const std::string& folder) {
  for (fs::path at = folder;; at = at.parent_path()) {
    for (const char* name : kNames) {
      std::string program = os::find_program((at / "node_modules/.bin" / name).string(), "");
      if (!program.empty()) return program;
    }
    if (at == at.root_path()) return {};
  }
}

std::string global_program(const std::string& path) {
  for (const char* name : kNames) {
    std::string program = os::find_program(name, path);
    if (!program.empty()) return program;
  }
  return {};
}

// The manifest of the package that a program of npm belongs to. A standalone program has none.
std::optional<codec::json::value> manifest_of(const std::string& program) {
  std::error_code error;
  fs::path at = fs::canonical(program, error).parent_path();
  for (; !error && !at.empty() && at != at.root_path(); at = at.parent_path()) {
    auto text = os::read_file((at / "package.json").string());
    if (!text) continue;
    auto manifest = codec::parse_json(*text);
    return manifest ? std::optional(*manifest) : std::nullopt;
  }
  return std::nullopt;
}

base::Result<> check_version(const std::string& program) {
  auto manifest = manifest_of(program);
  if (!manifest || codec::find_string(*manifest, "name") != "serverless") return {};
  std::string version = codec::find_string(*manifest, "version");
  if (version.starts_with("3.")) return {};
  bool newer = !version.starts_with("1.") && !version.starts_with("2.");
  return base::fail(
      base::ErrorKind::invalid_input,
      fmt::format("{} is Serverless Framework {}{}; livelambda works with v3 and with osls", program, version,
                  newer ? ", which wants a login to serverless.com before it reads a service" : ""),
      newer ? "Run: npm install --save-dev osls@3 (v3, maintained by its users, without a login), or serverless@3."
            : "Run: npm install --save-dev serverless@3");
}

}  // namespace

base::Result<std::string> find_serverless(const std::string& folder, const std::string& path) {
  std::string program = local_program(folder);
  if (program.empty()) program = global_program(path);
  if (program.empty()) {
    auto manifest = os::read_file(folder + "/package.json");
    bool listed = manifest && (manifest->find("\"serverless\"") != std::string::npos ||
                               manifest->find("\"osls\"") != std::string::npos);
    return base::fail(base::ErrorKind::not_found,
                      fmt::format("the Serverless Framework is not installed for {}", folder),
                      listed ? "Run: npm install" : "Run: npm install --save-dev serverless@3 (or osls)");
  }
  TRY(check_version(program));
  return program;
}

}  // namespace project
