#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/ids.h"
#include "os/descriptor.h"

namespace os {
namespace {

base::Error error_of(int code, std::string_view doing, const std::string& path) {
  return {.kind = code == ENOENT ? base::ErrorKind::not_found : base::ErrorKind::local_resource,
          .message = fmt::format("cannot {} {}: {}", doing, path, std::generic_category().message(code)),
          .file = path};
}

base::Result<> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return base::fail(error_of(errno, "write", path));
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

base::Result<> write_and_rename(const std::string& temporary, const std::string& path, std::string_view content,
                                mode_t mode) {
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return base::fail(error_of(errno, "write", path));
  TRY(write_all(file.get(), content, path));
  if (::fchmod(file.get(), mode) != 0) return base::fail(error_of(errno, "write", path));  // past the umask
  if (::close(file.release()) != 0) return base::fail(error_of(errno, "write", path));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return base::fail(error_of(errno, "write", path));
  return {};
}

}  // namespace

base::Result<std::string> read_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return base::fail(error_of(errno, "read", path));
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) return base::fail(error_of(errno, "read", path));
  std::string content;
  std::size_t size = 0;
  // One more, so that the end is seen in one turn. What the kernel makes up has no size, and may be had in one turn
  // only.
  content.resize(about.st_size > 0 ? static_cast<std::size_t>(about.st_size) + 1 : 4096);
  while (true) {
    ssize_t got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(error_of(errno, "read", path));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size == content.size()) content.resize(2 * size + 4096);
  }
  content.resize(size);
  return content;
}

base::Result<> write_file(const std::string& path, std::string_view content, mode_t mode) {
  std::string temporary = fmt::format("{}.{}.tmp", path, base::to_hex(base::random_bytes<6>()));
  auto done = write_and_rename(temporary, path, content, mode);
  if (!done) ::unlink(temporary.c_str());
  return done;
}

base::Result<> make_directories(const std::string& path, mode_t mode) {
  for (std::size_t end = path.find('/', 1); true; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    struct stat about{};
    if (::mkdir(part.c_str(), mode) != 0) {
      int code = errno;
      bool is_there = ::stat(part.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
      if (!is_there) return base::fail(error_of(code, "make the folder", part));
    }
    if (end == path.npos) return {};
  }
}

void remove_all(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

TemporaryDirectory::TemporaryDirectory(std::string_view prefix) {
  const char* parent = std::getenv("TMPDIR");
  path_ = fmt::format("{}/{}-XXXXXX", parent != nullptr && *parent != '\0' ? parent : "/tmp", prefix);
  if (::mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  remove_all(path_);
}

}  // namespace os
