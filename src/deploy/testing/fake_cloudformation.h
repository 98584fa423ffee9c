// CloudFormation with one stack in memory. A test scripts the steps that an operation takes; each poll of the events
// plays the next one.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "aws/cloudformation.h"

namespace deploy::testing {

class FakeCloudFormation final : public aws::CloudFormation {
 public:
  // What happens between two polls: events, and the stack's status after them ("" = it is gone).
  struct Step {
    std::vector<aws::StackEvent> events = {};
    std::string status;
  };

  aws::awaitable<base::Result<std::optional<aws::Stack>>> describe_stack(std::string name_or_id) override;
  aws::awaitable<base::Result<aws::ChangeSet>> create_change_set(aws::CreateChangeSetInput input) override;
  aws::awaitable<base::Result<aws::ChangeSet>> describe_change_set(std::string change_set_id) override;
  aws::awaitable<base::Result<>> execute_change_set(std::string change_set_id) override;
  aws::awaitable<base::Result<>> delete_change_set(std::string change_set_id) override;
  aws::awaitable<base::Result<>> delete_stack(std::string name_or_id) override;
  aws::awaitable<base::Result<std::vector<aws::StackEvent>>> describe_events(std::string stack_id,
                                                                             std::string known_event_id) override;
  aws::awaitable<base::Result<std::string>> newest_event_id(std::string stack_id) override;
  aws::awaitable<base::Result<std::vector<aws::StackResource>>> list_resources(std::string stack_name) override;

  // A stack that is there before the test begins, with one event of its past.
  void have_stack(std::string status, std::map<std::string, std::string> tags);
  // An event of a resource, or of the stack itself (logical id = kName).
  static aws::StackEvent event(std::string logical_id, std::string type, std::string status, std::string reason = {});
  static aws::StackEvent own_event(std::string status, std::string reason = {});

  static constexpr const char* kName = "dev-app";
  static constexpr const char* kId = "arn:aws:cloudformation:x:1:stack/dev-app/1";

  std::optional<aws::Stack> stack;
  std::deque<std::deque<Step>> operations;     // in the order in which they begin: under way, executed, deletions
  std::deque<aws::ChangeSet> change_sets;      // answers of describe_change_set, the last one for ever
  std::map<std::string, std::string> outputs;  // of the stack, once executed
  std::vector<aws::StackResource> resources;
  std::optional<base::Error> create_error;  // of create_change_set
  std::vector<std::string> calls;           // "create CREATE", "execute", "delete change set", "delete stack"
  std::vector<aws::CreateChangeSetInput> inputs;

 private:
  void play();

  std::vector<aws::StackEvent> events_;  // oldest first
  bool running_ = false;
};

}  // namespace deploy::testing
