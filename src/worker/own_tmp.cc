#include "worker/own_tmp.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "os/files.h"

namespace worker {

namespace {

bool is_in_tmp(std::string_view path) {
  return path == "/tmp" || path.starts_with("/tmp/");
}

// Also one of several paths, as in PATH.
bool names_tmp(std::string_view value) {
  return is_in_tmp(value) || value.find(":/tmp/") != std::string_view::npos ||
         value.find("=/tmp/") != std::string_view::npos;
}

}  // namespace

std::string tmp_folder(const std::string& of_all, const WorkerSpec& spec) {
  const auto stream = spec.environment.find("AWS_LAMBDA_LOG_STREAM_NAME");  // one for each environment
  if (of_all.empty() || stream == spec.environment.end() || spec.code.debugged) return {};
  std::string name = fmt::format("{}.{}", spec.code.function, stream->second);
  std::ranges::replace_if(name, [](char c) { return c == '/' || c == '[' || c == ']' || c == '$'; }, '.');
  std::string folder = of_all + "/" + name;
  return os::make_directories(folder, 0700) ? folder : std::string();
}

void give_own_tmp(os::ProcessOptions& process, const std::string& folder,
                  const std::map<std::string, std::string>& variables) {
  const auto told_here = [&](const auto& variable) {
    const auto& [name, value] = variable;
    const auto given = variables.find(name);
    return name != "TMPDIR" && (given == variables.end() || given->second != value) && names_tmp(value);
  };
  const bool needs_machines = folder.empty() || is_in_tmp(process.directory) ||
                              std::ranges::any_of(process.command, names_tmp) ||
                              std::ranges::any_of(process.environment, told_here);
  if (needs_machines) return;
  if (!variables.contains("TMPDIR")) process.environment.erase("TMPDIR");  // Lambda has none
  process.private_tmp = os::PrivateTmp{.folder = folder};
}

}  // namespace worker
