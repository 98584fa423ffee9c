// A /tmp for each execution environment, as in Lambda: a folder of its own, laid over the machine's /tmp where the
// kernel allows that (os/private_tmp.h). What the function writes there stays from worker to worker of its environment,
// and goes with the session.
//
// What the process needs of the machine's /tmp stays visible at its place, each with all that lies beside it in the
// same folder of /tmp: its folder, what its command and what this machine tells it name, and where symbolic links lead
// in these, in its folder, and in the node_modules around it. What a file names that is read later is not seen. The
// machine's /tmp is kept where that is all of it, and under a debugger, whose editor may talk through sockets in it.
#pragma once

#include <map>
#include <string>

#include "os/spawner.h"
#include "worker/worker.h"

namespace worker {

// The folder of an environment, below that of all, made if it is not there; "" if it cannot be, or if nothing tells the
// environment from others.
std::string tmp_folder(const std::string& of_all, const WorkerSpec& spec);

// Gives the process the folder as its /tmp, if it can do without the machine's. `variables`: those that Lambda gave it.
// Looks at the disk.
void give_own_tmp(os::ProcessOptions& process, const std::string& folder,
                  const std::map<std::string, std::string>& variables);

}  // namespace worker
