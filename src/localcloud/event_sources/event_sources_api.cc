// /2015-03-31/event-source-mappings of Lambda's API (REST-JSON).
#include <fmt/format.h>

#include <charconv>

#include "codec/json.h"
#include "localcloud/event_sources/event_sources_service.h"
#include "localcloud/iam/iam.h"
#include "localcloud/wire.h"

namespace localcloud {

struct EventSourcesService::Route {
  std::string_view method;
  bool of_one;  // with a UUID in its path
  std::string_view operation;
  Operation act;
};

const std::vector<EventSourcesService::Route>& EventSourcesService::routes() {
  using Self = EventSourcesService;
  static const std::vector<Route> kRoutes{{"POST", false, "CreateEventSourceMapping", &Self::create_operation},
                                          {"GET", false, "ListEventSourceMappings", &Self::list_operation},
                                          {"GET", true, "GetEventSourceMapping", &Self::get_operation},
                                          {"PUT", true, "UpdateEventSourceMapping", &Self::update_operation},
                                          {"DELETE", true, "DeleteEventSourceMapping", &Self::delete_operation}};
  return kRoutes;
}

std::vector<std::string> EventSourcesService::operations() const {
  std::vector<std::string> names;
  for (const auto& route : routes()) names.emplace_back(route.operation);
  return names;
}

awaitable<net::Response> EventSourcesService::handle(Call call) {
  auto segments = path_segments(split_target(call.request.target).path);
  bool of_one = segments.size() == 3;
  for (const auto& route : routes()) {
    if (segments.size() > 3 || route.method != call.request.method || route.of_one != of_one) continue;
    auto uuid = of_one ? segments[2] : std::string();
    auto action = fmt::format("lambda:{}", route.operation);
    auto allowed = cloud_.iam->authorize(call.caller, action, of_one ? arn_of(uuid) : "*", context_of(call, uuid));
    auto result = allowed ? (this->*route.act)(call, uuid) : base::fail(allowed.error());
    if (!result) co_return rest_json_failure(call, result.error());
    co_return std::move(*result);
  }
  co_return rest_json_failure(call,
                              not_implemented("lambda", fmt::format("{} event-source-mappings", call.request.method)));
}

// lambda:FunctionArn: of the function that the request names, or that the mapping has.
ConditionContext EventSourcesService::context_of(const Call& call, const std::string& uuid) const {
  std::string function;
  if (auto found = mappings_.find(uuid); found != mappings_.end()) function = found->second.mapping->function_arn;
  auto input = json_input(call.request);
  if (auto named = input ? codec::find_string(*input, "FunctionName") : std::string(); !named.empty()) function = named;
  auto facts = cloud_.lambda->facts(function);
  if (!facts) return {};
  return {{"lambda:FunctionArn", facts->arn}};
}

json::object EventSourcesService::answer(const Entry& entry, std::string_view state) const {
  if (state.empty()) state = entry.mapping->enabled ? "Enabled" : "Disabled";
  return mapping_answer(*entry.mapping, arn_of(entry.mapping->uuid), state, entry.progress->last_result);
}

base::Result<net::Response> EventSourcesService::create_operation(const Call& call, const std::string&) {
  TRY(auto input, json_input(call.request));
  TRY(auto uuid, create(input));
  TRY(auto* entry, find(uuid));
  return rest_json_answer(call, 202, answer(*entry, "Creating"));
}

base::Result<net::Response> EventSourcesService::update_operation(const Call& call, const std::string& uuid) {
  TRY(auto input, json_input(call.request));
  TRY(update(uuid, input));
  TRY(auto* entry, find(uuid));
  return rest_json_answer(call, 202, answer(*entry, "Updating"));
}

base::Result<net::Response> EventSourcesService::get_operation(const Call& call, const std::string& uuid) {
  TRY(auto* entry, find(uuid));
  return rest_json_answer(call, 200, answer(*entry));
}

base::Result<net::Response> EventSourcesService::delete_operation(const Call& call, const std::string& uuid) {
  TRY(auto* entry, find(uuid));
  auto last = answer(*entry, "Deleting");
  TRY(remove(uuid));
  return rest_json_answer(call, 202, last);
}

base::Result<net::Response> EventSourcesService::list_operation(const Call& call, const std::string&) {
  constexpr std::size_t kPage = 100;
  auto query = split_target(call.request.target).query;
  auto source = field(query, "EventSourceArn");
  auto function = field(query, "FunctionName");
  auto marker = field(query, "Marker").value_or("");
  std::size_t most = kPage;
  if (auto text = field(query, "MaxItems")) {
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), most);
    if (error != std::errc{} || end != text->data() + text->size() || most == 0) {
      return aws_error(400, "ValidationException",
                       "1 validation error detected: Value at 'maxItems' failed to satisfy "
                       "constraint: Member must have value greater than or equal to 1");
    }
    most = std::min(most, kPage);
  }
  std::string function_arn;
  if (function) {
    TRY(auto facts, cloud_.lambda->facts(*function));
    function_arn = facts.arn;
  }
  json::object page;
  json::array list;
  for (auto at = mappings_.lower_bound(marker); at != mappings_.end(); ++at) {
    const auto& mapping = *at->second.mapping;
    if ((source && mapping.source_arn != *source) || (function && mapping.function_arn != function_arn)) continue;
    if (list.size() == most) {
      page["NextMarker"] = at->first;
      break;
    }
    list.push_back(answer(at->second));
  }
  page["EventSourceMappings"] = std::move(list);
  return rest_json_answer(call, 200, page);
}

}  // namespace localcloud
