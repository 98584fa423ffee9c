#include "deploy/stack_deployer.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <optional>

#include "base/ids.h"
#include "codec/json.h"
#include "codec/yaml.h"
#include "deploy/failure_hint.h"
#include "deploy/package.h"
#include "deploy/safety.h"

namespace deploy {
namespace {

namespace asio = boost::asio;
using base::awaitable;
using base::Result;
using namespace std::chrono_literals;

constexpr std::size_t kLargestBody = 51'200;         // TemplateBody; beyond it TemplateURL
constexpr std::size_t kLargestTemplate = 1'000'000;  // TemplateURL, 1 MB
constexpr auto kLongestChangeSet = 10min;
constexpr std::string_view kChangeSetPrefix = "livelambda-";
constexpr std::string_view kNoSuchChangeSet = "ChangeSetNotFound";
constexpr int kMostAttempts = 5;  // others get in between once or twice

bool succeeded(std::string_view status) {
  return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE";
}

bool says_no_changes(std::string_view reason) {
  return reason.find("didn't contain changes") != std::string_view::npos ||
         reason.find("No updates are to be performed") != std::string_view::npos;
}

std::string tag(const StackRequest& request, const char* name) {
  auto found = request.tags.find(name);
  return found == request.tags.end() ? std::string() : found->second;
}

// One deployment: what its steps share, and what has to be taken back if it is cancelled.
class StackDeployment {
 public:
  StackDeployment(aws::CloudFormation& cloudformation, aws::S3& s3, const base::Clock& clock, Sleep sleep,
                  StackRequest request, OnDeployEvent on_event)
      : cloudformation_(cloudformation),
        s3_(s3),
        clock_(clock),
        sleep_(sleep),
        follower_(cloudformation, clock, sleep),
        request_(std::move(request)),
        on_event_(std::move(on_event)) {}

  awaitable<Result<DeployedStack>> run() {
    CO_TRY(auto marked, mark_template(request_.template_text, request_.parameters, request_.content));
    request_.template_text = std::move(marked.text);
    mark_ = std::move(marked.mark);
    co_return co_await undisturbed(&StackDeployment::deploy_once);
  }

  awaitable<Result<std::string>> process() {
    CO_TRY(auto document, codec::parse_json(request_.template_text));
    // Whatever is deployed, CloudFormation makes no change set without a change.
    auto& outputs = document.get_object()["Outputs"];
    if (!outputs.is_object()) outputs = codec::json::object();
    outputs.get_object()[kMarkOutput] = {{"Value", "processing"}};
    request_.template_text = codec::to_text(document);
    co_return co_await undisturbed(&StackDeployment::process_once);
  }

  awaitable<Result<std::vector<aws::ResourceChange>>> preview() {
    CO_TRY(state_, co_await glance_at_stack(cloudformation_, request_.name));
    if (!state_.exists)
      co_return base::fail(base::ErrorKind::not_found, fmt::format("stack {} is not there", request_.name));
    CO_TRY(check_ours());
    include_nested_ = true;
    CO_TRY(co_await create_change_set());
    CO_TRY(auto made, co_await wait_for_change_set());
    Result<std::vector<aws::ResourceChange>> changes;
    if (made.status != "FAILED") {
      changes = co_await read_changes(change_set_.id, {});
    } else if (!says_no_changes(made.status_reason)) {
      changes = base::fail(base::ErrorKind::deployment, fmt::format("stack {}: {}", request_.name, made.status_reason));
    }
    CO_TRY(co_await discard_change_set());
    co_return changes;
  }

  // After run() was cancelled, in a coroutine that is not any more.
  awaitable<void> stop() {
    if (change_set_.id.empty()) co_return;
    if (!executed_) {
      co_await discard_change_set();
      co_return;
    }
    if (state_.exists && co_await cloudformation_.cancel_update_stack(change_set_.stack_id)) {
      say("UPDATE_IN_PROGRESS", "cancelled: CloudFormation rolls back what was done so far");
      co_return;
    }
    say(state_.exists ? "UPDATE_IN_PROGRESS" : "CREATE_IN_PROGRESS",
        fmt::format(
            "goes on in CloudFormation; `aws cloudformation wait stack-{}-complete --stack-name {}` waits for it",
            state_.exists ? "update" : "create", request_.name));
  }

 private:
  // Brings the stack into a state from which a change set can be made; state_ says whether it exists then.
  awaitable<Result<>> make_ready() {
    CO_TRY(state_, co_await glance_at_stack(cloudformation_, request_.name));
    CO_TRY(check_ours());
    if (in_progress(state_.status) && !is_deployed()) {
      say(state_.status, "waiting for an operation that is already under way");
      CO_TRY(auto newest, co_await cloudformation_.newest_event_id(state_.id));
      CO_TRY(co_await follower_.follow({.name = state_.name, .id = state_.id, .known_event_id = newest, .begun = true},
                                       on_event_));
      CO_TRY(state_, co_await glance_at_stack(cloudformation_, request_.name));
    }
    if (state_.status == "REVIEW_IN_PROGRESS") co_return co_await check_review();
    if (state_.status == "UPDATE_ROLLBACK_FAILED" || state_.status == "DELETE_FAILED") {
      co_return base::fail(
          base::ErrorKind::deployment,
          fmt::format("stack {} is in state {}: {}", request_.name, state_.status, state_.status_reason),
          fmt::format("Run `aws cloudformation {} --stack-name {}`, then the command again.",
                      state_.status == "DELETE_FAILED" ? "delete-stack" : "continue-update-rollback", request_.name));
    }
    if (is_wreck(state_.status)) co_return co_await delete_wreck();
    co_return Result<>();
  }

  bool is_deployed() const {
    return state_.exists && is_settled(state_.status) && same_template(state_.mark, mark_) &&
           has_tags(state_, request_.tags);
  }

  Result<> check_ours() const {
    std::string app = tag(request_, kAppTag);
    if (app.empty()) return {};
    TRY(check_take_over(state_, app, tag(request_, kStageTag), {.take_over = request_.take_over}));
    return {};
  }

  // Two deployments of a stack may begin at the same time: the change set that is executed first makes CloudFormation
  // drop the others. Who made those looks again, and waits.
  template <typename T>
  awaitable<Result<T>> undisturbed(awaitable<Result<T>> (StackDeployment::*attempt)()) {
    for (int left = kMostAttempts;; --left) {
      auto result = co_await (this->*attempt)();
      if (result || left == 1 || executed_) co_return result;
      CO_TRY(auto now, co_await glance_at_stack(cloudformation_, request_.name));
      bool is_same =
          now.exists ? now.id == state_.id && now.status == state_.status && now.mark == state_.mark : !state_.exists;
      if (is_same && result.error().code != kNoSuchChangeSet) co_return result;
      // It is gone already, unless it has just become useless.
      if (!change_set_.id.empty()) co_await cloudformation_.delete_change_set(change_set_.id);
      change_set_ = {};
    }
  }

  awaitable<Result<DeployedStack>> deploy_once() {
    CO_TRY(co_await make_ready());
    if (is_deployed()) co_return co_await describe(state_.id, false);
    CO_TRY(co_await create_change_set());
    CO_TRY(auto made, co_await wait_for_change_set());
    if (made.status == "FAILED") {
      CO_TRY(co_await discard_change_set());
      if (state_.exists && says_no_changes(made.status_reason)) co_return co_await describe(state_.id, false);
      co_return base::fail(refusal(made.status_reason));
    }
    CO_TRY(auto newest, co_await cloudformation_.newest_event_id(change_set_.stack_id));
    executed_ = true;
    auto executed = co_await cloudformation_.execute_change_set(change_set_.id);
    if (!executed) {
      executed_ = false;
      co_return base::fail(as_deployment(executed.error(), request_.name));
    }
    CO_TRY(auto outcome, co_await follower_.follow(
                             {.name = request_.name, .id = change_set_.stack_id, .known_event_id = newest}, on_event_));
    if (succeeded(outcome.status)) co_return co_await describe(change_set_.stack_id, true);
    co_return base::fail(failure_of(outcome));
  }

  awaitable<Result<std::string>> process_once() {
    CO_TRY(co_await make_ready());
    CO_TRY(co_await create_change_set());
    CO_TRY(auto made, co_await wait_for_change_set());
    Result<std::string> text;
    if (made.status == "FAILED") {
      text = base::fail(refusal(made.status_reason));
    } else {
      text = co_await cloudformation_.get_processed_template(change_set_.id);
      if (!text) co_return text;
    }
    CO_TRY(co_await discard_change_set());
    co_return text;
  }

  base::Error refusal(std::string_view reason) const {
    return {.kind = base::ErrorKind::deployment,
            .message = fmt::format("stack {}: {}", request_.name, reason),
            .hint = "CloudFormation did not accept the template: mend it and run the command again."};
  }

  // A name under review may be another deployment of ours that is about to begin, or what is left of one that was
  // killed: both go with the change set that is executed first.
  awaitable<Result<>> check_review() {
    CO_TRY(auto left, co_await cloudformation_.list_change_sets(request_.name));
    for (const aws::ChangeSet& change_set : left) {
      if (change_set.name.starts_with(kChangeSetPrefix)) continue;
      co_return base::fail(base::ErrorKind::deployment,
                           fmt::format("stack {} is being created by someone else: its change set {} waits for review",
                                       request_.name, change_set.name),
                           "Choose another --stage, or delete that change set and its stack.");
    }
    co_return Result<>();
  }

  awaitable<Result<>> delete_wreck() {
    say("DELETE_IN_PROGRESS", "deleting what a failed creation left behind");
    CO_TRY(auto newest, co_await cloudformation_.newest_event_id(state_.id));
    CO_TRY(co_await cloudformation_.delete_stack(state_.id));
    CO_TRY(auto deleted,
           co_await follower_.follow({.name = state_.name, .id = state_.id, .known_event_id = newest}, on_event_));
    state_ = {.name = request_.name};
    if (deleted.status == "DELETE_COMPLETE") co_return Result<>();
    co_return base::fail(base::ErrorKind::deployment,
                         fmt::format("stack {}, left behind by a failed creation, could not be deleted: {}",
                                     request_.name, deleted.reason),
                         "Delete it in the CloudFormation console, then run the command again.");
  }

  awaitable<Result<>> create_change_set() {
    aws::CreateChangeSetInput input{
        .stack_name = request_.name,
        .change_set_name = std::string(kChangeSetPrefix) + base::random_uuid(),
        .type = state_.exists ? "UPDATE" : "CREATE",
        .template_body = {},
        .template_url = {},
        .parameters = request_.parameters,
        .capabilities = {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"},
        .tags = request_.tags,
        .include_nested_stacks = include_nested_};
    if (request_.take_over && !state_.tags.contains(kAppTag) && state_.exists) input.tags[kTakenOverTag] = "true";
    // Tags that others gave the stack stay: an update replaces all of them. Those of AWS cannot be sent.
    input.tags.insert(state_.tags.begin(), state_.tags.end());
    std::erase_if(input.tags, [](const auto& one) { return one.first.starts_with("aws:"); });
    if (request_.template_text.size() > kLargestTemplate) {
      co_return base::fail(base::ErrorKind::invalid_input,
                           fmt::format("the template of stack {} has {} bytes; CloudFormation takes 1 MB",
                                       request_.name, request_.template_text.size()),
                           "Move long inline code or definitions into files.");
    }
    if (request_.template_text.size() <= kLargestBody) {
      input.template_body = request_.template_text;
    } else if (request_.bucket.empty()) {
      co_return base::fail(base::ErrorKind::internal,
                           fmt::format("the template of stack {} needs a bucket, and none was given", request_.name));
    } else {
      CO_TRY(auto key, co_await upload_file(s3_, request_.bucket, "templates", "json", request_.template_text));
      input.template_url = s3_.object_url(request_.bucket, key);
    }
    auto created = co_await cloudformation_.create_change_set(std::move(input));
    if (!created) {
      base::Error error = as_deployment(created.error(), request_.name);
      if (error.hint.empty())
        error.hint = "CloudFormation did not accept the template: mend it and run the command again.";
      co_return base::fail(std::move(error));
    }
    change_set_ = std::move(*created);
    co_return Result<>();
  }

  awaitable<Result<aws::ChangeSet>> wait_for_change_set() {
    auto deadline = clock_.now() + kLongestChangeSet;
    PollInterval interval;
    while (true) {
      CO_TRY(auto change_set, co_await cloudformation_.describe_change_set(change_set_.id));
      if (change_set.status == "CREATE_COMPLETE" || change_set.status == "FAILED") co_return change_set;
      if (clock_.now() >= deadline) {
        co_return base::fail(base::ErrorKind::deployment,
                             "CloudFormation did not finish a change set within ten minutes", "Run the command again.");
      }
      co_await sleep_(interval.next());
    }
  }

  awaitable<Result<std::vector<aws::ResourceChange>>> read_changes(std::string change_set_id, std::string prefix) {
    std::vector<aws::ResourceChange> all;
    CO_TRY(auto changes, co_await cloudformation_.list_changes(change_set_id));
    for (aws::ResourceChange& change : changes) {
      std::string nested = change.change_set_id;
      change.logical_id = prefix + change.logical_id;
      std::string inner = change.logical_id + "/";
      all.push_back(std::move(change));
      if (nested.empty()) continue;
      CO_TRY(auto within, co_await read_changes(nested, inner));
      all.insert(all.end(), within.begin(), within.end());
    }
    co_return all;
  }

  // A stack that was never created is only a name under review, and goes with its last change set.
  awaitable<Result<>> discard_change_set() {
    CO_TRY(co_await cloudformation_.delete_change_set(change_set_.id));
    if (!state_.exists) CO_TRY(co_await discard_name());
    change_set_ = {};
    co_return Result<>();
  }

  awaitable<Result<>> discard_name() {
    CO_TRY(auto now, co_await glance_at_stack(cloudformation_, request_.name));
    if (now.status != "REVIEW_IN_PROGRESS") co_return Result<>();
    CO_TRY(auto others, co_await cloudformation_.list_change_sets(now.id));
    if (others.empty()) CO_TRY(co_await cloudformation_.delete_stack(now.id));
    co_return Result<>();
  }

  base::Error failure_of(const StackOutcome& outcome) const {
    base::Error error{.kind = base::ErrorKind::deployment, .message = {}};
    if (outcome.failure) {
      error.message = fmt::format("stack {}: {} ({}): {}", request_.name, outcome.failure->resource,
                                  outcome.failure->type, outcome.failure->reason);
      error.hint = failure_hint(outcome.failure->reason);
    } else {
      error.message = fmt::format("stack {} ended as {}: {}", request_.name, outcome.status, outcome.reason);
      error.hint = failure_hint(outcome.reason);
    }
    return error;
  }

  awaitable<Result<DeployedStack>> describe(std::string stack_id, bool changed) {
    if (changed) {
      CO_TRY(state_, co_await glance_at_stack(cloudformation_, stack_id));
    }
    if (!state_.exists)
      co_return base::fail(base::ErrorKind::deployment, "the stack was deleted while it was deployed");
    CO_TRY(auto resources, co_await list_all_resources(cloudformation_, state_.id));
    co_return DeployedStack{
        .id = state_.id, .changed = changed, .outputs = std::move(state_.outputs), .resources = std::move(resources)};
  }

  // A word of our own about the stack, in the shape of its events.
  void say(std::string status, std::string reason) const {
    if (!on_event_) return;
    on_event_({.stack = request_.name,
               .resource = request_.name,
               .type = std::string(kStackType),
               .status = std::move(status),
               .reason = std::move(reason)});
  }

  aws::CloudFormation& cloudformation_;
  aws::S3& s3_;
  const base::Clock& clock_;
  Sleep sleep_;
  StackFollower follower_;
  StackRequest request_;
  OnDeployEvent on_event_;
  std::string mark_;
  StackState state_;           // as it was found, after what was left behind is gone
  aws::ChangeSet change_set_;  // id and stack_id, once it is made
  bool executed_ = false;
  bool include_nested_ = false;  // in the change set, for those who read it
};

// Stops the deployment if what is done of it is cancelled.
template <typename T>
awaitable<Result<T>> or_stop(StackDeployment& deployment, awaitable<Result<T>> work) {
  std::exception_ptr cancelled;
  try {
    co_return co_await std::move(work);
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) throw;
    cancelled = std::current_exception();
  }
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await asio::this_coro::reset_cancellation_state();
  co_await deployment.stop();
  std::rethrow_exception(cancelled);
}

}  // namespace

awaitable<Result<DeployedStack>> StackDeployer::deploy(StackRequest request, OnDeployEvent on_event) {
  StackDeployment deployment(cloudformation_, s3_, clock_, sleep_, std::move(request), std::move(on_event));
  co_return co_await or_stop(deployment, deployment.run());
}

awaitable<Result<std::string>> StackDeployer::process(StackRequest request, OnDeployEvent on_event) {
  StackDeployment deployment(cloudformation_, s3_, clock_, sleep_, std::move(request), std::move(on_event));
  CO_TRY(auto text, co_await or_stop(deployment, deployment.process()));
  CO_TRY(auto document, codec::parse_yaml(text));  // or JSON
  if (auto* outputs = document.value.is_object() ? document.value.get_object().if_contains("Outputs") : nullptr;
      outputs != nullptr && outputs->is_object()) {
    outputs->get_object().stable_erase(kMarkOutput);
  }
  co_return codec::to_text(document.value);
}

awaitable<Result<std::vector<aws::ResourceChange>>> StackDeployer::preview(StackRequest request) {
  StackDeployment deployment(cloudformation_, s3_, clock_, sleep_, std::move(request), {});
  co_return co_await or_stop(deployment, deployment.preview());
}

}  // namespace deploy
