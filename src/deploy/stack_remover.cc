#include "deploy/stack_remover.h"

#include <fmt/format.h>

#include "deploy/stack_state.h"

namespace deploy {
namespace {

using base::awaitable;
using base::Result;

constexpr std::string_view kBucketType = "AWS::S3::Bucket";

bool says_not_empty(std::string_view reason) {
  return reason.find("not empty") != std::string_view::npos || reason.find("BucketNotEmpty") != std::string_view::npos;
}

// The buckets that held up the deletion, with the commands that empty them; nullopt if it was something else.
std::optional<base::Error> full_buckets(const std::string& name, const StackOutcome& outcome) {
  std::string buckets;
  std::string commands;
  for (const DeployEvent& failed : outcome.failed) {
    if (failed.type != kBucketType || !says_not_empty(failed.reason)) continue;
    buckets += fmt::format("{}{} ({})", buckets.empty() ? "" : ", ", failed.physical_id, failed.resource);
    commands += fmt::format("{}`aws s3 rm s3://{} --recursive`", commands.empty() ? "" : ", ", failed.physical_id);
  }
  if (buckets.empty()) return std::nullopt;
  return base::Error{.kind = base::ErrorKind::deployment,
                     .message = fmt::format("stack {} has buckets that are not empty: {}", name, buckets),
                     .hint = fmt::format("Empty them ({}; of a versioned one every version), then run the command "
                                         "again.",
                                         commands)};
}

base::Error failure_of(const std::string& name, const StackOutcome& outcome) {
  if (auto full = full_buckets(name, outcome)) return std::move(*full);
  std::string message = fmt::format("stack {} ended as {}: {}", name, outcome.status, outcome.reason);
  if (outcome.failure) {
    message = fmt::format("stack {}: {} ({}): {}", name, outcome.failure->resource, outcome.failure->type,
                          outcome.failure->reason);
  }
  return {.kind = base::ErrorKind::deployment,
          .message = std::move(message),
          .hint = "Mend that and run the command again: it goes on where it ended."};
}

}  // namespace

StackRemover::StackRemover(aws::CloudFormation& cloudformation, aws::S3& s3, const base::Clock& clock, Removal removal,
                           OnDeployEvent on_event, Sleep sleep)
    : cloudformation_(cloudformation),
      s3_(s3),
      removal_(std::move(removal)),
      on_event_(std::move(on_event)),
      follower_(cloudformation, clock, std::move(sleep)) {}

awaitable<Result<>> StackRemover::remove_stacks(std::vector<StackNode> stacks) {
  for (const StackNode& stack : stacks) CO_TRY(co_await check(stack.id));
  co_return co_await run_in_order(reversed(stacks), [this](std::string name) { return remove(std::move(name)); });
}

awaitable<Result<StackState>> StackRemover::check(std::string name) {
  CO_TRY(auto state, co_await glance_at_stack(cloudformation_, std::move(name)));
  CO_TRY(check_removal(state, removal_.app, removal_.stage, removal_.safety));
  co_return state;
}

awaitable<Result<>> StackRemover::remove(std::string name) {
  CO_TRY(auto state, co_await check(name));
  if (state.id.empty()) co_return Result<>();
  CO_TRY(auto newest, co_await cloudformation_.newest_event_id(state.id));
  if (in_progress(state.status)) {
    CO_TRY(auto outcome, co_await follow(state, newest, true));
    if (outcome.status == "DELETE_COMPLETE") co_return Result<>();
    CO_TRY(newest, co_await cloudformation_.newest_event_id(state.id));
  }
  auto asked = co_await cloudformation_.delete_stack(state.id);
  if (!asked) co_return base::fail(as_deployment(asked.error(), name));
  if (!state.exists) co_return Result<>();  // a name under review: there is nothing to follow
  CO_TRY(auto outcome, co_await follow(state, newest, false));
  if (outcome.status != "DELETE_COMPLETE") co_return base::fail(failure_of(name, outcome));
  co_return Result<>();
}

awaitable<Result<StackOutcome>> StackRemover::follow(StackState state, std::string newest_event, bool begun) {
  return follower_.follow(
      {.name = state.name, .id = state.id, .known_event_id = std::move(newest_event), .begun = begun},
      [this](const DeployEvent& event) {
        if (event.status == "DELETE_SKIPPED") kept_.push_back(event);
        if (on_event_) on_event_(event);
      });
}

awaitable<Result<>> StackRemover::remove_debug_stack(std::string name) {
  CO_TRY(auto state, co_await check(name));
  if (state.exists) {
    // By its resource: a stack that was half made or half deleted has no outputs.
    CO_TRY(auto resources, co_await list_all_resources(cloudformation_, state.id));
    if (std::string bucket = resources["Bucket"]; !bucket.empty()) {
      CO_TRY(co_await empty(std::move(bucket)));
    }
  }
  co_return co_await remove(std::move(name));
}

awaitable<Result<>> StackRemover::empty(std::string bucket) {
  while (true) {
    CO_TRY(auto versions, co_await s3_.list_versions(bucket));
    if (versions.empty()) co_return Result<>();
    CO_TRY(co_await s3_.delete_versions(bucket, std::move(versions)));
  }
}

}  // namespace deploy
