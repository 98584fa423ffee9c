// A function's layers as Lambda lays them out in /opt: one folder with the files of all, the later over the earlier,
// and the variables by which runtimes find what is in it (Lambda's developer guide, "Packaging layers").
//
// The variables name the folder on this machine, not /opt, so that traces and breakpoints are in the developer's own
// files. Code that opens /opt/… finds the same folder there, where the kernel gives the process a mount namespace
// (os/private_tmp.h).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/off_loop.h"
#include "base/result.h"
#include "os/spawner.h"
#include "worker/language.h"

namespace worker {

class Layers {
 public:
  // `folder`: absolute, for what is put together; kept from session to session.
  explicit Layers(std::string folder) : folder_(std::move(folder)) {}

  // The folder that is /opt. "" without layers; a single folder is itself; else a folder of hard links and of what the
  // archives hold, made anew when anything in it has changed; nobody looks twice for one revision of a function. The
  // one that was current before stays, for workers that still run. Errors: not_found, invalid_input (a broken archive),
  // local_resource.
  boost::asio::awaitable<base::Result<std::string>> lay_out(FunctionCode code, std::uint64_t revision);

 private:
  struct Laid {
    std::uint64_t revision = 0;
    std::vector<std::string> layers;
    std::string opt;
  };
  std::string folder_;
  std::map<std::string, Laid> laid_;  // by function
  base::OffLoop off_loop_{1};
};

// Adds /opt (if `opt` is not "") and the task root to the lists of paths in `variables`, behind what the function
// itself has set, and `program`'s variables behind these. `runtime` is the declared one: "nodejs22.x" looks in
// nodejs/node22.
void add_search_paths(std::map<std::string, std::string>& variables, const std::string& opt, const std::string& runtime,
                      const Program& program);

// The same for Java, whose class path is an argument: /opt/java/lib/* behind what follows "-cp".
void add_to_class_path(std::vector<std::string>& command, const std::string& opt);

// A path that a function writes as Lambda has it (/opt/…, /var/task/…), on this machine.
std::string path_here(const std::string& path, const std::string& opt, const std::string& task_root);

// Spawns a process that finds `opt` in /opt, or, where that cannot be, the machine's /opt: without namespaces, or when
// its own program or folder is in /opt. Errors: as Spawner::spawn().
base::Result<std::unique_ptr<os::Process>> spawn_with_opt(os::Spawner& spawner, os::ProcessOptions options,
                                                          const std::string& opt);

}  // namespace worker
