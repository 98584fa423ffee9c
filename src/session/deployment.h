// From an app's folder to a deployed, live app: debug stack, packages, rewritten stack.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>

#include "app/model.h"
#include "aws/client.h"
#include "base/result.h"
#include "project/app_folder.h"
#include "session/assets.h"
#include "session/environments.h"
#include "session/reporter.h"

namespace session {

struct DeploymentInput {
  aws::ClientConfig aws;
  Assets assets;
  std::string ca_pem;  // what the stubs shall trust; empty = their own roots
};

struct Deployment {
  std::string bridge_url;  // wss://… of the debug stack's stage
  std::string bridge_table;
  std::map<std::string, std::string> outputs;     // of the app's stack
  std::map<std::string, LiveFunction> functions;  // live ones, by physical name
};

// Reports progress. Errors: deployment, permission, invalid_input (what the template asks for and cannot be had).
awaitable<base::Result<Deployment>> deploy_app(const project::AppFolder& folder, const app::Application& application,
                                               DeploymentInput input, Reporter& reporter);

}  // namespace session
