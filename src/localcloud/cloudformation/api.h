// CloudFormation's query API: parameters in, XML out. Finds out who asks and whether they may, checks the request
// against the state of the stack, and leaves the work to the engine.
//
// Lists come in pages (paging.h). An operation or a parameter that is not implemented is answered with 501.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "localcloud/cloud.h"
#include "localcloud/cloudformation/cloudformation.h"
#include "localcloud/cloudformation/definition.h"
#include "localcloud/cloudformation/stack_engine.h"
#include "localcloud/cloudformation/stack_store.h"
#include "localcloud/wire.h"

namespace localcloud {

class CloudFormationApi final : public CloudFormation {
 public:
  CloudFormationApi(Cloud& cloud, ResourceTypes types);
  awaitable<net::Response> handle(Call call) override;
  std::vector<std::string> operations() const override;
  bool answer(std::string_view token, std::string body) override {
    return engine_.callbacks().put(token, std::move(body));
  }
  std::vector<const ResourceType*> resource_types() const override { return engine_.types().all(); }

  using Answer = base::Result<std::string>;  // the XML inside <ActionResult>
  struct Asked {
    const Call& call;
    QueryInput input;
    std::string action;
    Macros* macros = nullptr;
  };
  using Operation = Answer (CloudFormationApi::*)(const Asked&);

 private:
  static const std::map<std::string_view, Operation>& operation_table();
  Answer dispatch(const Asked& asked);

  // api_stacks.cc
  Answer create_stack(const Asked& asked);
  Answer update_stack(const Asked& asked);
  Answer delete_stack(const Asked& asked);
  Answer update_termination_protection(const Asked& asked);
  Answer cancel_update_stack(const Asked& asked);
  Answer continue_update_rollback(const Asked& asked);
  Answer rollback_stack(const Asked& asked);
  // api_queries.cc
  Answer describe_stacks(const Asked& asked);
  Answer list_stacks(const Asked& asked);
  Answer describe_stack_events(const Asked& asked);
  Answer describe_stack_resource(const Asked& asked);
  Answer describe_stack_resources(const Asked& asked);
  Answer list_stack_resources(const Asked& asked);
  Answer list_exports(const Asked& asked);
  Answer list_imports(const Asked& asked);
  Answer get_template(const Asked& asked);
  Answer get_template_summary(const Asked& asked);
  Answer validate_template(const Asked& asked);
  // api_change_sets.cc
  Answer create_change_set(const Asked& asked);
  Answer describe_change_set(const Asked& asked);
  Answer execute_change_set(const Asked& asked);
  Answer delete_change_set(const Asked& asked);
  Answer list_change_sets(const Asked& asked);

  // api.cc: what operations share. `stack` may be a name, an ARN, or empty for every stack.
  base::Result<> authorize(const Asked& asked, std::string_view stack) const;
  std::vector<std::shared_ptr<Stack>> newest_first(const std::function<bool(const Stack&)>& wanted) const;
  // The stack that StackName names. `wording`: of the error, "Stack [{}] does not exist".
  base::Result<std::shared_ptr<Stack>> existing(const Asked& asked, std::string_view wording) const;
  // Who makes the resources: the role, if one is passed, else the caller. Errors: AccessDenied of iam:PassRole, "Role …
  // is invalid or cannot be assumed".
  base::Result<Principal> acting_for(const Asked& asked, const std::string& role_arn) const;
  // The stack's role from now on is the one that the request names, if it does.
  base::Result<> take_role(const Asked& asked, Stack& stack) const;
  base::Result<std::string> template_text(const Asked& asked, const Stack* previous) const;
  base::Result<DefinitionInput> definition_input(const Asked& asked, const Stack* previous) const;
  base::Result<std::string> new_stack_name(const Asked& asked) const;
  std::string stack_arn(std::string_view name, std::string_view unique) const;
  Stack new_stack(const std::string& name) const;
  ChangeSet new_change_set(const std::string& name, const std::string& type) const;
  base::Result<> decide(const Stack& stack, ChangeSet& change_set, base::Result<StackDefinition> definition) const;
  void include_nested_stacks(const Stack& parent, ChangeSet& around);
  void forget_nested(const ChangeSet& root);
  base::Result<> check_updatable(const Stack& stack) const;
  base::Result<StackStore::Found> needed_change_set(const Asked& asked) const;
  // Whose rights a call on a change set needs: the stack's, also where only the change set's ARN is given.
  std::string stack_of_change_set(const QueryInput& input) const;

  Cloud& cloud_;
  StackStore store_;
  StackEngine engine_;
};

// xml_answers.cc: values as CloudFormation's XML.
void write_stack(XmlWriter& xml, const Stack& stack);
void write_stack_summary(XmlWriter& xml, const Stack& stack);
void write_event(XmlWriter& xml, const Stack& stack, const StackEvent& event);
enum class ResourceForm { detail, description, summary };
void write_resource(XmlWriter& xml, const Stack& stack, const StackResource& resource, ResourceForm form);
void write_change(XmlWriter& xml, const ResourceChange& change);
void write_parameters(XmlWriter& xml, const StackDefinition& definition);
void write_stack_tags(XmlWriter& xml, const std::map<std::string, std::string>& tags);
void write_declared_parameters(XmlWriter& xml, const Template& declared, bool with_types);

bool retains_except_on_create(const QueryInput& input);
bool disables_rollback(const QueryInput& input);

}  // namespace localcloud
