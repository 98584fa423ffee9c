#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "os/private_tmp.h"

namespace os {

namespace {

constexpr std::string_view kTmp = "/tmp/";

bool write_to(const char* file, std::string_view text) {
  int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return written;
}

// "/proc/self/fd/7", without what may allocate.
std::array<char, 32> path_of(int fd) {
  std::array<char, 32> path{};
  std::strcpy(path.data(), "/proc/self/fd/");
  std::size_t end = std::strlen(path.data());
  std::size_t digits = 1;
  for (int rest = fd; rest >= 10; rest /= 10) ++digits;
  for (std::size_t at = end + digits; at-- > end; fd /= 10) path[at] = static_cast<char>('0' + fd % 10);
  return path;
}

int open_folder(std::string_view folder) {  // that ends as a C string does
  return folder.empty() ? -1 : ::open(folder.data(), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

// False without an /opt on this machine that the folder could be laid over.
bool bind_opt(int folder) {
  if (::mount(path_of(folder).data(), "/opt", nullptr, MS_BIND | MS_REC, nullptr) != 0) return false;
  mount_attr read_only{};
  read_only.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(AT_FDCWD, "/opt", AT_RECURSIVE, &read_only, sizeof read_only) == 0) return true;
  ::umount2("/opt", MNT_DETACH);
  return false;
}

}  // namespace

PrivateTmpPlan::PrivateTmpPlan(const PrivateTmp& wanted)
    : options_(wanted.megabytes == 0 ? std::string() : fmt::format("size={}m,mode=1777", wanted.megabytes)),
      users_(fmt::format("{0} {0} 1", ::geteuid())),
      groups_(fmt::format("{0} {0} 1", ::getegid())),
      folder_(wanted.folder),
      opt_(wanted.opt) {
  if (options_.empty() && folder_.empty()) return;
  for (const auto& path : wanted.keeps) {
    if (!path.starts_with(kTmp)) continue;
    Kept kept{.folders = {}, .path = path};
    for (std::size_t slash = path.find('/', kTmp.size()); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      kept.folders.push_back(path.substr(0, slash));
    }
    kept_.push_back(std::move(kept));
  }
}

// Lays what is in the machine's /tmp over the same place in the child's.
bool PrivateTmpPlan::keep(const Kept& kept, int machines_tmp) {
  for (const auto& folder : kept.folders) {
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return false;
  }
  const char* name = kept.path.c_str() + kTmp.size();
  struct stat about{};
  if (::fstatat(machines_tmp, name, &about, 0) != 0) return false;
  if (S_ISDIR(about.st_mode)) {
    if (::mkdir(kept.path.c_str(), 0755) != 0 && errno != EEXIST) return false;
  } else {
    int place = ::open(kept.path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0644);
    if (place < 0) return false;
    ::close(place);
  }
  int tree = ::open_tree(machines_tmp, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
  return tree >= 0 && ::move_mount(tree, "", AT_FDCWD, kept.path.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0;
}

bool PrivateTmpPlan::enter() const {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (!write_to("/proc/self/setgroups", "deny") || !write_to("/proc/self/uid_map", users_) ||
      !write_to("/proc/self/gid_map", groups_)) {
    return false;
  }
  int machines_tmp = open_folder("/tmp");
  int opt = open_folder(opt_);  // which may be in the machine's /tmp, too
  int tmp = open_folder(folder_);
  if (!folder_.empty() && tmp < 0) return false;
  if (options_.empty() && tmp < 0) return opt >= 0 && bind_opt(opt);
  bool mounted = tmp >= 0 ? ::mount(path_of(tmp).data(), "/tmp", nullptr, MS_BIND | MS_REC, nullptr) == 0
                          : ::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options_.c_str()) == 0;
  if (!mounted) return false;
  if (opt >= 0) bind_opt(opt);
  for (const auto& kept : kept_) {
    if (!keep(kept, machines_tmp)) return false;
  }
  return true;
}

}  // namespace os
