#include "deploy/testing/fake_cloudformation.h"

#include <fmt/format.h>

#include <utility>

#include "codec/json.h"

namespace deploy::testing {

using aws::awaitable;
using base::Result;

namespace {

constexpr std::string_view kArn = "arn:aws:cloudformation:x:1:stack/";
constexpr std::string_view kChangeSet = "change-set/";

// The outputs that a template gives as plain texts.
void add_plain_outputs(const std::string& text, std::map<std::string, std::string>& outputs) {
  auto document = codec::parse_json(text);
  const auto* declared = document ? codec::find(*document, "Outputs") : nullptr;
  if (declared == nullptr || !declared->is_object()) return;
  for (const auto& [name, output] : declared->get_object()) {
    if (auto value = codec::find_string(output, "Value"); !value.empty()) outputs[std::string(name)] = value;
  }
}

}  // namespace

std::string FakeCloudFormation::id_of(std::string_view name) {
  return fmt::format("{}{}/1", kArn, name);
}

FakeCloudFormation::FakeStack& FakeCloudFormation::at(std::string_view name_or_id) {
  std::string_view name = name_or_id;
  if (name.starts_with(kArn)) {
    name.remove_prefix(kArn.size());
    name = name.substr(0, name.find('/'));
  }
  return stacks_[std::string(name)];
}

void FakeCloudFormation::have_stack(std::string_view name, std::string status,
                                    std::map<std::string, std::string> tags) {
  FakeStack& fake = at(name);
  fake.stack = aws::Stack{.id = id_of(name),
                          .name = std::string(name),
                          .status = std::move(status),
                          .status_reason = {},
                          .outputs = fake.outputs,
                          .tags = std::move(tags)};
  add(fake, own_event(fake.stack->status, "past", name));
  fake.running = fake.stack->status.ends_with("_IN_PROGRESS") && fake.stack->status != "REVIEW_IN_PROGRESS";
}

aws::StackEvent FakeCloudFormation::event(std::string logical_id, std::string type, std::string status,
                                          std::string reason) {
  return {.id = {},
          .logical_id = logical_id,
          .physical_id = "physical-" + logical_id,
          .type = std::move(type),
          .status = std::move(status),
          .reason = std::move(reason)};
}

aws::StackEvent FakeCloudFormation::own_event(std::string status, std::string reason, std::string_view name) {
  auto own = event(std::string(name), "AWS::CloudFormation::Stack", std::move(status), std::move(reason));
  own.physical_id = id_of(name);
  return own;
}

std::deque<FakeCloudFormation::Step> FakeCloudFormation::quick(std::string_view name, std::string status) {
  std::string begun = status.substr(0, status.find('_')) + "_IN_PROGRESS";
  auto begins = own_event(begun, {}, name);
  auto ends = own_event(status, {}, name);
  bool gone = status == "DELETE_COMPLETE";
  return {{.events = {begins}, .status = begun}, {.events = {ends}, .status = gone ? "" : std::move(status)}};
}

awaitable<Result<std::optional<aws::Stack>>> FakeCloudFormation::describe_stack(std::string name_or_id) {
  ++questions;
  co_return at(name_or_id).stack;
}

awaitable<Result<std::vector<aws::Stack>>> FakeCloudFormation::list_stacks() {
  ++questions;
  std::vector<aws::Stack> all;
  for (const auto& [name, fake] : stacks_) {
    if (fake.stack) all.push_back(*fake.stack);
  }
  co_return all;
}

awaitable<Result<aws::ChangeSet>> FakeCloudFormation::create_change_set(aws::CreateChangeSetInput input) {
  calls.push_back(input.type + " " + input.stack_name);
  inputs.push_back(input);
  if (create_error) co_return base::fail(*create_error);
  if (before_create) {
    CO_TRY(std::exchange(before_create, {})(at(input.stack_name)));
  }
  if (!at(input.stack_name).stack) have_stack(input.stack_name, "REVIEW_IN_PROGRESS", input.tags);
  at(input.stack_name).input = input;
  co_return aws::ChangeSet{.id = std::string(kChangeSet) + input.stack_name, .stack_id = id_of(input.stack_name)};
}

FakeCloudFormation::FakeStack& FakeCloudFormation::of_change_set(const std::string& id) {
  return at(std::string_view(id).substr(id.starts_with(kChangeSet) ? kChangeSet.size() : 0));
}

awaitable<Result<aws::ChangeSet>> FakeCloudFormation::describe_change_set(std::string change_set_id) {
  ++questions;
  if (change_sets.empty()) co_return aws::ChangeSet{.id = change_set_id, .status = "CREATE_COMPLETE"};
  aws::ChangeSet answer = change_sets.front();
  if (change_sets.size() > 1) change_sets.pop_front();
  co_return answer;
}

awaitable<Result<std::vector<aws::ResourceChange>>> FakeCloudFormation::list_changes(std::string change_set_id) {
  ++questions;
  co_return changes[change_set_id];
}

awaitable<Result<std::vector<aws::ChangeSet>>> FakeCloudFormation::list_change_sets(std::string stack_name) {
  ++questions;
  co_return at(stack_name).left_change_sets;
}

awaitable<Result<>> FakeCloudFormation::execute_change_set(std::string change_set_id) {
  FakeStack& fake = of_change_set(change_set_id);
  calls.push_back("execute " + fake.stack->name);
  if (before_execute) {
    CO_TRY(std::exchange(before_execute, {})(fake));
  }
  fake.running = true;
  fake.template_text = fake.input.template_body;
  fake.stack->outputs = fake.outputs;
  add_plain_outputs(fake.template_text, fake.stack->outputs);
  fake.stack->tags = fake.input.tags;
  co_return Result<>();
}

awaitable<Result<>> FakeCloudFormation::delete_change_set(std::string change_set_id) {
  calls.push_back("delete " + change_set_id);
  co_return Result<>();
}

awaitable<Result<>> FakeCloudFormation::delete_stack(std::string name_or_id) {
  FakeStack& fake = at(name_or_id);
  calls.push_back("delete stack " + (fake.stack ? fake.stack->name : name_or_id));
  fake.running = true;
  co_return Result<>();
}

awaitable<Result<>> FakeCloudFormation::cancel_update_stack(std::string name_or_id) {
  FakeStack& fake = at(name_or_id);
  calls.push_back("cancel " + (fake.stack ? fake.stack->name : name_or_id));
  if (cancel_error) co_return base::fail(*cancel_error);
  co_return Result<>();
}

awaitable<Result<std::string>> FakeCloudFormation::get_template(std::string name_or_id) {
  ++questions;
  co_return at(name_or_id).template_text;
}

awaitable<Result<std::string>> FakeCloudFormation::get_processed_template(std::string) {
  ++questions;
  co_return processed_template;
}

void FakeCloudFormation::add(FakeStack& stack, aws::StackEvent event) {
  event.id = fmt::format("event-{}", ++clock_);
  event.time = fmt::format("2026-01-02T03:04:{:09.6f}Z", clock_ / 1e6);
  stack.events.push_back(std::move(event));
}

void FakeCloudFormation::play(FakeStack& stack) {
  if (!stack.running || stack.operations.empty()) return;
  auto& steps = stack.operations.front();
  for (auto& event : steps.front().events) add(stack, std::move(event));
  for (auto& [name, event] : steps.front().nested) add(at(name), std::move(event));
  if (steps.front().status.empty()) {
    stack.stack.reset();
  } else if (stack.stack) {
    stack.stack->status = steps.front().status;
  }
  steps.pop_front();
  if (!steps.empty()) return;
  stack.operations.pop_front();
  stack.running = false;
}

awaitable<Result<std::vector<aws::StackEvent>>> FakeCloudFormation::describe_events(std::string stack_id,
                                                                                    std::string known_event_id,
                                                                                    std::string since) {
  ++questions;
  FakeStack& fake = at(stack_id);
  play(fake);
  std::vector<aws::StackEvent> fresh;
  for (auto event = fake.events.rbegin(); event != fake.events.rend(); ++event) {
    if (event->id == known_event_id || event->time < since) break;
    fresh.push_back(*event);
  }
  co_return fresh;
}

awaitable<Result<std::string>> FakeCloudFormation::newest_event_id(std::string stack_id) {
  ++questions;
  const FakeStack& fake = at(stack_id);
  co_return fake.events.empty() ? std::string() : fake.events.back().id;
}

awaitable<Result<std::vector<aws::StackResource>>> FakeCloudFormation::list_resources(std::string name_or_id) {
  ++questions;
  co_return at(name_or_id).resources;
}

}  // namespace deploy::testing
