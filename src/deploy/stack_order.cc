#include "deploy/stack_order.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <map>
#include <optional>
#include <set>

namespace deploy {
namespace {

using base::awaitable;
using base::Result;
using Work = std::function<awaitable<Result<>>(std::string)>;

class OrderedRun {
 public:
  OrderedRun(std::vector<StackNode> nodes, Work work, boost::asio::any_io_executor executor)
      : nodes_(std::move(nodes)), work_(std::move(work)), tasks_(std::move(executor)) {
    for (const StackNode& node : nodes_) open_.insert(node.id);
  }

  awaitable<Result<>> run() {
    begin_what_can();
    co_await tasks_.join();
    if (first_failure_) co_return base::fail(*first_failure_);
    // join() ends quietly when its caller is cancelled; what is still open tells.
    if (!open_.empty()) throw boost::system::system_error(boost::asio::error::operation_aborted);
    co_return Result<>();
  }

 private:
  void begin_what_can() {
    for (const StackNode& node : nodes_) {
      if (begun_.contains(node.id) || waits(node)) continue;
      begun_.insert(node.id);
      tasks_.spawn(one(node.id));
    }
  }

  bool waits(const StackNode& node) const {
    for (const std::string& id : node.depends_on) {
      if (open_.contains(id)) return true;
    }
    return false;
  }

  // A node that fails stays open, and so nothing that waits for it begins.
  awaitable<void> one(std::string id) {
    auto done = co_await work_(id);
    if (!done) {
      if (!first_failure_) first_failure_ = done.error();
      co_return;
    }
    open_.erase(id);
    begin_what_can();
  }

  std::vector<StackNode> nodes_;
  Work work_;
  std::set<std::string> open_;
  std::set<std::string> begun_;
  std::optional<base::Error> first_failure_;
  base::TaskGroup tasks_;
};

// What is left when everything without open dependencies is taken away again and again.
std::set<std::string> in_a_circle(const std::vector<StackNode>& nodes) {
  std::set<std::string> left;
  for (const StackNode& node : nodes) left.insert(node.id);
  for (std::size_t before = 0; before != left.size();) {
    before = left.size();
    for (const StackNode& node : nodes) {
      bool waits = false;
      for (const std::string& id : node.depends_on) waits = waits || left.contains(id);
      if (!waits) left.erase(node.id);
    }
  }
  return left;
}

}  // namespace

std::vector<StackNode> reversed(const std::vector<StackNode>& nodes) {
  std::map<std::string, std::vector<std::string>> dependents;
  for (const StackNode& node : nodes) {
    for (const std::string& id : node.depends_on) dependents[id].push_back(node.id);
  }
  std::vector<StackNode> turned;
  for (const StackNode& node : nodes) turned.push_back({node.id, dependents[node.id]});
  return turned;
}

awaitable<Result<>> run_in_order(std::vector<StackNode> nodes, Work work) {
  if (auto circle = in_a_circle(nodes); !circle.empty()) {
    co_return base::fail(base::ErrorKind::invalid_input,
                         fmt::format("stacks depend on each other in a circle: {}", fmt::join(circle, ", ")));
  }
  OrderedRun run(std::move(nodes), std::move(work), co_await boost::asio::this_coro::executor);
  co_return co_await run.run();
}

}  // namespace deploy
