// CloudFormation: the calls that deployments by change set, their comparison and their removal need
// (https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/). An interface, so that deploy/ is tested with a
// fake.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "aws/client.h"

namespace aws {

struct Stack {
  std::string id;
  std::string name;
  std::string status;  // "CREATE_COMPLETE", …
  std::string status_reason;
  std::map<std::string, std::string> outputs;
  std::map<std::string, std::string> tags;
  bool termination_protection = false;
  std::string created = {};    // ISO 8601 in UTC
  std::string parent_id = {};  // of a nested one
};

struct StackEvent {
  std::string id;
  std::string logical_id;
  std::string physical_id;
  std::string type;  // "AWS::SNS::Topic"
  std::string status;
  std::string reason;
  std::string time = {};  // ISO 8601 in UTC, as AWS writes it: such texts are ordered as their times are
};

struct StackResource {
  std::string logical_id;
  std::string physical_id;  // "" while it has none
  std::string type;
  std::string status = {};  // "CREATE_COMPLETE", …
};

struct ChangeSet {
  std::string name = {};
  std::string id;
  std::string stack_id;
  std::string status;  // CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_COMPLETE, FAILED
  std::string status_reason;
  std::string execution_status;
};

// What a change set says that will happen to a resource.
struct ResourceChange {
  struct Detail {
    std::string attribute;   // "Properties", "Tags", "Metadata", …
    std::string name;        // of the property; "" for other attributes
    std::string recreation;  // "Never", "Conditionally", "Always"
  };
  std::string action;  // "Add", "Modify", "Remove", "Import", "Dynamic"
  std::string logical_id;
  std::string physical_id;
  std::string type;
  std::string replacement;  // "True", "False", "Conditional"; "" unless it is modified
  std::vector<Detail> details = {};
  std::string change_set_id = {};  // of a nested stack, where the change set includes those
};

struct CreateChangeSetInput {
  std::string stack_name;
  std::string change_set_name;
  std::string type;           // "CREATE" or "UPDATE"
  std::string template_body;  // at most 51,200 bytes, or
  std::string template_url;   // of an S3 object
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::string> capabilities;
  std::map<std::string, std::string> tags;
  bool include_nested_stacks = false;
};

class CloudFormation {
 public:
  virtual ~CloudFormation() = default;
  // nullopt: there is no such stack.
  virtual awaitable<base::Result<std::optional<Stack>>> describe_stack(std::string name_or_id) = 0;
  // Every stack of the account in the region that is not deleted.
  virtual awaitable<base::Result<std::vector<Stack>>> list_stacks() = 0;
  virtual awaitable<base::Result<ChangeSet>> create_change_set(
      CreateChangeSetInput input) = 0;  // id and stack_id are set
  virtual awaitable<base::Result<ChangeSet>> describe_change_set(std::string change_set_id) = 0;
  virtual awaitable<base::Result<std::vector<ResourceChange>>> list_changes(std::string change_set_id) = 0;
  // Of a stack that exists; name, id, status.
  virtual awaitable<base::Result<std::vector<ChangeSet>>> list_change_sets(std::string stack_name) = 0;
  virtual awaitable<base::Result<>> execute_change_set(std::string change_set_id) = 0;
  virtual awaitable<base::Result<>> delete_change_set(std::string change_set_id) = 0;
  virtual awaitable<base::Result<>> delete_stack(std::string name_or_id) = 0;
  // Stops an update: what it did is rolled back. A ValidationError if none is under way.
  virtual awaitable<base::Result<>> cancel_update_stack(std::string name_or_id) = 0;
  // As it was handed in, before any transform.
  virtual awaitable<base::Result<std::string>> get_template(std::string name_or_id) = 0;
  // Of a change set, after all transforms.
  virtual awaitable<base::Result<std::string>> get_processed_template(std::string change_set_id) = 0;
  // Newest first, as AWS gives them, until `known_event_id` (exclusive) or one older than `since` (a StackEvent::time,
  // "" for no limit) is met, or all are read.
  virtual awaitable<base::Result<std::vector<StackEvent>>> describe_events(std::string stack_id,
                                                                           std::string known_event_id,
                                                                           std::string since) = 0;
  // Of the newest event, "" if there is none: one request, however long the stack's history is.
  virtual awaitable<base::Result<std::string>> newest_event_id(std::string stack_id) = 0;
  virtual awaitable<base::Result<std::vector<StackResource>>> list_resources(std::string name_or_id) = 0;
};

std::unique_ptr<CloudFormation> make_cloudformation(ClientConfig config);

}  // namespace aws
