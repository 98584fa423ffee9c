// `livelambda start`: reads the app, deploys it with stubs, connects, and runs invocations until it is ended or
// displaced.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "os/signals.h"
#include "os/spawner.h"
#include "session/assets.h"
#include "session/reporter.h"

namespace session {

using boost::asio::awaitable;

struct StartOptions {
  std::string app_dir;
  std::optional<std::string> stage;
  std::string user;  // login name
  std::string host;
  std::map<std::string, std::string> environment;  // AWS_*, LIVELAMBDA_CA_FILE, PATH, HOME, …
  Assets assets;
};

// What the session works with; all of it outlives the call.
struct Surroundings {
  const base::Clock& clock;
  os::Spawner& spawner;
  os::Signals& signals;
  Reporter& reporter;
};

// Returns when a signal ended it (success) or with the error that did. The first signal lets running invocations end,
// for 10 s at most; the second does not wait. No worker is left.
awaitable<base::Result<>> start(StartOptions options, Surroundings surroundings);

}  // namespace session
