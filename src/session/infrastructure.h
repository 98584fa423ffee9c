// Edits of the infrastructure and of livelambda.yaml while a session runs: the app is read anew, what would change is
// shown, and Enter deploys it. Meanwhile, and if it fails, the functions that are live go on.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "os/watcher.h"
#include "session/deployment.h"

namespace session {

class InfrastructureEdits {
 public:
  struct Callbacks {
    std::function<void(const Deployment&)> deployed;
    std::function<void()> nothing_to_deploy;  // the app was read anew: only where code is may have changed
    // What is to be known of the app before it is shown; it may end there.
    std::function<awaitable<base::Result<>>()> check;
  };
  // What it is given outlives it. `deployed` is what the session began with.
  InfrastructureEdits(Workspace& workspace, const Options& options, Surroundings with, Plan deployed,
                      Callbacks callbacks);

  // Files have changed: perhaps some of the infrastructure.
  void changed(const os::Changes& changes);

  // The session began with an app that was recalled: its tools look whether it is as they would make it now.
  void check_recalled();

  // Reads, shows and deploys, until it is cancelled.
  awaitable<void> watch_edits();
  // Takes in what is typed, until it is cancelled; ends if nobody can type.
  awaitable<void> watch_keyboard();

 private:
  bool is_infrastructure(const std::string& path) const;
  awaitable<void> look_again();
  awaitable<base::Result<Plan>> plan_anew();
  bool show(const Plan& plan);
  awaitable<void> deploy();
  void tell(const base::Error& error);

  Workspace& workspace_;
  const Options& options_;
  const Surroundings with_;
  Plan deployed_;
  std::vector<std::string> deployed_names_;  // of its stacks; their ids change when an app of one gets another
  Plan pending_;                             // empty: nothing to deploy
  Callbacks callbacks_;
  bool edited_ = false;
  bool quietly_ = false;  // nothing was edited: what the tools print while they look is not asked for
  bool enter_ = false;
  base::Notifier something_;
};

}  // namespace session
