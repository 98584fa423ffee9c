#include "session/deploy_progress.h"

namespace session {

deploy::OnDeployEvent tell_progress(Reporter& reporter) {
  return [&reporter](const deploy::DeployEvent& event) {
    reporter.report(DeployProgress{event.stack, event.resource, event.type, event.status, event.reason});
  };
}

}  // namespace session
