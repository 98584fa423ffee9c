// Commands on an app that end by themselves: its real code, what a deployment would change, its outputs, its end.
#pragma once

#include "base/result.h"
#include "session/options.h"

namespace session {

// `livelambda deploy`: every stack with the code that its framework builds. What cannot be built is an error before
// anything is changed.
awaitable<base::Result<>> deploy(Options options, Surroundings with);

// `livelambda diff`: what `start` would change in the stage's stacks. Changes nothing.
awaitable<base::Result<>> diff(Options options, Surroundings with);

// `livelambda remove`: deletes the app's stacks of the stage, empties livelambda's bucket, deletes the debug stack.
// Goes on where an interrupted removal ended. Of an app that cannot be read, the stacks that carry its tags.
awaitable<base::Result<>> remove(Options options, Surroundings with);

// `livelambda outputs`: the outputs of the app's stacks.
awaitable<base::Result<>> outputs(Options options, Surroundings with);

}  // namespace session
