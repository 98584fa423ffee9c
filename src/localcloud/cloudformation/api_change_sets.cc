// CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, ListChangeSets.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/ids.h"
#include "localcloud/cloudformation/api.h"
#include "localcloud/cloudformation/nested_stack.h"
#include "localcloud/cloudformation/paging.h"
#include "localcloud/cloudformation/sam/sam.h"

namespace localcloud {
namespace {

using Answer = CloudFormationApi::Answer;

constexpr std::size_t kMaxName = 128;

constexpr std::string_view kNoChanges =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

base::Result<std::string> change_set_type(const QueryInput& input) {
  const auto type = input.get_or("ChangeSetType", "UPDATE");
  if (type == "CREATE" || type == "UPDATE") return type;
  if (type == "IMPORT") return base::fail(not_implemented("cloudformation", "CreateChangeSet of type IMPORT"));
  return validation_error(
      fmt::format("1 validation error detected: Value '{}' at 'changeSetType' failed to satisfy constraint: Member "
                  "must satisfy enum value set: [UPDATE, CREATE, IMPORT]",
                  type));
}

bool is_change_set_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

// What CloudFormation says of changes whose values it does not tell; CDK describes the change set again without them.
constexpr std::string_view kNoValues =
    "[WARN] --include-property-values option can return incomplete ChangeSet data: the local cloud tells no values of "
    "properties";

void write_summary(XmlWriter& xml, const Stack& stack, const ChangeSet& change_set, std::string_view warning = {}) {
  xml.element("StackId", stack.id).element("StackName", stack.name);
  xml.element("ChangeSetId", change_set.id).element("ChangeSetName", change_set.name);
  xml.element("ExecutionStatus", change_set.execution_status).element("Status", change_set.status);
  const auto reason = change_set.status_reason.empty() ? warning : std::string_view(change_set.status_reason);
  if (!reason.empty()) xml.element("StatusReason", reason);
  if (!change_set.description.empty()) xml.element("Description", change_set.description);
  xml.element("CreationTime", iso_time(change_set.created));
  xml.element("IncludeNestedStacks", change_set.include_nested_stacks);
  if (!change_set.parent_id.empty()) xml.element("ParentChangeSetId", change_set.parent_id);
  if (!change_set.root_id.empty()) xml.element("RootChangeSetId", change_set.root_id);
}

}  // namespace

ChangeSet CloudFormationApi::new_change_set(const std::string& name, const std::string& type) const {
  ChangeSet change_set;
  change_set.name = name;
  change_set.id = fmt::format("arn:aws:cloudformation:{}:{}:changeSet/{}/{}", cloud_.region, cloud_.account_id, name,
                              base::random_uuid());
  change_set.type = type;
  change_set.created = engine_.now();
  return change_set;
}

base::Result<> CloudFormationApi::decide(const Stack& stack, ChangeSet& change_set,
                                         base::Result<StackDefinition> definition) const {
  change_set.status = "FAILED";
  if (!definition) {
    change_set.status_reason = definition.error().message;
    return {};
  }
  TRY(auto plan, plan_changes(cloud_, stack, *definition, store_, engine_.types()));
  change_set.definition = std::move(*definition);
  change_set.changes = std::move(plan.changes);
  if (change_set.type == "UPDATE" && !plan.changes_anything) {
    change_set.status_reason = kNoChanges;
  } else {
    change_set.status = "CREATE_COMPLETE";
    change_set.execution_status = "AVAILABLE";
  }
  return {};
}

// A change set for each nested stack that changes, and for those within them. They tell what will be done; it is the
// root's that is executed.
void CloudFormationApi::include_nested_stacks(const Stack& parent, ChangeSet& around) {
  for (auto& change : around.changes) {
    if (change.type != kStackType || (change.action != "Add" && change.action != "Modify")) continue;
    auto stack = store_.find(change.physical_id);
    if (change.action == "Add") stack = store_.add(engine_.nested_stack(parent, change.logical_id));
    if (stack == nullptr) continue;
    auto nested = new_change_set(generated_name(around.name, change.logical_id, kMaxName),
                                 change.action == "Add" ? "CREATE" : "UPDATE");
    nested.include_nested_stacks = true;
    nested.parent_id = around.id;
    nested.root_id = around.root_id.empty() ? around.id : around.root_id;
    auto definition = nested_definition(cloud_, around.definition, *stack, change.properties);
    if (const auto decided = decide(*stack, nested, std::move(definition)); !decided)
      nested.status_reason = decided.error().message;
    if (change.action == "Add") engine_.begin(*stack, "REVIEW_IN_PROGRESS", "User Initiated");
    const auto kept = stack->change_sets.emplace_back(std::make_shared<ChangeSet>(std::move(nested)));
    change.change_set_id = kept->id;
    if (change.action == "Add") change.physical_id = stack->id;
    include_nested_stacks(*stack, *kept);
  }
}

// The change sets that were made with this one; a stack that was only made for one goes with it.
void CloudFormationApi::forget_nested(const ChangeSet& root) {
  for (const auto& stack : store_.all()) {
    const auto gone = std::erase_if(stack->change_sets, [&](const auto& one) { return one->root_id == root.id; });
    if (gone == 0 || stack->status != "REVIEW_IN_PROGRESS") continue;
    stack->deleted = engine_.now();
    engine_.begin(*stack, "DELETE_COMPLETE", {});
  }
}

Answer CloudFormationApi::create_change_set(const Asked& asked) {
  TRY(const auto stack_name, asked.input.need("StackName"));
  TRY(const auto name, asked.input.need("ChangeSetName"));
  TRY(const auto type, change_set_type(asked.input));
  TRY(authorize(asked, stack_name));
  if (!is_change_set_name(name)) {
    return validation_error(
        fmt::format("1 validation error detected: Value '{}' at 'changeSetName' failed to satisfy constraint: "
                    "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
                    name));
  }
  auto stack = store_.find(stack_name);
  const bool reviewed = stack != nullptr && stack->status == "REVIEW_IN_PROGRESS";
  if (type == "CREATE") {
    if (stack != nullptr && !reviewed) {
      return validation_error(fmt::format(
          "Stack [{}] already exists and cannot be created again with the changeSet [{}].", stack_name, name));
    }
  } else {
    if (stack == nullptr || stack->status == "DELETE_COMPLETE")
      return validation_error(fmt::format("Stack [{}] does not exist", stack_name));
    TRY(check_updatable(*stack));
  }
  const auto client_token = asked.input.get_or("ClientToken", "");
  if (stack != nullptr) {
    const auto made = store_.find_change_set(stack->id, name).change_set;
    // The same request once more.
    if (made != nullptr && !client_token.empty() && made->client_token == client_token)
      return XmlWriter().element("Id", made->id).element("StackId", stack->id).take();
    if (made != nullptr)
      return aws_error(400, "AlreadyExistsException", fmt::format("ChangeSet [{}] already exists", name));
  }
  TRY(auto input, definition_input(asked, type == "UPDATE" ? stack.get() : nullptr));
  input.by_change_set = true;
  Stack fresh;
  if (stack == nullptr) {
    TRY(const auto checked_name, new_stack_name(asked));
    fresh = new_stack(checked_name);
  }
  auto change_set = new_change_set(name, type);
  change_set.client_token = client_token;
  change_set.description = asked.input.get_or("Description", "");
  change_set.on_failure =
      asked.input.get_or("OnStackFailure", disables_rollback(asked.input) ? "DO_NOTHING" : "ROLLBACK");
  change_set.include_nested_stacks = asked.input.get_or("IncludeNestedStacks", "false") == "true";
  const Stack& base = stack != nullptr ? *stack : fresh;
  auto definition = build_definition(cloud_, base, std::move(input));
  if (!definition && definition.error().code != kTransformFailed) return base::fail(std::move(definition).error());
  TRY(decide(base, change_set, std::move(definition)));
  if (stack == nullptr) {
    stack = store_.add(std::move(fresh));
    engine_.begin(*stack, "REVIEW_IN_PROGRESS", "User Initiated");
  }
  const auto kept = stack->change_sets.emplace_back(std::make_shared<ChangeSet>(std::move(change_set)));
  if (kept->include_nested_stacks) include_nested_stacks(*stack, *kept);
  return XmlWriter().element("Id", kept->id).element("StackId", stack->id).take();
}

Answer CloudFormationApi::describe_change_set(const Asked& asked) {
  TRY(authorize(asked, stack_of_change_set(asked.input)));
  TRY(const auto found, needed_change_set(asked));
  const auto& change_set = *found.change_set;
  XmlWriter xml;
  const bool wants_values = asked.input.get_or("IncludePropertyValues", "false") == "true";
  write_summary(xml, *found.stack, change_set, wants_values ? kNoValues : std::string_view());
  write_parameters(xml, change_set.definition);
  xml.list("NotificationARNs", change_set.definition.notification_arns);
  xml.list("Capabilities", change_set.definition.capabilities);
  write_stack_tags(xml, change_set.definition.tags);
  xml.open("RollbackConfiguration").close();
  xml.open("Changes");
  TRY(const auto page, page_of(asked.input, change_set.changes.size()));
  for (auto i = page.from; i < page.to; ++i) write_change(xml, change_set.changes[i]);
  xml.close();
  write_next_token(xml, page);
  return xml.take();
}

Answer CloudFormationApi::execute_change_set(const Asked& asked) {
  TRY(authorize(asked, stack_of_change_set(asked.input)));
  TRY(const auto found, needed_change_set(asked));
  const auto& [stack, change_set] = found;
  if (change_set->execution_status != "AVAILABLE" || stack->in_progress()) {
    return aws_error(400, "InvalidChangeSetStatus",
                     fmt::format("ChangeSet [{}] cannot be executed in its current status of [{}]", change_set->id,
                                 stack->in_progress() ? stack->status : change_set->status));
  }
  if (!change_set->root_id.empty()) {
    return aws_error(
        400, "InvalidChangeSetStatus",
        fmt::format("ChangeSet [{}] is of a nested stack; execute its root [{}]", change_set->id, change_set->root_id));
  }
  change_set->execution_status = "EXECUTE_COMPLETE";
  // The others were made for a stack that no longer is as it was.
  std::erase_if(stack->change_sets, [&kept = change_set](const auto& other) { return other != kept; });
  stack->change_set_id = change_set->id;
  auto definition = change_set->definition;
  const bool disable_rollback = disables_rollback(asked.input);
  stack->client_request_token = asked.input.get_or("ClientRequestToken", "");
  stack->retain_except_on_create = retains_except_on_create(asked.input);
  if (change_set->type == "CREATE") {
    stack->definition = definition;
    stack->on_failure = disable_rollback ? "DO_NOTHING" : change_set->on_failure;
    engine_.begin(*stack, "CREATE_IN_PROGRESS", "User Initiated");
    cloud_.tasks->spawn(engine_.create(stack, std::move(definition)));
  } else {
    stack->updated = engine_.now();
    engine_.begin(*stack, "UPDATE_IN_PROGRESS", "User Initiated");
    const UpdateOptions options{.disable_rollback = disable_rollback || change_set->on_failure == "DO_NOTHING"};
    cloud_.tasks->spawn(engine_.update(stack, std::move(definition), options));
  }
  return "";
}

Answer CloudFormationApi::delete_change_set(const Asked& asked) {
  TRY(authorize(asked, stack_of_change_set(asked.input)));
  const auto found = needed_change_set(asked);
  if (!found) {
    if (found.error().code == "ChangeSetNotFound") return "";
    return base::fail(found.error());
  }
  if (!found->change_set->root_id.empty()) {
    return aws_error(400, "InvalidChangeSetStatus",
                     fmt::format("ChangeSet [{}] is of a nested stack; delete its root [{}]", found->change_set->id,
                                 found->change_set->root_id));
  }
  forget_nested(*found->change_set);
  std::erase(found->stack->change_sets, found->change_set);
  return "";
}

Answer CloudFormationApi::list_change_sets(const Asked& asked) {
  TRY(const auto name, asked.input.need("StackName"));
  TRY(authorize(asked, name));
  const auto stack = store_.find(name);
  if (stack == nullptr) return validation_error(fmt::format("Stack [{}] does not exist", name));
  XmlWriter xml;
  xml.open("Summaries");
  TRY(const auto page, page_of(asked.input, stack->change_sets.size()));
  for (auto i = page.from; i < page.to; ++i) {
    xml.open("member");
    write_summary(xml, *stack, *stack->change_sets[i]);
    xml.close();
  }
  xml.close();
  write_next_token(xml, page);
  return xml.take();
}

}  // namespace localcloud
