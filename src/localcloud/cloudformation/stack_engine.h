// Makes stacks what their definitions say: create, update with rollback, remove. One operation per stack at a time,
// resources one after the other in the order of graph.h; every step is a stack event.
//
// The coroutines never fail: what goes wrong becomes the stack's status. They run in the background, owned by
// cloud.tasks; the engine and the store outlive them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/plan.h"
#include "localcloud/cloudformation/stack.h"
#include "localcloud/cloudformation/stack_store.h"

namespace localcloud {

class StackEngine {
 public:
  StackEngine(Cloud& cloud, StackStore& store, ResourceTypes types);

  const TypesByName& types() const { return by_name_; }
  base::WallTime now() const;

  // Puts the stack into its …_IN_PROGRESS status at once; the coroutine does the rest.
  void begin(Stack& stack, std::string status, std::string reason);
  awaitable<void> create(std::shared_ptr<Stack> stack, StackDefinition definition);
  awaitable<void> update(std::shared_ptr<Stack> stack, StackDefinition definition);
  awaitable<void> remove(std::shared_ptr<Stack> stack);

 private:
  struct Done;       // one step of an update, for rolling it back
  struct Operation;  // a stack under way to a definition

  awaitable<std::string> bring_about(Operation& operation);
  awaitable<std::string> bring_about_one(Operation& operation, std::string logical_id);
  awaitable<std::string> create_one(Operation& operation, std::string logical_id, json::object properties);
  awaitable<std::string> update_one(Operation& operation, std::string logical_id, json::object properties);
  awaitable<std::string> replace_one(Operation& operation, std::string logical_id, json::object properties);
  awaitable<bool> undo(Operation& operation);
  awaitable<bool> undo_one(Stack& stack, Done& step);
  awaitable<std::vector<std::string>> remove_resources(Stack& stack, std::vector<StackResource> resources,
                                                       bool rolling_back);
  awaitable<std::string> remove_one(Stack& stack, StackResource resource, bool rolling_back);
  awaitable<void> clean_up_update(Operation& operation);
  awaitable<void> roll_back_create(Operation& operation);
  awaitable<void> roll_back_update(Operation& operation);

  std::string check(Operation& operation);
  std::string finish_outputs(Operation& operation);
  void report_without_effect(Stack& stack, const StackResource& resource, const json::object* before,
                             const std::string& status);
  static ResourceRequest request_for(const Stack& stack, const StackResource& resource);
  void set_status(Stack& stack, std::string status, std::string reason = {});
  void set_status(Stack& stack, StackResource& resource, std::string status, std::string reason = {});
  void add_event(Stack& stack, StackEvent event);

  Cloud& cloud_;
  StackStore& store_;
  ResourceTypes types_;
  TypesByName by_name_;
};

}  // namespace localcloud
