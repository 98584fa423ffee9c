#include "os/inotify_tree.h"

#include <fmt/format.h>
#include <sys/inotify.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/log.h"

namespace os {
namespace {

std::string parent_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == 0 || slash == path.npos ? "/" : path.substr(0, slash);
}

std::string join(const std::string& folder, std::string_view name) {
  return fmt::format("{}/{}", folder == "/" ? "" : folder, name);
}

// The path itself and everything below it.
bool is_within(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/' || folder == "/");
}

constexpr std::uint32_t kAppeared = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t kGone = IN_DELETE | IN_MOVED_FROM;
constexpr std::uint32_t kSelfGone = IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

std::uint32_t InotifyTree::mask() {
  return kAppeared | kGone | kSelfGone | IN_CLOSE_WRITE | IN_ONLYDIR | IN_EXCL_UNLINK;
}

InotifyTree::InotifyTree(DirectoryWatches& watches, std::vector<std::string> roots,
                         std::function<bool(std::string_view name)> skip)
    : watches_(watches), roots_(std::move(roots)), skip_(std::move(skip)) {}

base::Result<> InotifyTree::start() {
  for (const std::string& root : std::exchange(roots_, {})) TRY(add_root(root));
  return {};
}

base::Result<> InotifyTree::add_root(const std::string& root) {
  if (is_root(root)) return {};
  const int watch = add(root);
  if (watch >= 0 && path_of_.contains(watch) && path_of_.at(watch) != root) return {};  // by another name
  if (!watch_of_.contains(root) && !add_tree(root, false) && limit_reached_ == 0) {
    return base::fail(base::ErrorKind::not_found, fmt::format("no folder {} to watch", root));
  }
  roots_.push_back(root);
  if (limit_reached_ == 0) return {};
  return base::fail(base::ErrorKind::local_resource,
                    fmt::format("cannot watch all folders: {}", std::generic_category().message(limit_reached_)),
                    "raise the kernel's limit: sudo sysctl fs.inotify.max_user_watches=524288");
}

Changes InotifyTree::take() {
  return std::exchange(changes_, Changes{});
}

void InotifyTree::handle(const InotifyEvent& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return rescan();

  if (auto anchored = anchors_.find(event.watch); anchored != anchors_.end()) {
    for (const std::string& root : std::set<std::string>(anchored->second)) attach(root);
  }
  auto known = path_of_.find(event.watch);
  if (known == path_of_.end()) return;
  std::string folder = known->second;
  if ((event.mask & (kSelfGone | IN_IGNORED)) != 0) {
    bool root = is_root(folder);
    if (!root && (event.mask & IN_IGNORED) == 0) return;  // its parent's event says it
    forget_tree(folder);
    if (root) {
      changes_.paths.insert(folder);
      attach(folder);
    }
    return;
  }
  if (event.name.empty()) return;
  if ((event.mask & IN_ISDIR) != 0) {
    if (!skip_(event.name)) handle_directory(join(folder, event.name), event.mask);
  } else {
    handle_file(join(folder, event.name), event.mask);
  }
}

void InotifyTree::handle_directory(const std::string& path, std::uint32_t mask) {
  if ((mask & kGone) != 0) {
    forget_tree(path);
    changes_.paths.insert(path);
  }
  if ((mask & kAppeared) != 0) {
    changes_.paths.insert(path);
    add_tree(path, true);
  }
}

void InotifyTree::handle_file(const std::string& path, std::uint32_t mask) {
  bool complete = (mask & (IN_CLOSE_WRITE | IN_MOVED_TO | kGone)) != 0;
  if (complete || ((mask & IN_CREATE) != 0 && watches_.is_link(path))) changes_.paths.insert(path);
}

int InotifyTree::add(const std::string& path) {
  int watch = watches_.add(path);
  if (watch == -ENOSPC || watch == -ENOMEM) {
    if (limit_reached_ == 0) base::log_warn("cannot watch {}: the kernel's limit of watches is reached", path);
    limit_reached_ = -watch;
    changes_.overflow = true;
  }
  return watch;
}

// False if there is no such directory.
bool InotifyTree::add_tree(const std::string& path, bool report) {
  int watch = add(path);
  if (watch < 0) return false;
  if (auto before = path_of_.find(watch); before != path_of_.end() && before->second != path) {
    watch_of_.erase(before->second);  // the same directory under its old name
  }
  path_of_[watch] = path;
  watch_of_[path] = watch;
  for (const auto& entry : watches_.list(path)) {
    if (entry.is_directory && skip_(entry.name)) continue;
    std::string child = join(path, entry.name);
    if (report) changes_.paths.insert(child);
    if (entry.is_directory) add_tree(child, report);
  }
  return true;
}

void InotifyTree::forget(int watch) {
  auto known = path_of_.find(watch);
  if (known == path_of_.end()) return;
  watch_of_.erase(known->second);
  path_of_.erase(known);
  if (!anchors_.contains(watch)) watches_.remove(watch);
}

void InotifyTree::forget_tree(const std::string& path) {
  std::vector<int> gone;
  for (auto at = watch_of_.lower_bound(path); at != watch_of_.end() && at->first.starts_with(path); ++at) {
    if (is_within(at->first, path)) gone.push_back(at->second);
  }
  for (int watch : gone) forget(watch);
}

void InotifyTree::drop_anchor(const std::string& root) {
  for (auto at = anchors_.begin(); at != anchors_.end();) {
    at->second.erase(root);
    if (!at->second.empty()) {
      ++at;
      continue;
    }
    int watch = at->first;
    at = anchors_.erase(at);
    if (!path_of_.contains(watch)) watches_.remove(watch);
  }
}

// Watches a missing root again, or else the nearest of its ancestors that exists.
void InotifyTree::attach(const std::string& root) {
  drop_anchor(root);
  while (true) {
    if (add_tree(root, true)) {
      changes_.paths.insert(root);
      return drop_anchor(root);
    }
    std::string ancestor = parent_of(root);
    std::string next = root;
    int watch = add(ancestor);
    while (watch < 0 && ancestor != "/") {
      next = ancestor;
      ancestor = parent_of(ancestor);
      watch = add(ancestor);
    }
    if (watch < 0) return;
    drop_anchor(root);
    anchors_[watch].insert(root);
    // What appeared before the ancestor was watched gives no event.
    auto entries = watches_.list(ancestor);
    bool appeared = std::any_of(entries.begin(), entries.end(), [&](const DirectoryWatches::Entry& entry) {
      return entry.is_directory && join(ancestor, entry.name) == next;
    });
    if (!appeared || limit_reached_ != 0) return;
  }
}

// Events were lost: anything may have changed, and watches may be missing or stand for directories that are gone.
void InotifyTree::rescan() {
  changes_.overflow = true;
  auto before = std::move(path_of_);
  path_of_.clear();
  watch_of_.clear();
  for (const std::string& root : roots_) {
    if (add_tree(root, false)) {
      drop_anchor(root);
    } else {
      attach(root);
    }
  }
  for (const auto& [watch, path] : before) {
    if (!path_of_.contains(watch) && !anchors_.contains(watch)) watches_.remove(watch);
  }
}

bool InotifyTree::is_root(const std::string& path) const {
  return std::find(roots_.begin(), roots_.end(), path) != roots_.end();
}

}  // namespace os
