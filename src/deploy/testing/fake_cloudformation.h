// CloudFormation with stacks in memory. A test scripts the steps that a stack's operations take; each poll of its
// events plays the next one.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/cloudformation.h"

namespace deploy::testing {

class FakeCloudFormation final : public aws::CloudFormation {
 public:
  // What happens between two polls: events, and the stack's status after them ("" = it is gone). Events of nested
  // stacks, by the nested stack's name.
  struct Step {
    std::vector<aws::StackEvent> events = {};
    std::string status;
    std::vector<std::pair<std::string, aws::StackEvent>> nested = {};
  };

  // A stack and its script.
  struct FakeStack {
    std::optional<aws::Stack> stack;
    std::deque<std::deque<Step>> operations;     // in the order in which they begin: under way, executed, deletions
    std::map<std::string, std::string> outputs;  // once executed, beside those that the template has as plain values
    std::vector<aws::StackResource> resources;
    std::vector<aws::ChangeSet> left_change_sets;  // of list_change_sets
    std::string template_text;                     // of get_template; what was last executed
    aws::CreateChangeSetInput input;               // the change set that waits
    std::vector<aws::StackEvent> events;           // oldest first
    bool running = false;
  };

  aws::awaitable<base::Result<std::optional<aws::Stack>>> describe_stack(std::string name_or_id) override;
  aws::awaitable<base::Result<std::vector<aws::Stack>>> list_stacks() override;
  aws::awaitable<base::Result<aws::ChangeSet>> create_change_set(aws::CreateChangeSetInput input) override;
  aws::awaitable<base::Result<aws::ChangeSet>> describe_change_set(std::string change_set_id) override;
  aws::awaitable<base::Result<std::vector<aws::ResourceChange>>> list_changes(std::string change_set_id) override;
  aws::awaitable<base::Result<std::vector<aws::ChangeSet>>> list_change_sets(std::string stack_name) override;
  aws::awaitable<base::Result<>> execute_change_set(std::string change_set_id) override;
  aws::awaitable<base::Result<>> delete_change_set(std::string change_set_id) override;
  aws::awaitable<base::Result<>> delete_stack(std::string name_or_id) override;
  aws::awaitable<base::Result<>> cancel_update_stack(std::string name_or_id) override;
  aws::awaitable<base::Result<std::string>> get_template(std::string name_or_id) override;
  aws::awaitable<base::Result<std::string>> get_processed_template(std::string change_set_id) override;
  aws::awaitable<base::Result<std::vector<aws::StackEvent>>> describe_events(std::string stack_id,
                                                                             std::string known_event_id,
                                                                             std::string since) override;
  aws::awaitable<base::Result<std::string>> newest_event_id(std::string stack_id) override;
  aws::awaitable<base::Result<std::vector<aws::StackResource>>> list_resources(std::string name_or_id) override;

  static constexpr const char* kName = "dev-app";
  static std::string id_of(std::string_view name);

  // By name; made when it is first asked for.
  FakeStack& at(std::string_view name_or_id);
  // A stack that is there before the test begins, with one event of its past.
  void have_stack(std::string_view name, std::string status, std::map<std::string, std::string> tags);
  // An event of a resource; one of a stack itself has its name as logical id.
  static aws::StackEvent event(std::string logical_id, std::string type, std::string status, std::string reason = {});
  static aws::StackEvent own_event(std::string status, std::string reason = {}, std::string_view name = kName);
  // An operation that needs two polls and goes well.
  static std::deque<Step> quick(std::string_view name, std::string status);

  std::deque<aws::ChangeSet> change_sets;  // answers of describe_change_set, the last one for ever; empty: complete
  std::map<std::string, std::vector<aws::ResourceChange>> changes;  // by change set
  std::optional<base::Error> create_error;                          // of create_change_set
  std::function<base::Result<>(FakeStack&)> before_create;          // may have another deployment come first
  std::function<base::Result<>(FakeStack&)> before_execute;         // may have another deployment come first
  std::string processed_template;                                   // of get_processed_template
  std::optional<base::Error> cancel_error;                          // of cancel_update_stack
  std::vector<std::string> calls;  // what changes anything: "CREATE dev-app", "execute dev-app", …
  int questions = 0;               // calls that change nothing
  std::vector<aws::CreateChangeSetInput> inputs;

 private:
  void play(FakeStack& stack);
  void add(FakeStack& stack, aws::StackEvent event);
  FakeStack& of_change_set(const std::string& id);

  std::map<std::string, FakeStack> stacks_;
  int clock_ = 0;  // of the events
};

}  // namespace deploy::testing
