// What Lambda's runtimes bring along and a machine may lack (an AWS SDK, Java's runtime client): fetched once by the
// language's own package tool into the user's cache, for all of their apps and sessions.
//
// A folder of the cache is whole or not there: its name is given to it when the tool has succeeded. Nothing is ever
// changed in it, so sessions need no lock. What is needed, and whether it may be fetched, is for others to say.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/spawner.h"

namespace worker {

using boost::asio::awaitable;

struct Download {
  std::string what;                  // as a question lists it: "boto3"
  std::string folder;                // absolute, below cache_folder()
  std::vector<std::string> command;  // [0] is an absolute path; runs in an empty folder, which becomes `folder`
  bool operator==(const Download&) const = default;
};

// $XDG_CACHE_HOME/livelambda, else ~/.cache/livelambda; "" if there is neither.
std::string cache_folder(const std::map<std::string, std::string>& own_environment);

// Fetches it, unless it is there. Cancelling it ends the command; nothing half done is left. Errors: local_resource,
// with what the command said.
awaitable<base::Result<>> fetch(os::Spawner& spawner, Download download,
                                std::map<std::string, std::string> own_environment);

}  // namespace worker
