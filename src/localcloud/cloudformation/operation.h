// A stack on its way to a definition: what the engine keeps between its steps. Internal to the engine.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "localcloud/cloudformation/graph.h"
#include "localcloud/cloudformation/stack_engine.h"

namespace localcloud {

struct StackEngine::Done {
  enum class Kind { created, updated, replaced, kept };  // kept: only its record changed
  Kind kind;
  std::string logical_id;
  StackResource before;
  StackResource after;
};

struct StackEngine::Operation {
  std::shared_ptr<Stack> stack;
  StackDefinition next;
  StackDefinition previous = {};         // what a rollback goes back to
  bool never_complete = false;           // there is nothing to go back to
  std::vector<std::string> order = {};   // what the definition includes, each after its dependencies
  std::vector<Done> done = {};           // in the order it was done
  std::vector<std::string> failed = {};  // logical ids
  std::vector<StackOutput> outputs = {};
  std::set<std::string> imports = {};

  StackResource fresh(const std::string& logical_id, const ResourceDeclaration& declared,
                      json::object properties) const {
    return {.logical_id = logical_id,
            .type = declared.type,
            .status = {},
            .reason = {},
            .time = {},
            .properties = std::move(properties),
            .metadata = declared.metadata,
            .state = {},
            .dependencies = dependencies_of(next.declared, declared, next.conditions),
            .deletion_policy = declared.deletion_policy,
            .update_replace_policy = declared.update_replace_policy};
  }

  // Of a failure: the resources that failed, or the reason itself where no resource did.
  std::string cause(std::string_view verb, const std::string& reason) const {
    if (failed.empty()) return reason;
    return fmt::format("The following resource(s) failed to {}: [{}].", verb, join(failed));
  }
};

// An error as a stack event tells it: the message, and the service's code where there is one.
inline std::string reason_of(const base::Error& error) {
  if (error.code.empty() || error.code == "ValidationError") return error.message;
  return fmt::format("{} ({}, status code {})", error.message, error.code, error.status);
}

}  // namespace localcloud
