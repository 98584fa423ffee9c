// The values of a deployment's parameters: the template's own, and those that the rewrite has declared, which only the
// debug stack knows. With the stub packages that some of them name.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "app/rewrite.h"
#include "deploy/debug_stack.h"
#include "deploy/stub_package.h"
#include "session/assets.h"
#include "session/workspace.h"

namespace session {

class StackParameters {
 public:
  // `workspace` outlives it.
  StackParameters(const Workspace& workspace, const Assets& assets, deploy::DebugStack bridge)
      : workspace_(workspace), assets_(assets), bridge_(std::move(bridge)) {}

  const deploy::DebugStack& bridge() const { return bridge_; }

  std::vector<std::pair<std::string, std::string>> of(const app::Stack& stack, const app::Rewritten& rewritten);
  // The packages that the stack's parameters name; they stay as long as this.
  std::vector<const deploy::Package*> stubs_of(const app::Rewritten& rewritten);

 private:
  std::string value_of(std::string_view parameter);
  const deploy::Package& stub(std::string_view parameter);

  const Workspace& workspace_;
  const Assets assets_;
  const deploy::DebugStack bridge_;
  std::map<std::string, deploy::Package, std::less<>> stubs_;
};

}  // namespace session
