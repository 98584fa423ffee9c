// A stack on its way to a definition: what the engine keeps between its steps. Internal to stack_engine.cc
// and stack_steps.cc.
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
  Stack* stack = nullptr;
  StackDefinition next;
  std::vector<std::string> order = {};   // what the definition includes, each after its dependencies
  std::vector<Done> done = {};           // in the order it was done
  std::vector<std::string> failed = {};  // logical ids
  std::string reason = {};
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
};

// An error as a stack event tells it: the message, and the service's code where there is one.
inline std::string reason_of(const base::Error& error) {
  if (error.code.empty() || error.code == "ValidationError") return error.message;
  return fmt::format("{} ({}, status code {})", error.message, error.code, error.status);
}

}  // namespace localcloud
