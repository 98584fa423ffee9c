// Watches the files of the live functions, and says which functions a change touches: what lies in the app's folder
// and those of its functions and layers, behind symbolic links in them, in the packages of a workspace, and what builds
// have read elsewhere in the repository. A file that was written and holds what it held before touches nothing.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/off_loop.h"
#include "base/result.h"
#include "base/task_group.h"
#include "os/watcher.h"
#include "worker/contents.h"
#include "worker/linked_folders.h"
#include "worker/sources.h"
#include "worker/worker.h"

namespace session {

class CodeWatch {
 public:
  struct Callbacks {
    std::function<void(const os::Changes&)> changed;            // as the kernel has them
    std::function<void(const std::set<std::string>&)> touched;  // functions, by logical id; never none
    std::function<void(const base::Error&)> failed;             // while it runs: something is not watched
  };

  // The launcher knows what builds have read; both outlive the watch.
  CodeWatch(boost::asio::any_io_executor executor, std::string app_folder, worker::Launcher& launcher,
            const base::Clock& clock, Callbacks callbacks);

  // From now on these are the functions. Errors: as os::watch().
  base::Result<> watch(std::vector<worker::FunctionSource> functions);
  // A function (logical id) was built: it may have read what is not watched yet.
  void look_at_inputs(const std::string& function);
  // Nothing is called any more afterwards.
  boost::asio::awaitable<void> close();

 private:
  using Skip = bool (*)(std::string_view name);

  boost::asio::awaitable<void> learn();
  base::Result<> watch_all();
  void try_to_watch(const std::string& folder);
  base::Result<> watch_folder(std::unique_ptr<os::Watcher>& watcher, const std::string& folder, Skip skip);
  boost::asio::awaitable<void> report(os::Watcher& watcher);
  void handle(os::Changes changes);

  boost::asio::any_io_executor executor_;
  const std::string app_folder_;
  worker::Launcher& launcher_;
  const base::Clock& clock_;
  const Callbacks callbacks_;
  std::vector<worker::FunctionSource> functions_;
  std::vector<worker::LinkedFolder> links_;
  worker::Contents contents_;
  std::unique_ptr<os::Watcher> sources_;  // null: nothing is watched
  std::unique_ptr<os::Watcher> layers_;   // where other folders are skipped
  base::OffLoop reading_{1};
  bool learns_ = false;
  base::TaskGroup tasks_;
};

}  // namespace session
