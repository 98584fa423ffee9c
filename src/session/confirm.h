// Asks the user before something that cannot be undone.
#pragma once

#include "deploy/safety.h"
#include "session/options.h"

namespace session {

// True if the answer was typed. Where nobody can be asked, the option that led to the question is enough: true.
awaitable<bool> confirm(Surroundings with, deploy::Question question);

}  // namespace session
