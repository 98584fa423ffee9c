#include "deploy/stack_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <optional>

#include "base/task_group.h"

namespace deploy {
namespace {

using aws::awaitable;
using base::Result;

// One walk over a stack and the stacks in it; each is asked as soon as it is known.
class ResourceWalk {
 public:
  ResourceWalk(aws::CloudFormation& cloudformation, boost::asio::any_io_executor executor)
      : cloudformation_(cloudformation), tasks_(std::move(executor)) {}

  awaitable<Result<std::map<std::string, std::string>>> run(std::string stack_id) {
    begin(std::move(stack_id), {});
    co_await tasks_.join();
    if (error_) co_return base::fail(*error_);
    // join() ends quietly when its caller is cancelled; what was not read tells.
    if (open_ > 0) throw boost::system::system_error(boost::asio::error::operation_aborted);
    co_return std::move(found_);
  }

 private:
  void begin(std::string stack_id, std::string prefix) {
    ++open_;
    tasks_.spawn(list(std::move(stack_id), std::move(prefix)));
  }

  awaitable<void> list(std::string stack_id, std::string prefix) {
    auto resources = co_await cloudformation_.list_resources(std::move(stack_id));
    --open_;
    if (!resources) {
      if (!error_) error_ = resources.error();
      co_return;
    }
    for (aws::StackResource& resource : *resources) {
      if (resource.status == "DELETE_COMPLETE") continue;
      std::string path = prefix + resource.logical_id;
      if (resource.type == kStackType && !resource.physical_id.empty()) begin(resource.physical_id, path + "/");
      found_[path] = std::move(resource.physical_id);
    }
  }

  aws::CloudFormation& cloudformation_;
  std::map<std::string, std::string> found_;
  std::optional<base::Error> error_;
  std::size_t open_ = 0;  // asked and not answered
  base::TaskGroup tasks_;
};

}  // namespace

std::map<std::string, std::string> stack_tags(std::string app, std::string stage) {
  return {{kAppTag, std::move(app)}, {kStageTag, std::move(stage)}};
}

awaitable<Result<StackState>> glance_at_stack(aws::CloudFormation& cloudformation, std::string name) {
  CO_TRY(auto stack, co_await cloudformation.describe_stack(name));
  StackState state{.name = std::move(name)};
  if (!stack || stack->status == "DELETE_COMPLETE") co_return state;
  state.exists = stack->status != "REVIEW_IN_PROGRESS";
  state.id = std::move(stack->id);
  state.name = std::move(stack->name);
  state.status = std::move(stack->status);
  state.status_reason = std::move(stack->status_reason);
  state.tags = std::move(stack->tags);
  state.outputs = std::move(stack->outputs);
  state.mark = take_mark(state.outputs);
  state.termination_protection = stack->termination_protection;
  co_return state;
}

awaitable<Result<StackState>> look_at_stack(aws::CloudFormation& cloudformation, std::string name) {
  CO_TRY(auto state, co_await glance_at_stack(cloudformation, std::move(name)));
  if (!state.exists) co_return state;
  CO_TRY(state.resources, co_await list_all_resources(cloudformation, state.id));
  co_return state;
}

awaitable<Result<std::map<std::string, std::string>>> list_all_resources(aws::CloudFormation& cloudformation,
                                                                         std::string stack_id) {
  ResourceWalk walk(cloudformation, co_await boost::asio::this_coro::executor);
  co_return co_await walk.run(std::move(stack_id));
}

base::Error as_deployment(base::Error error, std::string_view stack) {
  if (error.kind == base::ErrorKind::service) {
    error.kind = base::ErrorKind::deployment;
    error.message = fmt::format("stack {}: {}", stack, error.message);
  }
  return error;
}

bool has_tags(const StackState& state, const std::map<std::string, std::string>& tags) {
  return std::ranges::all_of(tags, [&state](const auto& tag) {
    auto found = state.tags.find(tag.first);
    return found != state.tags.end() && found->second == tag.second;
  });
}

bool in_progress(std::string_view status) {
  return status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS";
}

bool is_wreck(std::string_view status) {
  return status == "ROLLBACK_COMPLETE" || status == "ROLLBACK_FAILED" || status == "CREATE_FAILED";
}

bool is_settled(std::string_view status) {
  return status == "CREATE_COMPLETE" || status == "UPDATE_COMPLETE" || status == "UPDATE_ROLLBACK_COMPLETE" ||
         status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" || status == "IMPORT_COMPLETE" ||
         status == "IMPORT_ROLLBACK_COMPLETE";
}

}  // namespace deploy
