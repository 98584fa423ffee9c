#include "session/processing.h"

#include <algorithm>

#include "app/processing.h"
#include "aws/cloudformation.h"
#include "aws/s3.h"
#include "deploy/debug_stack.h"
#include "deploy/package.h"
#include "deploy/stack_deployer.h"
#include "session/deploy_progress.h"
#include "session/plan.h"

namespace session {
namespace {

bool has_to_be_processed(const Workspace& workspace, const app::Stack& stack) {
  return workspace.purpose() == project::Purpose::real ? app::has_open_loops(stack) : app::needs_processing(stack);
}

// One round through the stacks.
class Processing {
 public:
  Processing(Workspace& workspace, const Options& options, Surroundings with)
      : workspace_(workspace),
        options_(options),
        with_(with),
        cloudformation_(aws::make_cloudformation(workspace.aws())),
        s3_(aws::make_s3(workspace.aws())),
        deployer_(*cloudformation_, *s3_, with.clock) {}

  awaitable<base::Result<>> run() {
    CO_TRY(auto debug, co_await deploy::glance_at_stack(*cloudformation_, workspace_.debug_stack_name()));
    CO_TRY(auto bridge, deploy::read_debug_stack(debug.outputs));
    bucket_ = std::move(bridge.bucket);
    std::vector<app::Stack> processed;
    for (const app::Stack& stack : workspace_.application().stacks) {
      if (!has_to_be_processed(workspace_, stack)) continue;
      CO_TRY(auto one, co_await process(stack));
      processed.push_back(std::move(one));
    }
    co_return co_await workspace_.put(std::move(processed));
  }

 private:
  awaitable<base::Result<app::Stack>> process(const app::Stack& stack) {
    std::map<std::string, PlannedUpload> uploads;
    CO_TRY(auto document, app::to_process(stack, rewrite_options(uploads)));
    for (const auto& [key, upload] : uploads) {
      CO_TRY(auto body, upload_body(upload));
      CO_TRY(co_await s3_->put_object(bucket_, key, std::move(body)));
    }
    std::vector<std::pair<std::string, std::string>> parameters(stack.parameters.begin(), stack.parameters.end());
    parameters.emplace_back(app::kBucketParameter, bucket_);
    auto tags = deploy::stack_tags(workspace_.application().name, workspace_.folder().stage);
    tags.insert(stack.tags.begin(), stack.tags.end());
    CO_TRY(auto text, co_await deployer_.process({.name = stack.name,
                                                  .template_text = codec::to_text(document),
                                                  .parameters = std::move(parameters),
                                                  .tags = std::move(tags),
                                                  .bucket = bucket_,
                                                  .take_over = options_.take_over},
                                                 tell_progress(with_.reporter)));
    CO_TRY(auto with_paths, app::from_processed(text, stack));
    co_return workspace_.toolchain().read_processed(stack, with_paths);
  }

  Workspace& workspace_;
  const Options& options_;
  const Surroundings with_;
  std::unique_ptr<aws::CloudFormation> cloudformation_;
  std::unique_ptr<aws::S3> s3_;
  deploy::StackDeployer deployer_;
  std::string bucket_;
};

}  // namespace

bool needs_processing(const Workspace& workspace) {
  return workspace.toolchain().reads_processed() &&
         std::ranges::any_of(workspace.application().stacks,
                             [&workspace](const app::Stack& stack) { return has_to_be_processed(workspace, stack); });
}

awaitable<base::Result<>> process_stacks(Workspace& workspace, const Options& options, Surroundings with) {
  if (!needs_processing(workspace)) co_return base::Result<>();
  Processing processing(workspace, options, with);
  co_return co_await processing.run();
}

}  // namespace session
