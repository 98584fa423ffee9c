// Builds of functions: which is due, how many run at once, and who waits. Knows nothing of compilers: a Language
// builds.
//
// - A function is built once for each revision that somebody wants; whoever wants the same waits for the same build;
//   what is out of date before it began is not built.
// - At most so many builds run at a time; functions that an invocation waits for come first, then in order.
// - A failed build is kept as the answer for its revision.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/notifier.h"
#include "base/result.h"
#include "base/task_group.h"
#include "worker/language.h"

namespace worker {

class Builds {
 public:
  Builds(boost::asio::any_io_executor executor, std::size_t at_once);

  // The language outlives the build. Errors: build, with what the compiler said.
  awaitable<base::Result<>> build(Language& language, FunctionCode code, std::string folder, std::uint64_t revision,
                                  bool waited_for);

  // What the last build of a function read; if there was none, or it failed, what its language says of its layout.
  std::set<std::string> inputs(const std::string& function) const;

  // Ends what runs, and waits for it. The last call.
  awaitable<void> close();

 private:
  struct Build {
    Language* language = nullptr;
    FunctionCode code;
    std::string folder;
    std::uint64_t wanted = 0;
    std::uint64_t place = 0;  // in the queue
    bool queued = false;
    bool running = false;
    bool waited_for = false;
    std::optional<std::uint64_t> built;  // the revision that `result` is of
    BuildResult result;
    base::Notifier changed;
  };
  using BuildPtr = std::shared_ptr<Build>;

  void start_next();
  awaitable<void> run(BuildPtr build);

  const std::size_t at_once_;
  std::size_t running_ = 0;
  std::uint64_t last_place_ = 0;
  std::map<std::string, BuildPtr> builds_;  // by function
  base::TaskGroup tasks_;
};

}  // namespace worker
