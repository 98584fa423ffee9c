#include "worker/own_tmp.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "os/files.h"

namespace worker {

namespace fs = std::filesystem;

namespace {

// What parts paths in commands and variables.
constexpr std::string_view kBetweenPaths = " \t\n:=,;|&<>()'\"";

// Which entries of the machine's /tmp are needed.
class Needed {
 public:
  // The path, wherever its folders and itself lead.
  void path(const fs::path& path) {
    fs::path at;
    for (const auto& part : path) {
      at /= part;
      place(at.native());
      std::error_code error;
      if (fs::is_symlink(at, error)) place(fs::weakly_canonical(at, error).native());
    }
  }

  void paths_in(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find_first_of(kBetweenPaths), text.size());
      const auto word = text.substr(0, end);
      if (word.starts_with('/')) path(word);
      if (word == "/tmp" || word == "/tmp/") all_ = true;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  // Where the links in a folder lead, and in its folders "@scope", as npm has them.
  void links_in(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
      std::error_code ignored;
      if (at->is_symlink(ignored)) {
        place(fs::weakly_canonical(at->path(), ignored).native());
      } else if (at->path().filename().native().starts_with('@')) {
        links_in(at->path());
      }
    }
  }

  bool all() const { return all_; }
  std::vector<std::string> entries() const { return {entries_.begin(), entries_.end()}; }

 private:
  void place(std::string_view path) {
    constexpr std::string_view kTmp = "/tmp/";
    if (path.starts_with(kTmp) && path.size() > kTmp.size()) {
      std::string entry(path.substr(0, path.find('/', kTmp.size())));
      std::error_code error;
      if (fs::exists(entry, error)) entries_.insert(std::move(entry));
    }
  }

  bool all_ = false;
  std::set<std::string> entries_;
};

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
  if (folder.empty()) return;
  Needed needed;
  needed.paths_in(process.directory);
  for (const auto& [name, value] : process.environment) {
    const auto given = variables.find(name);
    if (name != "TMPDIR" && (given == variables.end() || given->second != value)) needed.paths_in(value);
  }
  if (needed.all()) return;
  needed.path(process.directory);
  needed.links_in(process.directory);
  for (fs::path at = process.directory; at.has_relative_path(); at = at.parent_path()) {
    needed.path(at / "node_modules");
    needed.links_in(at / "node_modules");
  }
  for (const auto& word : process.command) needed.paths_in(word);
  if (!variables.contains("TMPDIR")) process.environment.erase("TMPDIR");  // Lambda has none
  process.private_tmp = os::PrivateTmp{.folder = folder, .keeps = needed.entries()};
}

}  // namespace worker
