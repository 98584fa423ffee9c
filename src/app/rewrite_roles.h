// The way of live functions to the bridge: exactly dynamodb:GetItem on its table, execute-api:Invoke and
// execute-api:ManageConnections on its API. As a statement in Policies where SAM makes the role, as an
// AWS::IAM::RolePolicy, which the function waits for, where the template does. A role outside of the template is left
// alone: its function's stub assumes the bridge role instead (rewrite_functions.h).
#pragma once

#include <map>
#include <string>

#include "app/rewrite_draft.h"

namespace app {

class BridgeGrants {
 public:
  // `draft` outlives this.
  explicit BridgeGrants(Draft& draft) : draft_(draft) {}

  // `had`: the function's properties before the rewrite, globals included.
  void grant(const Function& function, const codec::json::value& had);

 private:
  std::string role_policy(const std::string& role);
  codec::json::object policy();
  void note_boundary(const Function& function, const codec::json::value* boundary);

  Draft& draft_;
  std::map<std::string, std::string> role_policies_;  // a role of the template → the resource that grants it
};

}  // namespace app
