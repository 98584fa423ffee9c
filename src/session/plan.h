// What a deployment puts into CloudFormation, worked out on this machine: no request is made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/rewrite.h"
#include "base/result.h"
#include "project/local_artifacts.h"

namespace session {

inline constexpr const char* kArtifactPrefix = "artifacts";  // of keys in the bucket

// A file or folder that has to be in the debug stack's bucket.
struct PlannedUpload {
  app::LocalArtifact artifact;
  std::string template_file;  // of the stack that names it
};

struct PlannedStack {
  app::Rewritten rewritten;
  std::map<std::string, std::string> parameters;  // of the template itself
  std::map<std::string, PlannedUpload> uploads;   // by S3 key, those of nested stacks included
};

// What is sent: an archive of it, or the file as it is. Errors: those of reading it.
base::Result<std::string> upload_body(const PlannedUpload& upload);

// Rewrites by these go through `uploads`, which get what is asked for.
app::RewriteOptions rewrite_options(std::map<std::string, PlannedUpload>& uploads);

using Plan = std::vector<PlannedStack>;  // in the order of Application::stacks

// Stubs in place of the functions that can be live. Errors: those of the rewrite, and what cannot be read.
base::Result<Plan> plan_live(const app::Application& application, bool increase_timeout);

// The app as it was built.
base::Result<Plan> plan_real(const app::Application& application);

// Every role outside the app that needs the bridge role, once each, as ARNs.
std::vector<std::string> outside_roles(const Plan& plan, const std::string& partition, const std::string& account_id);

}  // namespace session
