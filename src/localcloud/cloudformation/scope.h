// The scope in which a stack's values are evaluated: its parameters, and its resources as they stand.
#pragma once

#include "localcloud/cloud.h"
#include "localcloud/cloudformation/intrinsics.h"
#include "localcloud/cloudformation/stack.h"
#include "localcloud/cloudformation/stack_store.h"

namespace localcloud {

PseudoParameters pseudo_parameters(const Cloud& cloud, const Stack& stack, const StackDefinition& definition);

// Refers to all of its arguments: it must not outlive them. `imports`, if given, gathers the names of used exports.
Scope stack_scope(const Cloud& cloud, const Stack& stack, const StackDefinition& definition, const StackStore& store,
                  std::set<std::string>* imports = nullptr);

// Parameters and nothing else: for conditions, rules, macros. Refers to the first two.
Scope parameter_scope(const ParameterValues& parameters, const json::object& mappings, PseudoParameters pseudo);

// A definition's conditions, once its rules hold.
base::Result<std::map<std::string, bool>> definition_conditions(const Cloud& cloud, const Stack& stack,
                                                                const StackDefinition& definition);

// A definition's outputs. Errors: an export's name that another stack has, a value that is no string.
base::Result<std::vector<StackOutput>> evaluate_outputs(const Scope& scope, const Stack& stack,
                                                        const StackDefinition& definition, const StackStore& store);

}  // namespace localcloud
