// `livelambda start`: reads the app, deploys it with stubs, connects, and runs invocations until it is ended or
// displaced.
#pragma once

#include "base/result.h"
#include "session/options.h"

namespace session {

// Returns when a signal ended it (success) or with the error that did. The first signal lets running invocations end,
// for 10 s at most; the second does not wait. No worker is left.
awaitable<base::Result<>> start(Options options, Surroundings surroundings);

}  // namespace session
