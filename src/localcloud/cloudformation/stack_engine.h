// Makes stacks what their definitions say: create, update with rollback, remove. One operation per stack at a time,
// resources one after the other in the order of graph.h; every step is a stack event, and is told to the stack's
// notification topics.
//
// The coroutines never fail: what goes wrong becomes the stack's status. They run in the background, owned by
// cloud.tasks, or within the operation of a parent stack; the engine and the store outlive them.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/callbacks.h"
#include "localcloud/cloudformation/plan.h"
#include "localcloud/cloudformation/stack.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/cloudformation/type_catalog.h"

namespace localcloud {

struct UpdateOptions {
  bool disable_rollback = false;  // what fails stays as it is, UPDATE_FAILED
  bool rolling_back = false;      // a nested stack that its parent sets back: the statuses say so
};

struct RemoveOptions {
  std::vector<std::string> retained = {};  // logical ids that stay though the stack goes
  bool force = false;                      // what cannot be removed stays as well
};

class StackEngine {
 public:
  StackEngine(Cloud& cloud, StackStore& store, ResourceTypes types);

  // A stack within another, not yet in the store: it has a name, an id, and the ids of those around it.
  Stack nested_stack(const Stack& parent, const std::string& logical_id) const;

  const TypeCatalog& types() const { return types_; }
  Callbacks& callbacks() { return callbacks_; }
  base::WallTime now() const;

  // Puts the stack into its …_IN_PROGRESS status at once; the coroutine does the rest.
  void begin(Stack& stack, std::string status, std::string reason);
  awaitable<void> create(std::shared_ptr<Stack> stack, StackDefinition definition);
  awaitable<void> update(std::shared_ptr<Stack> stack, StackDefinition definition, UpdateOptions options);
  awaitable<void> remove(std::shared_ptr<Stack> stack, RemoveOptions options);

  // Sets back what an update left in UPDATE_FAILED or UPDATE_ROLLBACK_FAILED, or removes what a creation left in
  // CREATE_FAILED. `skipped`: logical ids that are taken to be set back.
  awaitable<void> roll_back(std::shared_ptr<Stack> stack, std::vector<std::string> skipped);

 private:
  struct Done;       // one step of an update, for rolling it back
  struct Operation;  // a stack under way to a definition

  // bring_about.cc: an empty text means success, else it is the reason of the failure.
  awaitable<std::string> bring_about(Operation& operation);
  awaitable<std::string> bring_about_one(Operation& operation, std::string logical_id);
  std::string check(Operation& operation);
  std::string check_exports(const Operation& operation, const std::vector<StackOutput>& outputs) const;
  std::string finish_outputs(Operation& operation);
  std::string fail_before(Operation& operation, const std::string& logical_id, const std::string& reason);

  // stack_steps.cc: what is done to one resource.
  awaitable<std::string> create_one(Operation& operation, std::string logical_id, json::object properties);
  awaitable<std::string> update_one(Operation& operation, std::string logical_id, json::object properties);
  awaitable<std::string> replace_one(Operation& operation, std::string logical_id, json::object properties);
  awaitable<bool> undo_one(Stack& stack, const Done& step);
  awaitable<std::string> remove_one(Stack& stack, StackResource resource, bool rolling_back);
  void report_without_effect(Stack& stack, const StackResource& resource, const json::object* before,
                             const std::string& status);
  static ResourceRequest request_for(const Stack& stack, const StackResource& resource);

  // stack_rollback.cc
  awaitable<void> roll_back_create(Stack& stack, std::string cause);
  awaitable<void> roll_back_update(std::shared_ptr<Operation> operation, std::string cause,
                                   std::vector<std::string> skipped);
  awaitable<void> clean_up_rollback(Operation& operation);
  awaitable<std::vector<std::string>> remove_resources(Stack& stack, std::vector<StackResource> resources,
                                                       bool rolling_back);
  awaitable<void> clean_up_update(Operation& operation);

  void set_status(Stack& stack, std::string status, std::string reason = {});
  void set_status(Stack& stack, StackResource& resource, std::string status, std::string reason = {});
  void add_event(Stack& stack, StackEvent event);

  Cloud& cloud_;
  StackStore& store_;
  Callbacks callbacks_;
  TypeCatalog types_;
  std::map<std::string, std::shared_ptr<Operation>> halted_;  // by stack id: updates that failed and were not set back
};

}  // namespace localcloud
