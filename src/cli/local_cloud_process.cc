#include "cli/local_cloud_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <csignal>

#include "base/clock.h"
#include "base/ids.h"
#include "codec/json.h"
#include "os/files.h"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr base::Millis kStartLimit = 30s;
constexpr base::Millis kLockPoll = 50ms;

// One session at a time looks and starts: an advisory lock on a file, let go when the process ends, too.
class StartLock {
 public:
  explicit StartLock(const std::string& path) : fd_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {}
  ~StartLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  StartLock(const StartLock&) = delete;
  StartLock& operator=(const StartLock&) = delete;

  bool try_lock() const { return fd_ < 0 || ::flock(fd_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int fd_;
};

// A process that does not say in time that it is ready is ended, which ends the reading of its first line.
awaitable<void> end_if_late(os::Process& process) {
  co_await base::sleep_for(kStartLimit);
  process.signal_group(SIGKILL);
}

// The first line that the process prints: its `ready` object.
awaitable<base::Result<std::string>> read_first_line(os::Process& process) {
  base::TaskGroup watch(co_await boost::asio::this_coro::executor);
  watch.spawn(end_if_late(process));
  std::string text;
  while (text.find('\n') == std::string::npos) {
    std::string piece = co_await process.read_stdout();
    if (piece.empty()) {
      co_return base::fail(base::ErrorKind::local_resource, "the local cloud could not be started",
                           "Run `livelambda local` to see why.");
    }
    text += piece;
  }
  co_await watch.close();
  co_return text.substr(0, text.find('\n'));
}

}  // namespace

LocalCloudProcess::LocalCloudProcess(boost::asio::any_io_executor executor, std::unique_ptr<net::HttpClient> http)
    : session_(base::random_uuid()), http_(std::move(http)), tasks_(executor) {}

awaitable<base::Result<std::unique_ptr<LocalCloudProcess>>> LocalCloudProcess::join(std::string state_folder,
                                                                                    std::string program,
                                                                                    std::vector<std::string> arguments,
                                                                                    os::Spawner* spawner) {
  auto executor = co_await boost::asio::this_coro::executor;
  std::unique_ptr<LocalCloudProcess> joined(new LocalCloudProcess(executor, net::make_http_client(executor, nullptr)));
  std::string record_file = state_folder + "/local.json";
  StartLock lock(state_folder + "/local.lock");
  for (int tries = 0; !lock.try_lock(); ++tries) {
    if (base::Millis(tries * kLockPoll) > kStartLimit) {
      co_return base::fail(base::ErrorKind::local_resource,
                           "another session has been starting the local cloud for too long",
                           "End it, or remove .livelambda/local.json.");
    }
    co_await base::sleep_for(kLockPoll);
  }
  auto recorded = os::read_file(record_file);
  if (recorded && co_await joined->try_to_join(*recorded)) co_return joined;

  std::vector<std::string> command = {program, "local", "--json", "--end-when-unused"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  CO_TRY(auto process, spawner->spawn({.command = std::move(command),
                                       .environment = os::own_environment(),
                                       .directory = {},
                                       .capture_stderr = false,
                                       .outlives_parent = true}));
  CO_TRY(auto line, co_await read_first_line(*process));
  CO_TRY(os::write_file(record_file, line, 0600));
  if (!co_await joined->try_to_join(line)) {
    co_return base::fail(base::ErrorKind::local_resource, "the local cloud was started but does not answer");
  }
  co_return joined;
}

awaitable<bool> LocalCloudProcess::try_to_join(std::string record) {
  auto json = codec::parse_json(record);
  if (!json) co_return false;
  endpoint_ = codec::find_string(*json, "endpoint");
  region_ = codec::find_string(*json, "region");
  access_key_id_ = codec::find_string(*json, "accessKeyId");
  secret_access_key_ = codec::find_string(*json, "secretAccessKey");
  auto url = net::parse_url(endpoint_ + "/_local/health");
  if (!url) co_return false;
  auto health = co_await http_->send(*url, {.target = url->target}, {.connect_timeout = 2s, .timeout = 2s});
  if (!health || health->status != 200) co_return false;
  tasks_.spawn(hold());
  co_return true;
}

// An open request that is never answered while both live.
awaitable<void> LocalCloudProcess::hold() {
  auto url = net::parse_url(endpoint_ + "/_local/sessions/" + session_);
  if (url) co_await http_->send(*url, {.target = url->target}, {.timeout = 0ms, .fresh_connection = true});
}

std::map<std::string, std::string> LocalCloudProcess::environment() const {
  return {{"AWS_ENDPOINT_URL", endpoint_},
          {"AWS_REGION", region_},
          {"AWS_ACCESS_KEY_ID", access_key_id_},
          {"AWS_SECRET_ACCESS_KEY", secret_access_key_}};
}

awaitable<void> LocalCloudProcess::leave() {
  auto url = net::parse_url(endpoint_ + "/_local/sessions/" + session_);
  if (url)
    co_await http_->send(*url, {.method = "DELETE", .target = url->target}, {.connect_timeout = 2s, .timeout = 5s});
  co_await tasks_.close();
}

}  // namespace cli
