#include "localcloud/cloudformation/nested_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ids.h"
#include "localcloud/cloudformation/definition.h"
#include "localcloud/cloudformation/operation.h"
#include "localcloud/cloudformation/stack_engine.h"
#include "localcloud/cloudformation/template_url.h"
#include "localcloud/sync_type.h"

namespace localcloud {
namespace {

constexpr std::size_t kMaxName = 128;

base::Result<std::map<std::string, GivenParameter>> given_parameters(const json::object& properties) {
  std::map<std::string, GivenParameter> parameters;
  const auto* given = properties.if_contains("Parameters");
  if (given == nullptr) return parameters;
  const auto refused = [] {
    return validation_error("Value of property Parameters must be an object with String (or simple type) properties");
  };
  if (!given->is_object()) return refused();
  for (const auto& [name, value] : given->get_object()) {
    const auto text = scalar_text(value);
    if (!text) return refused();
    parameters[std::string(name)] = {.value = *text};
  }
  return parameters;
}

base::Result<std::optional<std::chrono::minutes>> timeout_of(const json::object& properties) {
  const auto text = text_property(properties, "TimeoutInMinutes");
  if (text.empty()) return std::nullopt;
  int minutes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  if (error != std::errc() || end != text.data() + text.size() || minutes < 1)
    return validation_error("Value of property TimeoutInMinutes must be a positive number");
  return std::chrono::minutes(minutes);
}

ResourceState state_of(const Stack& stack) {
  ResourceState state{.physical_id = stack.id};
  for (const auto& output : stack.outputs) state.attributes["Outputs." + output.key] = output.value;
  return state;
}

class NestedStack final : public ResourceType {
 public:
  NestedStack(Cloud& cloud, StackStore& store, StackEngine& engine) : cloud_(cloud), store_(store), engine_(engine) {}

  std::string_view name() const override { return kStackType; }
  const std::set<std::string_view>& works() const override {
    static const std::set<std::string_view> kWorks = {"NotificationARNs", "Parameters", "Tags", "TemplateURL",
                                                      "TimeoutInMinutes"};
    return kWorks;
  }
  const std::set<std::string_view>& replaces() const override {
    static const std::set<std::string_view> kNone;
    return kNone;
  }

  awaitable<base::Result<ResourceState>> create(ResourceRequest request) override {
    const auto parent = store_.find(request.stack_id);
    auto stack = store_.reviewed_child(parent->id, request.logical_id);  // of a change set that included it
    if (stack == nullptr) stack = std::make_shared<Stack>(engine_.nested_stack(*parent, request.logical_id));
    CO_TRY(auto definition, nested_definition(cloud_, parent->definition, *stack, request.properties));
    CO_TRY(const auto timeout, timeout_of(request.properties));
    stack->deadline = parent->deadline;
    if (timeout) stack->deadline = std::min(stack->deadline.value_or(base::WallTime::max()), engine_.now() + *timeout);
    stack->on_failure = "DO_NOTHING";  // the parent removes it, or leaves it where it may not
    store_.add(stack);
    stack->definition = definition;
    engine_.begin(*stack, "CREATE_IN_PROGRESS", "User Initiated");
    if (request.initiated) request.initiated(stack->id);
    co_await engine_.create(stack, std::move(definition));
    if (stack->status == "CREATE_COMPLETE") co_return state_of(*stack);
    co_return base::fail(base::ErrorKind::service, fmt::format("Embedded stack {} was not successfully created: {}",
                                                               stack->id, stack->status_reason));
  }

  awaitable<base::Result<ResourceState>> update(ResourceRequest request) override {
    const auto parent = store_.find(request.stack_id);
    const auto stack = store_.find(request.physical_id);
    if (stack == nullptr || stack->status == "DELETE_COMPLETE")
      co_return validation_error(fmt::format("Stack with id {} does not exist", request.physical_id));
    CO_TRY(auto definition, nested_definition(cloud_, parent->definition, *stack, request.properties));
    CO_TRY(const auto plan, plan_changes(cloud_, *stack, definition, store_, engine_.types()));
    const bool failed_before = stack->status.ends_with("_FAILED");
    if (!plan.changes_anything && !failed_before) co_return state_of(*stack);
    stack->updated = engine_.now();
    engine_.begin(*stack, request.rolling_back ? "UPDATE_ROLLBACK_IN_PROGRESS" : "UPDATE_IN_PROGRESS", {});
    co_await engine_.update(stack, std::move(definition),
                            {.disable_rollback = false, .rolling_back = request.rolling_back});
    co_return outcome(*stack, request.rolling_back);
  }

  awaitable<base::Result<void>> remove(ResourceRequest request) override {
    const auto stack = store_.find(request.physical_id);
    if (stack == nullptr || stack->status == "DELETE_COMPLETE") co_return base::Result<>{};
    engine_.begin(*stack, "DELETE_IN_PROGRESS", {});
    co_await engine_.remove(stack, {});
    if (stack->status == "DELETE_COMPLETE") co_return base::Result<>{};
    co_return base::fail(base::ErrorKind::service, fmt::format("Embedded stack {} was not successfully deleted: {}",
                                                               stack->id, stack->status_reason));
  }

 private:
  static base::Result<ResourceState> outcome(const Stack& stack, bool rolling_back) {
    if (stack.status == (rolling_back ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE")) return state_of(stack);
    return base::fail(base::ErrorKind::service,
                      fmt::format("Embedded stack {} was not successfully updated. Currently in {} with reason: {}",
                                  stack.id, stack.status, stack.status_reason));
  }

  Cloud& cloud_;
  StackStore& store_;
  StackEngine& engine_;
};

}  // namespace

std::unique_ptr<ResourceType> make_nested_stack_type(Cloud& cloud, StackStore& store, StackEngine& engine) {
  return std::make_unique<NestedStack>(cloud, store, engine);
}

base::Result<StackDefinition> nested_definition(const Cloud& cloud, const StackDefinition& parent, const Stack& stack,
                                                const json::object& properties) {
  DefinitionInput input;
  TRY(const auto url, needed_property(properties, "TemplateURL"));
  TRY(input.template_text, fetch_template(cloud, parent.caller, url));
  TRY(input.parameters, given_parameters(properties));
  input.tags = parent.tags;
  if (const auto* tags = properties.if_contains("Tags"); tags != nullptr && tags->is_array()) {
    for (const auto& tag : tags->get_array()) {
      if (tag.is_object())
        input.tags[text_property(tag.get_object(), "Key")] = text_property(tag.get_object(), "Value");
    }
  }
  input.capabilities = parent.capabilities;
  input.notification_arns = list_property(properties, "NotificationARNs");
  input.role_arn = parent.role_arn;
  input.caller = parent.caller;
  return build_definition(cloud, stack, std::move(input));
}

Stack StackEngine::nested_stack(const Stack& parent, const std::string& logical_id) const {
  Stack stack;
  stack.name = generated_name(parent.name, logical_id, kMaxName);
  stack.id = fmt::format("arn:aws:cloudformation:{}:{}:stack/{}/{}", cloud_.region, cloud_.account_id, stack.name,
                         base::random_uuid());
  stack.created = now();
  stack.logical_id_in_parent = logical_id;
  stack.parent_id = parent.id;
  stack.root_id = parent.root_id.empty() ? parent.id : parent.root_id;
  return stack;
}

bool nested_template_changed(const Cloud& cloud, const StackStore& store, const StackResource& resource,
                             const Principal& caller) {
  if (resource.type != kStackType) return false;
  const auto stack = store.find(resource.state.physical_id);
  if (stack == nullptr) return false;
  const auto text = fetch_template(cloud, caller, text_property(resource.properties, "TemplateURL"));
  return text && *text != stack->definition.original_template;
}

}  // namespace localcloud
