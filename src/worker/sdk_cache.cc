#include "worker/sdk_cache.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/ids.h"
#include "os/files.h"
#include "worker/tool.h"

namespace worker {

namespace {

namespace fs = std::filesystem;

constexpr auto kTimeout = std::chrono::minutes(10);

// A folder that is removed unless it has got another name.
class Unfinished {
 public:
  explicit Unfinished(const std::string& of) : path_(of + "." + base::to_hex(base::random_bytes<6>())) {}
  ~Unfinished() { os::remove_all(path_); }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::string cache_folder(const std::map<std::string, std::string>& own_environment) {
  // A relative path is to be ignored: XDG Base Directory Specification.
  if (auto cache = variable(own_environment, "XDG_CACHE_HOME"); cache.starts_with('/')) return cache + "/livelambda";
  const auto home = variable(own_environment, "HOME");
  return home.empty() ? std::string() : home + "/.cache/livelambda";
}

awaitable<base::Result<>> fetch(os::Spawner& spawner, Download download,
                                std::map<std::string, std::string> own_environment) {
  std::error_code error;
  if (fs::is_directory(download.folder, error)) co_return base::Result<>{};
  const Unfinished unfinished(download.folder);
  CO_TRY(os::make_directories(unfinished.path(), 0700));
  CO_TRY(auto output, co_await run_tool(spawner, {.command = std::move(download.command),
                                                  .environment = std::move(own_environment),
                                                  .directory = unfinished.path(),
                                                  .timeout = kTimeout}));
  if (!output.ok) {
    co_return base::fail(base::ErrorKind::local_resource,
                         fmt::format("{} could not be fetched:\n{}", download.what, output.text));
  }
  fs::rename(unfinished.path(), download.folder, error);
  if (error && !fs::is_directory(download.folder)) {  // else another session was quicker
    co_return base::fail(base::ErrorKind::local_resource,
                         fmt::format("{} cannot be made: {}", download.folder, error.message()));
  }
  co_return base::Result<>{};
}

}  // namespace worker
