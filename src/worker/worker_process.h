// A Worker that is a child process with a Runtime API endpoint of its own.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/spawner.h"
#include "worker/worker.h"

namespace worker {

// What to run; `environment` is made when the endpoint's address is known.
struct WorkerCommand {
  std::vector<std::string> command;
  std::string directory;
  std::function<std::map<std::string, std::string>(const std::string& runtime_api)> environment;
  std::string tmp = {};      // the folder that is its /tmp, if that can be; "" = the machine's
  std::string opt = {};      // the folder of its layers (layers.h); "" if it has none
  std::string account = {};  // for extensions that ask for it
};

// Errors: local_resource (no port, no process), not_found (no such program).
base::Result<std::unique_ptr<Worker>> start_worker_process(boost::asio::any_io_executor executor, os::Spawner& spawner,
                                                           const base::Clock& clock, WorkerSpec spec,
                                                           WorkerCommand command, LogCallback log);

}  // namespace worker
