// Stacks and change sets as values: what the API reports and what the engine works on.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "localcloud/cloudformation/intrinsics.h"
#include "localcloud/cloudformation/parameters.h"
#include "localcloud/cloudformation/template.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"

namespace localcloud {

// What a caller asked a stack to become: a template after macros, and the values for it.
struct StackDefinition {
  std::string original_template;   // as given
  std::string processed_template;  // JSON after macros; the same text if there were none
  Template declared;
  ParameterValues parameters;
  std::map<std::string, bool> conditions;
  std::map<std::string, std::string> tags;
  std::vector<std::string> capabilities;
  std::vector<std::string> notification_arns;
  std::string role_arn;
  Principal caller;                         // whose rights read templates and call the functions of custom resources
  std::vector<std::string> without_effect;  // names of request parameters; one stack event each
};

struct StackResource {
  std::string logical_id;
  std::string type;
  std::string status;  // "CREATE_COMPLETE"
  std::string reason;
  base::WallTime time;
  json::object properties;  // resolved, as the type was given them
  json::value metadata;
  ResourceState state;
  std::vector<std::string> dependencies;
  std::string deletion_policy = "Delete";
  std::string update_replace_policy = "Delete";
};

struct StackEvent {
  std::string id;
  std::string logical_id;
  std::string physical_id;
  std::string type;
  std::string status;
  std::string reason;
  base::WallTime time;
  std::string client_request_token = {};  // of the request that caused it
};

// A resource's event, without id and time.
StackEvent event_of(const StackResource& resource, std::string status, std::string reason);

struct StackOutput {
  std::string key;
  std::string value;
  std::string description;
  std::string export_name;
  bool operator==(const StackOutput&) const = default;
};

struct PropertyChange {
  std::string attribute;   // "Properties" or "Metadata"
  std::string name;        // empty for Metadata
  std::string recreation;  // "Never", "Always", "Conditionally"
  bool dynamic = false;    // the new value is known only when it is executed
};

struct ResourceChange {
  std::string action;  // "Add", "Modify", "Remove"
  std::string logical_id;
  std::string physical_id;
  std::string type;
  std::string replacement;  // of Modify: "True", "False", "Conditional"
  std::vector<PropertyChange> details;
  json::object properties = {};    // of a nested stack, as far as they are known
  std::string change_set_id = {};  // of a nested stack, in a change set that includes those
};

struct ChangeSet {
  std::string id;
  std::string name;
  std::string type;    // "CREATE", "UPDATE"
  std::string status;  // "CREATE_COMPLETE", "FAILED"
  std::string execution_status = "UNAVAILABLE";
  std::string status_reason;
  std::string description;
  std::string on_failure;  // ROLLBACK, DO_NOTHING, DELETE
  std::string client_token;
  base::WallTime created;
  StackDefinition definition;
  std::vector<ResourceChange> changes;
  bool include_nested_stacks = false;
  std::string parent_id;  // change sets of the stacks around this one
  std::string root_id;
};

struct Stack {
  std::string id;
  std::string name;
  std::string status;
  std::string status_reason;
  base::WallTime created;
  std::optional<base::WallTime> updated;
  std::optional<base::WallTime> deleted;
  std::string change_set_id;  // the last that was executed or made
  bool was_complete = false;  // has been CREATE_COMPLETE or UPDATE_COMPLETE: there is something to roll back to
  bool termination_protection = false;
  std::string on_failure = "ROLLBACK";  // ROLLBACK, DO_NOTHING, DELETE
  std::string parent_id;                // of a nested stack
  std::string root_id;
  std::string logical_id_in_parent;
  std::string client_request_token;        // of the operation under way, for its events
  std::optional<base::WallTime> deadline;  // of its creation
  bool retain_except_on_create = false;    // of that operation: its rollback keeps nothing that it has made
  bool delete_requested = false;           // while it is still being created
  bool cancel_requested = false;           // while it is being updated
  StackDefinition definition;              // the last that was asked for and came to be
  std::vector<StackResource> resources;    // in the order they were made
  std::vector<StackOutput> outputs;
  std::set<std::string> imports;   // names of exports it uses
  std::vector<StackEvent> events;  // oldest first
  std::vector<std::shared_ptr<ChangeSet>> change_sets;

  StackResource* resource(std::string_view logical_id);
  const StackResource* resource(std::string_view logical_id) const;
  bool in_progress() const { return status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS"; }
};

}  // namespace localcloud
