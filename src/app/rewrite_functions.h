// A live function's own properties. Go: its code in every form, Runtime, Layers, SnapStart, CodeSigningConfigArn,
// provisioned concurrency, RuntimeManagementConfig, DeploymentPreference, AutoPublishCodeSha256, build metadata. Comes:
// the stub for its architecture. Stays: what identifies it (Handler, name, environment, role, events) and all else.
#pragma once

#include "app/rewrite_draft.h"

namespace app {

// `had`: the function's properties before the rewrite, globals included.
void put_stub(Draft& draft, const Function& function, const codec::json::value& had);

}  // namespace app
