// AWS::CloudFormation::Stack: a stack of its own within another. Its template is read with the rights of the parent's
// caller; its outputs are the attributes Outputs.Name. What fails in it fails the parent, which sets it back or removes
// it with its own resources.
#pragma once

#include <memory>

#include "localcloud/cloud.h"
#include "localcloud/cloudformation/stack.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/identity.h"
#include "localcloud/resource_type.h"

namespace localcloud {

class StackEngine;

// Called by the engine itself, which outlives it.
std::unique_ptr<ResourceType> make_nested_stack_type(Cloud& cloud, StackStore& store, StackEngine& engine);

// What the parent's resource asks the nested stack to become. `stack`: the nested stack so far.
base::Result<StackDefinition> nested_definition(const Cloud& cloud, const StackDefinition& parent, const Stack& stack,
                                                const json::object& properties);

// Is the resource a nested stack whose template at the same address has another text now?
bool nested_template_changed(const Cloud& cloud, const StackStore& store, const StackResource& resource,
                             const Principal& caller);

}  // namespace localcloud
