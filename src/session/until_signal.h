// Ctrl+C as the end of what would take longer.
#pragma once

#include "base/result.h"
#include "base/task_group.h"
#include "os/signals.h"

namespace session {

// Cancels `group` at the next signal. Both outlive it.
base::awaitable<void> cancel_on_signal(os::Signals& signals, base::TaskGroup& group);

// Runs `work`; a signal cancels it, and it is waited for all the same. Errors: those of `work`; deployment if it was
// interrupted before it was done.
base::awaitable<base::Result<>> until_signal(base::awaitable<base::Result<>> work, os::Signals& signals);

}  // namespace session
