// How functions of one language are run on this machine: one file per language implements it, launcher.cc lists them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace worker {

using boost::asio::awaitable;

class Language {
 public:
  virtual ~Language() = default;
  // Whether this is a runtime of the language: "nodejs22.x".
  virtual bool runs(std::string_view runtime) const = 0;
  // Whether this machine has what it takes; asked before every start, so the answer is kept. Errors: local_resource.
  virtual awaitable<base::Result<>> check() = 0;
  // What a worker runs, after check(): the program's absolute path first. It finds handler and Runtime API in the
  // environment.
  virtual std::vector<std::string> command() const = 0;
  // The folder of the loader: LAMBDA_RUNTIME_DIR.
  virtual std::string runtime_folder() const = 0;
};

}  // namespace worker
