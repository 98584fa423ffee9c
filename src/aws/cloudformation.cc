#include "aws/cloudformation.h"

#include <fmt/format.h>

#include "aws/query.h"

namespace aws {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

Stack read_stack(const XmlNode& node) {
  Stack stack{.id = node.text_of("StackId"),
              .name = node.text_of("StackName"),
              .status = node.text_of("StackStatus"),
              .status_reason = node.text_of("StackStatusReason"),
              .outputs = {},
              .tags = {},
              .termination_protection = node.text_of("EnableTerminationProtection") == "true",
              .created = node.text_of("CreationTime"),
              .parent_id = node.text_of("ParentId")};
  for (const XmlNode* output : node.members("Outputs")) {
    stack.outputs[output->text_of("OutputKey")] = output->text_of("OutputValue");
  }
  for (const XmlNode* tag : node.members("Tags")) stack.tags[tag->text_of("Key")] = tag->text_of("Value");
  return stack;
}

StackEvent read_event(const XmlNode& node) {
  return {.id = node.text_of("EventId"),
          .logical_id = node.text_of("LogicalResourceId"),
          .physical_id = node.text_of("PhysicalResourceId"),
          .type = node.text_of("ResourceType"),
          .status = node.text_of("ResourceStatus"),
          .reason = node.text_of("ResourceStatusReason"),
          .time = node.text_of("Timestamp")};
}

// Of DescribeChangeSet, and of each member of ListChangeSets.
ChangeSet read_change_set(const XmlNode& node) {
  return {.name = node.text_of("ChangeSetName"),
          .id = node.text_of("ChangeSetId"),
          .stack_id = node.text_of("StackId"),
          .status = node.text_of("Status"),
          .status_reason = node.text_of("StatusReason"),
          .execution_status = node.text_of("ExecutionStatus")};
}

ResourceChange read_change(const XmlNode& node) {
  ResourceChange change{.action = node.text_of("Action"),
                        .logical_id = node.text_of("LogicalResourceId"),
                        .physical_id = node.text_of("PhysicalResourceId"),
                        .type = node.text_of("ResourceType"),
                        .replacement = node.text_of("Replacement"),
                        .change_set_id = node.text_of("ChangeSetId")};
  for (const XmlNode* detail : node.members("Details")) {
    if (const XmlNode* target = detail->child("Target")) {
      change.details.push_back(
          {target->text_of("Attribute"), target->text_of("Name"), target->text_of("RequiresRecreation")});
    }
  }
  return change;
}

// A stack that does not exist is a ValidationError whose only mark is its text.
bool says_missing(const base::Error& error) {
  return error.code == "ValidationError" && error.message.find("does not exist") != std::string::npos;
}

Parameters to_parameters(const CreateChangeSetInput& input) {
  Parameters parameters = {
      {"StackName", input.stack_name}, {"ChangeSetName", input.change_set_name}, {"ChangeSetType", input.type}};
  if (input.template_url.empty()) {
    parameters.emplace_back("TemplateBody", input.template_body);
  } else {
    parameters.emplace_back("TemplateURL", input.template_url);
  }
  for (std::size_t i = 0; i < input.parameters.size(); ++i) {
    std::string member = fmt::format("Parameters.member.{}.", i + 1);
    parameters.emplace_back(member + "ParameterKey", input.parameters[i].first);
    parameters.emplace_back(member + "ParameterValue", input.parameters[i].second);
  }
  for (std::size_t i = 0; i < input.capabilities.size(); ++i) {
    parameters.emplace_back(fmt::format("Capabilities.member.{}", i + 1), input.capabilities[i]);
  }
  int number = 0;
  for (const auto& [key, value] : input.tags) {
    std::string member = fmt::format("Tags.member.{}.", ++number);
    parameters.emplace_back(member + "Key", key);
    parameters.emplace_back(member + "Value", value);
  }
  if (input.include_nested_stacks) parameters.emplace_back("IncludeNestedStacks", "true");
  return parameters;
}

Parameters with_token(Parameters parameters, const std::string& next_token) {
  if (!next_token.empty()) parameters.emplace_back("NextToken", next_token);
  return parameters;
}

class RealCloudFormation final : public CloudFormation {
 public:
  explicit RealCloudFormation(ClientConfig config) : config_(std::move(config)) {}

  awaitable<base::Result<std::optional<Stack>>> describe_stack(std::string name_or_id) override {
    auto result = co_await ask("DescribeStacks", {{"StackName", name_or_id}});
    if (!result) {
      if (says_missing(result.error())) co_return std::optional<Stack>();
      co_return base::fail(result.error());
    }
    auto stacks = result->members("Stacks");
    if (stacks.empty()) co_return std::optional<Stack>();
    co_return std::optional<Stack>(read_stack(*stacks.front()));
  }

  awaitable<base::Result<std::vector<Stack>>> list_stacks() override {
    std::vector<Stack> stacks;
    std::string next_token;
    do {
      CO_TRY(auto page, co_await ask("DescribeStacks", with_token({}, next_token)));
      for (const XmlNode* node : page.members("Stacks")) stacks.push_back(read_stack(*node));
      next_token = page.text_of("NextToken");
    } while (!next_token.empty());
    co_return stacks;
  }

  awaitable<base::Result<ChangeSet>> create_change_set(CreateChangeSetInput input) override {
    CO_TRY(auto result, co_await ask("CreateChangeSet", to_parameters(input)));
    co_return ChangeSet{.id = result.text_of("Id"),
                        .stack_id = result.text_of("StackId"),
                        .status = {},
                        .status_reason = {},
                        .execution_status = {}};
  }

  awaitable<base::Result<ChangeSet>> describe_change_set(std::string change_set_id) override {
    CO_TRY(auto result, co_await ask("DescribeChangeSet", {{"ChangeSetName", change_set_id}}));
    co_return read_change_set(result);
  }

  awaitable<base::Result<std::vector<ResourceChange>>> list_changes(std::string change_set_id) override {
    std::vector<ResourceChange> changes;
    std::string next_token;
    do {
      CO_TRY(auto page, co_await ask("DescribeChangeSet", with_token({{"ChangeSetName", change_set_id}}, next_token)));
      for (const XmlNode* node : page.members("Changes")) {
        if (const XmlNode* change = node->child("ResourceChange")) changes.push_back(read_change(*change));
      }
      next_token = page.text_of("NextToken");
    } while (!next_token.empty());
    co_return changes;
  }

  awaitable<base::Result<std::vector<ChangeSet>>> list_change_sets(std::string stack_name) override {
    std::vector<ChangeSet> change_sets;
    std::string next_token;
    do {
      CO_TRY(auto page, co_await ask("ListChangeSets", with_token({{"StackName", stack_name}}, next_token)));
      for (const XmlNode* node : page.members("Summaries")) change_sets.push_back(read_change_set(*node));
      next_token = page.text_of("NextToken");
    } while (!next_token.empty());
    co_return change_sets;
  }

  awaitable<base::Result<>> execute_change_set(std::string change_set_id) override {
    CO_TRY(co_await ask("ExecuteChangeSet", {{"ChangeSetName", change_set_id}}));
    co_return base::Result<>();
  }

  awaitable<base::Result<>> delete_change_set(std::string change_set_id) override {
    CO_TRY(co_await ask("DeleteChangeSet", {{"ChangeSetName", change_set_id}}));
    co_return base::Result<>();
  }

  awaitable<base::Result<>> delete_stack(std::string name_or_id) override {
    CO_TRY(co_await ask("DeleteStack", {{"StackName", name_or_id}}));
    co_return base::Result<>();
  }

  awaitable<base::Result<>> cancel_update_stack(std::string name_or_id) override {
    CO_TRY(co_await ask("CancelUpdateStack", {{"StackName", name_or_id}}));
    co_return base::Result<>();
  }

  awaitable<base::Result<std::string>> get_template(std::string name_or_id) override {
    CO_TRY(auto result, co_await ask("GetTemplate", {{"StackName", name_or_id}, {"TemplateStage", "Original"}}));
    co_return result.text_of("TemplateBody");
  }

  awaitable<base::Result<std::string>> get_processed_template(std::string change_set_id) override {
    CO_TRY(auto result,
           co_await ask("GetTemplate", {{"ChangeSetName", change_set_id}, {"TemplateStage", "Processed"}}));
    co_return result.text_of("TemplateBody");
  }

  awaitable<base::Result<std::vector<StackEvent>>> describe_events(std::string stack_id, std::string known_event_id,
                                                                   std::string since) override {
    std::vector<StackEvent> events;
    std::string next_token;
    do {
      CO_TRY(auto page, co_await ask("DescribeStackEvents", with_token({{"StackName", stack_id}}, next_token)));
      for (const XmlNode* node : page.members("StackEvents")) {
        StackEvent event = read_event(*node);
        if (event.id == known_event_id || event.time < since) co_return events;
        events.push_back(std::move(event));
      }
      next_token = page.text_of("NextToken");
    } while (!next_token.empty());
    co_return events;
  }

  awaitable<base::Result<std::string>> newest_event_id(std::string stack_id) override {
    CO_TRY(auto page, co_await ask("DescribeStackEvents", {{"StackName", stack_id}}));
    auto events = page.members("StackEvents");
    co_return events.empty() ? std::string() : events.front()->text_of("EventId");
  }

  awaitable<base::Result<std::vector<StackResource>>> list_resources(std::string name_or_id) override {
    std::vector<StackResource> resources;
    std::string next_token;
    do {
      CO_TRY(auto page, co_await ask("ListStackResources", with_token({{"StackName", name_or_id}}, next_token)));
      for (const XmlNode* node : page.members("StackResourceSummaries")) {
        resources.push_back({node->text_of("LogicalResourceId"), node->text_of("PhysicalResourceId"),
                             node->text_of("ResourceType"), node->text_of("ResourceStatus")});
      }
      next_token = page.text_of("NextToken");
    } while (!next_token.empty());
    co_return resources;
  }

 private:
  awaitable<base::Result<XmlNode>> ask(std::string action, Parameters parameters) {
    return call_query(config_, {.service = "cloudformation",
                                .version = "2010-05-15",
                                .action = std::move(action),
                                .parameters = std::move(parameters)});
  }

  ClientConfig config_;
};

}  // namespace

std::unique_ptr<CloudFormation> make_cloudformation(ClientConfig config) {
  return std::make_unique<RealCloudFormation>(std::move(config));
}

}  // namespace aws
