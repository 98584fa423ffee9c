// What a command on an app is given: by its user, and by the machine it runs on.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "os/signals.h"
#include "os/spawner.h"
#include "os/terminal_input.h"
#include "session/assets.h"
#include "session/reporter.h"
#include "session/worker_bounds.h"

namespace session {

using boost::asio::awaitable;

struct Options {
  std::string app_dir;
  std::optional<std::string> stage;
  std::string template_file = {};
  std::string app = {};  // its name, of a removal by tags; "" = as it is read
  std::map<std::string, std::string> parameters = {};
  std::string profile = {};
  std::string region = {};
  bool take_over = false;         // also change stacks that livelambda did not make
  bool yes_really = false;        // also on a stage that is called production
  bool yes = false;               // do not ask
  bool increase_timeout = false;  // 900 seconds for live functions
  WorkerBounds workers = {};
  std::optional<std::vector<std::string>> inspect = {};  // functions to debug; empty = every live one
  bool cloud_ends = false;  // the cloud ends with its last session: nothing is left to speak of
  std::string user;         // login name
  std::string host;
  std::map<std::string, std::string> environment;  // AWS_*, LIVELAMBDA_CA_FILE, PATH, HOME, …
  Assets assets;
};

// What it works with; all of it outlives the command.
struct Surroundings {
  const base::Clock& clock;
  os::Spawner& spawner;
  os::Signals& signals;
  os::TerminalInput& terminal;
  Reporter& reporter;
};

}  // namespace session
