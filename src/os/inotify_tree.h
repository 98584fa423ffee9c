// The logic of the inotify watcher without the kernel: raw events in, changed paths out, and which directories to
// watch. Every directory below a root has a watch of its own. A new directory is watched first and listed then, so that
// nothing written in between is missed; what is listed counts as changed. A root that goes is looked for from its
// nearest ancestor that exists, and watched again when it comes back.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/watcher.h"

namespace os {

// What the tree asks of the kernel.
class DirectoryWatches {
 public:
  struct Entry {
    std::string name;
    bool is_directory = false;  // a symbolic link is none
  };
  virtual ~DirectoryWatches() = default;
  // A watch descriptor ≥ 0 (the same for the same directory), or -errno. ENOTDIR if it is no directory.
  virtual int add(const std::string& path) = 0;
  virtual void remove(int watch) = 0;
  virtual std::vector<Entry> list(const std::string& path) = 0;
  // A symbolic link or one of several hard links: complete when created, nobody will write and close it.
  virtual bool is_link(const std::string& path) = 0;
};

struct InotifyEvent {
  int watch = -1;
  std::uint32_t mask = 0;
  std::string name = {};
};

class InotifyTree {
 public:
  // The kinds of events that every watch asks for.
  static std::uint32_t mask();

  // `roots` are absolute and normal, without a slash at the end.
  InotifyTree(DirectoryWatches& watches, std::vector<std::string> roots,
              std::function<bool(std::string_view name)> skip);

  // Watches everything. Errors as in watch().
  base::Result<> start();
  // Another root, after start(); nothing if it is watched already. Errors as in watch().
  base::Result<> add_root(const std::string& root);
  void handle(const InotifyEvent& event);
  bool changed() const { return changes_.overflow || !changes_.paths.empty(); }
  Changes take();

 private:
  int add(const std::string& path);
  bool add_tree(const std::string& path, bool report);
  void forget_tree(const std::string& path);
  void forget(int watch);
  void attach(const std::string& root);
  void drop_anchor(const std::string& root);
  void rescan();
  void handle_directory(const std::string& path, std::uint32_t mask);
  void handle_file(const std::string& path, std::uint32_t mask);
  bool is_root(const std::string& path) const;

  DirectoryWatches& watches_;
  std::vector<std::string> roots_;
  std::function<bool(std::string_view)> skip_;
  std::map<int, std::string> path_of_;
  std::map<std::string, int> watch_of_;
  std::map<int, std::set<std::string>> anchors_;  // watched for the sake of roots that are missing
  int limit_reached_ = 0;                         // errno of a watch that could not be had
  Changes changes_;
};

}  // namespace os
