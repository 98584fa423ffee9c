#include "localcloud/cloudformation/lambda_macros.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "codec/json.h"
#include "localcloud/cloudformation/macros.h"
#include "localcloud/cloudformation/sam/sam.h"
#include "localcloud/iam/iam.h"
#include "localcloud/lambda/lambda.h"
#include "localcloud/service.h"
#include "localcloud/sync_type.h"

namespace localcloud {
namespace {

constexpr std::string_view kMacroType = "AWS::CloudFormation::Macro";
constexpr std::string_view kNotAnswered = "MacroNotAnswered";

class MacroType final : public SyncType {
 public:
  MacroType()
      : SyncType({.name = kMacroType,
                  .works = {"FunctionName", "Name"},
                  .accepted = {"Description", "LogGroupName", "LogRoleARN"},
                  .replaces = {"Name"}}) {}

 protected:
  base::Result<ResourceState> make(const ResourceRequest& request) override {
    TRY(auto name, needed_property(request.properties, "Name"));
    TRY(needed_property(request.properties, "FunctionName"));
    return ResourceState{.physical_id = std::move(name)};
  }
  base::Result<ResourceState> change(const ResourceRequest& request) override { return make(request); }
  base::Result<> destroy(const ResourceRequest&) override { return {}; }
};

tl::unexpected<base::Error> failed(std::string message) {
  return aws_error(400, std::string(kTransformFailed), std::move(message));
}

}  // namespace

base::Result<json::object> Macros::transform(std::string_view macro, json::object document, const MacroInput& input) {
  json::value params = json::object();
  const auto* transforms = document.if_contains("Transform");
  for (const auto& one : transforms->is_array() ? transforms->get_array() : json::array({*transforms})) {
    const auto* given = codec::find(one, "Parameters");
    if (given != nullptr && codec::find_string(one, "Name") == macro) params = *given;
  }
  TRY(auto made, ask(macro, params, std::move(document), input));
  if (!made.is_object()) return failed(fmt::format("Transform {} returned no template", transform_id(macro)));
  return std::move(made.get_object());
}

base::Result<json::value> Macros::transform_within(json::value value, const MacroInput& input) {
  if (auto* list = value.if_array()) {
    for (auto& element : *list) {
      TRY(element, transform_within(std::move(element), input));
    }
    return value;
  }
  auto* object = value.if_object();
  if (object == nullptr) return value;
  std::optional<json::value> call;
  json::object rest;
  for (auto& [key, member] : *object) {
    if (key == "Fn::Transform" && codec::find_string(member, "Name") != kInclude) {
      call = std::move(member);
    } else {
      TRY(rest[key], transform_within(std::move(member), input));
    }
  }
  if (!call) return json::value(std::move(rest));
  const auto* given = codec::find(*call, "Parameters");
  return ask(codec::find_string(*call, "Name"), given == nullptr ? json::object() : *given, std::move(rest), input);
}

base::Result<json::value> Macros::ask(std::string_view macro, const json::value& params, json::value fragment,
                                      const MacroInput& input) {
  json::object values;
  for (const auto& [name, given] : input.given) {
    const auto before = input.previous.find(name);
    if (!given.use_previous) {
      values[name] = given.value;
    } else if (before != input.previous.end()) {
      values[name] = before->second;
    }
  }
  Question question{.macro = std::string(macro),
                    .function = function_of(macro),
                    .event = {{"region", cloud_.region},
                              {"accountId", cloud_.account_id},
                              {"fragment", std::move(fragment)},
                              {"transformId", transform_id(macro)},
                              {"params", params},
                              {"templateParameterValues", std::move(values)}}};
  if (question.function.empty()) return failed(fmt::format("No transform named {} found.", transform_id(macro)));
  if (const auto known = answers_.find(json::serialize(question.event)); known != answers_.end()) return known->second;
  question_ = std::move(question);
  return aws_error(500, std::string(kNotAnswered), "a macro was not called");
}

awaitable<bool> Macros::answer(Principal caller) {
  if (!question_) co_return false;
  const auto question = *std::exchange(question_, std::nullopt);
  const auto id = base::random_uuid();
  const auto payload = co_await invoke(question, id, std::move(caller));
  answers_.emplace(json::serialize(question.event), read_answer(question, id, payload));
  co_return true;
}

awaitable<base::Result<std::string>> Macros::invoke(Question question, std::string id, Principal caller) {
  CO_TRY(const auto facts, cloud_.lambda->facts(question.function));
  if (cloud_.iam != nullptr) CO_TRY(cloud_.iam->authorize(caller, "lambda:InvokeFunction", facts.arn));
  question.event["requestId"] = id;
  CO_TRY(auto output,
         co_await cloud_.lambda->invoke({.function = question.function, .payload = json::serialize(question.event)}));
  if (!output.function_error.empty()) {
    const auto said = codec::parse_json(output.payload);
    co_return failed(said ? codec::find_string(*said, "errorMessage") : output.payload);
  }
  co_return std::move(output.payload);
}

base::Result<json::value> Macros::read_answer(const Question& question, const std::string& id,
                                              const base::Result<std::string>& payload) const {
  const auto name = transform_id(question.macro);
  if (!payload) return failed(fmt::format("Transform {} failed with: {}", name, payload.error().message));
  const auto answer = codec::parse_json(*payload);
  if (!answer || codec::find_string(*answer, "requestId") != id)
    return failed(fmt::format("Received malformed response from transform {}", name));
  const auto status = codec::find_string(*answer, "status");
  if (status != "success" && status != "SUCCESS") {
    const auto message = codec::find_string(*answer, "errorMessage");
    return failed(message.empty() ? fmt::format("Transform {} failed without an error message.", name)
                                  : fmt::format("Transform {} failed with: {}", name, message));
  }
  const auto* fragment = codec::find(*answer, "fragment");
  if (fragment == nullptr) return failed(fmt::format("Received malformed response from transform {}", name));
  return *fragment;
}

std::string Macros::function_of(std::string_view macro) const {
  for (const auto& stack : store_.all()) {
    for (const auto& resource : stack->resources) {
      if (resource.type != kMacroType || transform_id(resource.state.physical_id) != transform_id(macro)) continue;
      if (resource.status == "CREATE_COMPLETE" || resource.status == "UPDATE_COMPLETE")
        return text_property(resource.properties, "FunctionName");
    }
  }
  return {};
}

std::string Macros::transform_id(std::string_view macro) const {
  return macro.find("::") == std::string_view::npos ? fmt::format("{}::{}", cloud_.account_id, macro)
                                                    : std::string(macro);
}

std::unique_ptr<ResourceType> make_macro_type() {
  return std::make_unique<MacroType>();
}

}  // namespace localcloud
