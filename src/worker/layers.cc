#include "worker/layers.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "codec/zip.h"
#include "os/files.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr int kKept = 2;  // layouts of the same layers: the one that is made, and the one before

// FNV-1a, for names of folders: nothing depends on it but that two states of some files differ.
class Digest {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) value_ = (value_ ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
    value_ = (value_ ^ 0xff) * 0x100000001b3ULL;
  }
  std::string text() const { return fmt::format("{:016x}", value_); }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

void add_state(Digest& digest, const fs::path& path) {
  struct stat state{};
  if (::stat(path.c_str(), &state) != 0) return;
  digest.add(path.native());
  digest.add(fmt::format("{} {} {}.{} {:o}", state.st_ino, state.st_size, state.st_mtim.tv_sec, state.st_mtim.tv_nsec,
                         state.st_mode));
}

// Of every file of the layers; a build writes new ones, an editor a new time.
std::string state_of(const std::vector<std::string>& layers) {
  Digest digest;
  std::error_code error;
  for (const auto& layer : layers) {
    add_state(digest, layer);
    for (fs::recursive_directory_iterator at(layer, error), end; !error && at != end; at.increment(error)) {
      if (!at->is_directory(error)) add_state(digest, at->path());
    }
  }
  return digest.text();
}

tl::unexpected<base::Error> cannot(const std::string& layer, std::string_view why) {
  return base::fail(base::ErrorKind::local_resource, fmt::format("the layer {} cannot be laid out: {}", layer, why));
}

// The files of a folder as hard links in another, or as copies where the two are on different file systems.
base::Result<> lay_folder(const std::string& layer, const fs::path& opt) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(layer, error), end; !error && at != end; at.increment(error)) {
    const fs::path target = opt / at->path().lexically_relative(layer);
    if (at->is_directory(error)) {
      if (!fs::is_directory(target, error)) fs::remove(target, error);
      fs::create_directories(target, error);
      continue;
    }
    fs::remove_all(target, error);
    if (at->is_symlink()) {
      fs::copy_symlink(at->path(), target, error);
      continue;
    }
    fs::create_hard_link(at->path(), target, error);
    if (error) fs::copy_file(at->path(), target, error);
  }
  if (error) return cannot(layer, error.message());
  return {};
}

base::Result<> lay_archive(const std::string& layer, const fs::path& opt) {
  TRY(auto bytes, os::read_file(layer));
  auto entries = codec::read_zip(bytes);
  if (!entries) {
    return base::fail(base::ErrorKind::invalid_input,
                      fmt::format("the layer {} is no archive that Lambda takes: {}", layer, entries.error().message));
  }
  std::error_code error;
  for (const auto& entry : *entries) {
    const fs::path target = opt / entry.name;
    fs::remove_all(target, error);
    TRY(os::make_directories(target.parent_path().string()));
    TRY(os::write_file(target.string(), entry.content, static_cast<mode_t>((entry.mode & 0777) | 0444)));
  }
  return {};
}

base::Result<> lay_all(const std::vector<std::string>& layers, const fs::path& opt) {
  TRY(os::make_directories(opt.string()));
  std::error_code error;
  for (const auto& layer : layers)
    TRY(fs::is_directory(layer, error) ? lay_folder(layer, opt) : lay_archive(layer, opt));
  return {};
}

// Of the layouts of the same layers, the latest stay.
void remove_older(const fs::path& folder) {
  std::multimap<fs::file_time_type, fs::path, std::greater<>> layouts;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    layouts.emplace(at->last_write_time(error), at->path());
  }
  int kept = 0;
  for (const auto& [time, path] : layouts) {
    if (++kept > kKept) os::remove_all(path.string());
  }
}

base::Result<std::string> make_layout(const std::vector<std::string>& layers, const std::string& folder) {
  Digest names;
  for (const auto& layer : layers) names.add(layer);
  const fs::path place = fs::path(folder) / names.text();
  const fs::path opt = place / state_of(layers);
  std::error_code error;
  if (fs::is_directory(opt, error)) {
    fs::last_write_time(opt, fs::file_time_type::clock::now(), error);
    return opt.string();
  }
  const std::string unfinished = fmt::format("{}.{}", opt.string(), ::getpid());
  os::remove_all(unfinished);
  if (auto laid = lay_all(layers, unfinished); !laid) {
    os::remove_all(unfinished);
    return base::fail(laid.error());
  }
  fs::rename(unfinished, opt, error);
  if (error && !fs::is_directory(opt)) return cannot(opt.string(), error.message());
  os::remove_all(unfinished);  // another session was quicker
  remove_older(place);
  return opt.string();
}

// "22" of "nodejs22.x", "3.12" of "python3.12".
std::string version_of(std::string_view runtime) {
  std::string version(runtime.substr(std::min(runtime.find_first_of("0123456789"), runtime.size())));
  if (version.ends_with(".x")) version.resize(version.size() - 2);
  return version;
}

using Paths = std::vector<std::string>;

void append(std::map<std::string, std::string>& variables, const std::string& name, const Paths& paths) {
  std::string& list = variables[name];
  for (const auto& path : paths) {
    if (path.empty()) continue;
    list += list.empty() ? path : ":" + path;
  }
  if (list.empty()) variables.erase(name);
}

// What a layer of a language brings, in Lambda's order.
std::map<std::string, Paths> paths_in(const std::string& opt, const std::string& runtime) {
  const std::string version = version_of(runtime);
  if (runtime.starts_with("nodejs")) {
    return {{"NODE_PATH", {fmt::format("{}/nodejs/node{}/node_modules", opt, version), opt + "/nodejs/node_modules"}}};
  }
  if (runtime.starts_with("python")) {
    return {{"PYTHONPATH", {fmt::format("{}/python/lib/python{}/site-packages", opt, version), opt + "/python"}}};
  }
  if (runtime.starts_with("ruby")) {
    return {{"GEM_PATH", {fmt::format("{}/ruby/gems/{}.0", opt, version)}}, {"RUBYLIB", {opt + "/ruby/lib"}}};
  }
  return {};
}

bool is_in_opt(const std::string& path) {
  std::error_code error;
  return fs::weakly_canonical(path, error).native().starts_with("/opt/");
}

bool is_list(const std::string& name) {
  constexpr std::array<std::string_view, 6> kLists = {"PATH",       "LD_LIBRARY_PATH", "NODE_PATH",
                                                      "PYTHONPATH", "GEM_PATH",        "RUBYLIB"};
  return std::find(kLists.begin(), kLists.end(), name) != kLists.end();
}

}  // namespace

boost::asio::awaitable<base::Result<std::string>> Layers::lay_out(FunctionCode code, std::uint64_t revision) {
  std::error_code error;
  const auto& layers = code.layers;
  for (const auto& layer : layers) {
    if (fs::exists(layer, error)) continue;
    co_return base::fail(base::ErrorKind::not_found,
                         fmt::format("{} has the layer {}, which is not there", code.function, layer),
                         "Build it, or mend the template.");
  }
  if (layers.empty()) co_return std::string();
  if (layers.size() == 1 && fs::is_directory(layers.front(), error)) co_return layers.front();
  const auto known = laid_.find(code.function);
  const bool as_before = known != laid_.end() && known->second.revision == revision && known->second.layers == layers;
  if (as_before && fs::is_directory(known->second.opt, error)) co_return known->second.opt;
  base::Result<std::string> opt;
  co_await off_loop_.run([&opt, &layers, this] { opt = make_layout(layers, folder_); });
  if (opt) laid_[code.function] = {revision, layers, *opt};
  co_return opt;
}

void add_search_paths(std::map<std::string, std::string>& variables, const std::string& opt, const std::string& runtime,
                      const Program& program) {
  append(variables, "LD_LIBRARY_PATH", {program.task_root, program.task_root + "/lib"});
  if (!opt.empty()) {
    append(variables, "PATH", {opt + "/bin"});
    append(variables, "LD_LIBRARY_PATH", {opt + "/lib"});
    for (const auto& [name, paths] : paths_in(opt, runtime)) append(variables, name, paths);
  }
  for (const auto& [name, value] : program.environment) {
    if (is_list(name)) {
      append(variables, name, {value});
    } else {
      variables[name] = value;
    }
  }
}

void add_to_class_path(std::vector<std::string>& command, const std::string& opt) {
  const auto option = std::ranges::find(command, "-cp");
  if (!opt.empty() && option != command.end() && option + 1 != command.end())
    *(option + 1) += ":" + opt + "/java/lib/*";
}

std::string path_here(const std::string& path, const std::string& opt, const std::string& task_root) {
  constexpr std::string_view kOpt = "/opt/";
  constexpr std::string_view kTask = "/var/task/";
  if (!opt.empty() && path.starts_with(kOpt)) return opt + "/" + path.substr(kOpt.size());
  if (path.starts_with(kTask)) return task_root + "/" + path.substr(kTask.size());
  return path;
}

base::Result<std::unique_ptr<os::Process>> spawn_with_opt(os::Spawner& spawner, os::ProcessOptions options,
                                                          const std::string& opt) {
  const bool needs_own =
      opt.empty() || is_in_opt(options.command.front()) || is_in_opt(options.directory) || is_in_opt(opt);
  if (!needs_own) {
    if (!options.private_tmp) options.private_tmp.emplace();
    options.private_tmp->opt = opt;
  }
  if (!options.private_tmp) return spawner.spawn(std::move(options));
  auto process = spawner.spawn(options);
  if (process || process.error().kind != base::ErrorKind::permission) return process;
  options.private_tmp.reset();
  return spawner.spawn(std::move(options));
}

}  // namespace worker
