// Every stack of the account, deleted ones included: found by name (living ones) or id, change sets, exports.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "localcloud/cloudformation/stack.h"

namespace localcloud {

struct Export {
  std::string name;
  std::string value;
  std::string stack_id;
};

class StackStore {
 public:
  std::shared_ptr<Stack> add(Stack stack) { return add(std::make_shared<Stack>(std::move(stack))); }
  std::shared_ptr<Stack> add(std::shared_ptr<Stack> stack);  // unless it is there
  // By name: a stack that is not deleted; by id: any. Null if there is none.
  std::shared_ptr<Stack> find(std::string_view name_or_id) const;
  // The nested stack that a change set has put up for review; null if there is none.
  std::shared_ptr<Stack> reviewed_child(std::string_view parent_id, std::string_view logical_id) const;
  // A time to wait until, but not longer than the stack's creation may take.
  base::WallTime not_after_deadline(std::string_view stack_id, base::WallTime until) const;
  // By change set ARN, or by name within a stack. Null if there is none.
  struct Found {
    std::shared_ptr<Stack> stack;
    std::shared_ptr<ChangeSet> change_set;
  };
  Found find_change_set(std::string_view stack, std::string_view name_or_id) const;

  const std::vector<std::shared_ptr<Stack>>& all() const { return stacks_; }
  std::vector<Export> exports() const;
  // Names of living stacks that import the name.
  std::vector<std::string> importers(std::string_view export_name) const;

 private:
  std::vector<std::shared_ptr<Stack>> stacks_;  // oldest first
};

}  // namespace localcloud
