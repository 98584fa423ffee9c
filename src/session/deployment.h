// From an app to its stacks: debug stack, packages, the app's stacks, live or with their real code.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "session/environments.h"
#include "session/options.h"
#include "session/plan.h"
#include "session/workspace.h"

namespace session {

struct Deployment {
  std::string bridge_url;  // wss://… of the debug stack's stage
  std::string bridge_table;
  std::map<std::string, std::string> outputs;  // of the app's stacks; of several "Stack.Output"
  std::vector<LiveFunction> functions;         // live ones, in the templates' order
};

// Makes the plan of the workspace's application: when it is known that its stacks are meant, and before they are
// changed.
using MakePlan = std::function<awaitable<base::Result<Plan>>()>;
MakePlan made_already(Plan plan);

// Deploys the plan with stubs. A stack of which nothing has changed is only read. Says where it goes before the first
// change. Errors: usage (a stage that is not meant), deployment, permission, invalid_input; those of `make_plan`.
awaitable<base::Result<Deployment>> deploy_live(Workspace& workspace, MakePlan make_plan, const Options& options,
                                                Surroundings with);

// Deploys the app with its real code; says its outputs.
awaitable<base::Result<>> deploy_real(Workspace& workspace, const Options& options, Surroundings with);

}  // namespace session
