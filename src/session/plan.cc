#include "session/plan.h"

#include <algorithm>
#include <set>

#include "deploy/package.h"

namespace session {
namespace {

base::Result<std::string> key_of(const app::Stack& stack, const app::LocalArtifact& artifact) {
  TRY(auto content, project::read_artifact(artifact, stack.template_file));
  if (content.zipped) return deploy::make_package(kArtifactPrefix, std::move(content.entries)).key;
  return deploy::file_key(kArtifactPrefix, content.extension, content.file);
}

// Rewrites every stack by `rewrite`.
template <typename Rewrite>
base::Result<Plan> plan(const app::Application& application, Rewrite rewrite) {
  Plan plan;
  for (const app::Stack& stack : application.stacks) {
    PlannedStack planned;
    TRY(planned.rewritten, rewrite(stack, rewrite_options(planned.uploads)));
    planned.parameters = {stack.parameters.begin(), stack.parameters.end()};
    plan.push_back(std::move(planned));
  }
  return plan;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

base::Result<std::string> upload_body(const PlannedUpload& upload) {
  TRY(auto content, project::read_artifact(upload.artifact, upload.template_file));
  if (!content.zipped) return std::move(content.file);
  return codec::make_zip(content.entries);
}

app::RewriteOptions rewrite_options(std::map<std::string, PlannedUpload>& uploads) {
  return {
      .key_of = [&uploads](const app::Stack& from, const app::LocalArtifact& artifact) -> base::Result<std::string> {
        TRY(auto key, key_of(from, artifact));
        uploads[key] = {artifact, from.template_file};
        return key;
      },
      .text_of = [](const app::Stack& from, const app::LocalArtifact& artifact) -> base::Result<std::string> {
        TRY(auto content, project::read_artifact(artifact, from.template_file));
        return std::move(content.file);
      },
      .template_key = deploy::template_key};
}

base::Result<Plan> plan_live(const app::Application& application, bool increase_timeout) {
  return plan(application, [increase_timeout](const app::Stack& stack, app::RewriteOptions options) {
    options.increase_timeout = increase_timeout;
    return app::rewrite_to_live(stack, options);
  });
}

base::Result<Plan> plan_real(const app::Application& application) {
  return plan(application,
              [](const app::Stack& stack, const app::RewriteOptions& options) { return app::package(stack, options); });
}

std::vector<std::string> outside_roles(const Plan& plan, const std::string& partition, const std::string& account_id) {
  std::set<std::string> roles;
  for (const PlannedStack& stack : plan) {
    for (std::string role : stack.rewritten.outside_roles) {
      replace_all(role, "${AWS::Partition}", partition);
      replace_all(role, "${AWS::AccountId}", account_id);
      roles.insert(std::move(role));
    }
  }
  return {roles.begin(), roles.end()};
}

}  // namespace session
