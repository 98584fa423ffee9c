// What an update would do: the changes of a change set. Pure; nothing is changed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/stack.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/cloudformation/type_catalog.h"

namespace localcloud {

struct Plan {
  std::vector<ResourceChange> changes;
  bool changes_anything = false;  // also true for outputs and tags alone
};

// Stands in a value for what will be known only when it is executed.
constexpr std::string_view kKnownAfterApply = "{{changeSet:KNOWN_AFTER_APPLY}}";

// Values that come from resources yet to be made are unknown: a property that holds one counts as a dynamic change.
// Errors: a circle, a type that changes, an export in use that would go.
base::Result<Plan> plan_changes(const Cloud& cloud, const Stack& stack, const StackDefinition& next,
                                const StackStore& store, const TypeCatalog& types);

// The top-level properties in which two sets of them differ.
std::vector<std::string> changed_properties(const json::object& before, const json::object& after);

}  // namespace localcloud
