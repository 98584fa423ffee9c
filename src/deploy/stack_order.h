// Work on stacks in the order of their dependencies: what depends on nothing begins at once, all others as soon as what
// they depend on is done. A failure stops what depends on it and lets the rest end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task_group.h"

namespace deploy {

struct StackNode {
  std::string id;
  std::vector<std::string> depends_on = {};  // ids; one that is no node counts as done
};

// The same nodes with every arrow turned round: the order of removal.
std::vector<StackNode> reversed(const std::vector<StackNode>& nodes);

// `work` is called at most once for each id. Returns the failure that came first. Errors of its own: invalid_input for
// stacks that depend on each other in a circle, before any work is begun. Cancelled, it cancels the work and throws.
base::awaitable<base::Result<>> run_in_order(std::vector<StackNode> nodes,
                                             std::function<base::awaitable<base::Result<>>(std::string id)> work);

}  // namespace deploy
