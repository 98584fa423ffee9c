#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/clock.h"
#include "base/task_group.h"
#include "os/descriptor.h"
#include "os/inotify_tree.h"
#include "os/watcher.h"

namespace os {
namespace {

namespace asio = boost::asio;

constexpr base::Millis kGather{3};  // an editor's save is several events; one change set

class KernelWatches final : public DirectoryWatches {
 public:
  explicit KernelWatches(int fd) : fd_(fd) {}

  int add(const std::string& path) override {
    int watch = ::inotify_add_watch(fd_, path.c_str(), InotifyTree::mask());
    return watch >= 0 ? watch : -errno;
  }
  void remove(int watch) override { ::inotify_rm_watch(fd_, watch); }
  std::vector<Entry> list(const std::string& path) override {
    std::vector<Entry> entries;
    std::error_code error;
    std::filesystem::directory_iterator at(path, error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
      std::error_code ignored;
      bool directory = at->symlink_status(ignored).type() == std::filesystem::file_type::directory;
      entries.push_back({at->path().filename().string(), directory});
    }
    return entries;
  }
  bool is_link(const std::string& path) override {
    struct stat about{};
    return ::lstat(path.c_str(), &about) == 0 && (S_ISLNK(about.st_mode) || about.st_nlink > 1);
  }

 private:
  int fd_;
};

base::Result<std::string> normal_path(const std::string& folder) {
  std::error_code error;
  auto path = std::filesystem::absolute(folder, error);
  if (error) return base::fail(base::ErrorKind::local_resource, "the working directory is gone");
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

class InotifyWatcher final : public Watcher {
 public:
  InotifyWatcher(asio::posix::stream_descriptor descriptor, std::vector<std::string> roots,
                 std::function<bool(std::string_view)> skip)
      : descriptor_(std::move(descriptor)),
        watches_(descriptor_.native_handle()),
        tree_(watches_, std::move(roots), std::move(skip)) {}

  base::Result<> start() { return tree_.start(); }

  awaitable<Changes> next() override {
    drain();
    while (!tree_.changed()) {
      co_await descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, asio::use_awaitable);
      drain();
    }
    co_await base::sleep_for(kGather);
    drain();
    co_return tree_.take();
  }

  base::Result<> add(const std::string& folder) override {
    TRY(const std::string path, normal_path(folder));
    return tree_.add_root(path);
  }

 private:
  void drain() {
    alignas(inotify_event) std::array<char, std::size_t{64} << 10> buffer;
    while (true) {
      ssize_t got = ::read(descriptor_.native_handle(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;  // EAGAIN: all has been read
      for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
        inotify_event raw{};
        std::memcpy(&raw, buffer.data() + at, sizeof raw);
        const char* name = buffer.data() + at + sizeof raw;
        tree_.handle({.watch = raw.wd,
                      .mask = raw.mask,
                      .name = raw.len > 0 ? std::string(name, ::strnlen(name, raw.len)) : std::string()});
        at += sizeof raw + raw.len;
      }
    }
  }

  asio::posix::stream_descriptor descriptor_;
  KernelWatches watches_;
  InotifyTree tree_;
};

}  // namespace

base::Result<std::unique_ptr<Watcher>> watch(asio::any_io_executor executor, std::vector<std::string> folders,
                                             std::function<bool(std::string_view name)> skip) {
  for (std::string& folder : folders) {
    TRY(folder, normal_path(folder));
  }
  Descriptor fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) {
    return base::fail(base::ErrorKind::local_resource, "cannot watch files: " + std::generic_category().message(errno),
                      "raise the kernel's limit: sudo sysctl fs.inotify.max_user_instances=512");
  }
  asio::posix::stream_descriptor descriptor(executor);
  boost::system::error_code error;
  descriptor.assign(fd.get(), error);
  if (error) return base::fail(base::ErrorKind::local_resource, "cannot watch files: " + error.message());
  fd.release();
  auto watcher = std::make_unique<InotifyWatcher>(std::move(descriptor), std::move(folders), std::move(skip));
  TRY(watcher->start());
  return watcher;
}

}  // namespace os
