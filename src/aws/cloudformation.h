// CloudFormation: the calls that a deployment by change set needs
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
};

struct StackEvent {
  std::string id;
  std::string logical_id;
  std::string physical_id;
  std::string type;  // "AWS::SNS::Topic"
  std::string status;
  std::string reason;
};

struct StackResource {
  std::string logical_id;
  std::string physical_id;
  std::string type;
};

struct ChangeSet {
  std::string id;
  std::string stack_id;
  std::string status;  // CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_COMPLETE, FAILED
  std::string status_reason;
  std::string execution_status;
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
};

class CloudFormation {
 public:
  virtual ~CloudFormation() = default;
  // nullopt: there is no such stack.
  virtual awaitable<base::Result<std::optional<Stack>>> describe_stack(std::string name_or_id) = 0;
  virtual awaitable<base::Result<ChangeSet>> create_change_set(
      CreateChangeSetInput input) = 0;  // id and stack_id are set
  virtual awaitable<base::Result<ChangeSet>> describe_change_set(std::string change_set_id) = 0;
  virtual awaitable<base::Result<>> execute_change_set(std::string change_set_id) = 0;
  virtual awaitable<base::Result<>> delete_change_set(std::string change_set_id) = 0;
  virtual awaitable<base::Result<>> delete_stack(std::string name_or_id) = 0;
  // Newest first, as AWS gives them, until `known_event_id` is met (exclusive) or all are read.
  virtual awaitable<base::Result<std::vector<StackEvent>>> describe_events(std::string stack_id,
                                                                           std::string known_event_id) = 0;
  // Of the newest event, "" if there is none: one request, however long the stack's history is.
  virtual awaitable<base::Result<std::string>> newest_event_id(std::string stack_id) = 0;
  virtual awaitable<base::Result<std::vector<StackResource>>> list_resources(std::string stack_name) = 0;
};

std::unique_ptr<CloudFormation> make_cloudformation(ClientConfig config);

}  // namespace aws
