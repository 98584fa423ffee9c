#include "runtime_api/extensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "codec/json.h"
#include "runtime_api/runtime_state.h"

namespace runtime_api {

namespace {

namespace json = codec::json;

constexpr std::string_view kIdentifier = "Lambda-Extension-Identifier";
constexpr std::string_view kInvoke = "INVOKE";
constexpr std::string_view kShutdown = "SHUTDOWN";

net::Response forbidden(std::string_view type, std::string_view message) {
  return error_response(403, type, message);
}

net::Response json_answer(int status, const json::object& body) {
  return net::Response{
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = codec::to_text(body) + "\n"};
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "00000000-0000-0000-0000-000000000000";
  return text.size() == kForm.size() && std::ranges::equal(text, kForm, [](char c, char form) {
           const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           return form == '-' ? c == '-' : hex;
         });
}

// "accountId, other": whether a feature is in the list.
bool asks_for(std::string_view features, std::string_view wanted) {
  while (!features.empty()) {
    auto feature = features.substr(0, features.find(','));
    features.remove_prefix(std::min(features.size(), feature.size() + 1));
    while (feature.starts_with(' ')) feature.remove_prefix(1);
    while (feature.ends_with(' ')) feature.remove_suffix(1);
    if (feature == wanted) return true;
  }
  return false;
}

}  // namespace

void Extensions::expect(std::string name) {
  extensions_.push_back({.name = std::move(name), .id = base::random_uuid(), .external = true});
}

void Extensions::gone(std::string_view name) {
  extensions_.remove_if([&](const Extension& one) { return one.external && one.name == name; });
}

net::Response Extensions::register_one(const net::Request& request) {
  const std::string name = request.headers.get_or("Lambda-Extension-Name", "");
  if (name.empty()) return forbidden("Extension.InvalidExtensionName", "Empty extension name");
  auto body = codec::parse_json(request.body);
  if (!body || !body->is_object()) {
    return forbidden("InvalidRequestFormat", body ? "the body is no object" : body.error().message);
  }
  auto found = std::ranges::find_if(extensions_, [&](const Extension& one) { return one.name == name; });
  const bool external = found != extensions_.end() && found->external;
  std::set<std::string, std::less<>> events;
  if (const auto* wanted = codec::find(*body, "events"); wanted != nullptr && wanted->is_array()) {
    for (const auto& event : wanted->get_array()) {
      const std::string text = event.is_string() ? std::string(event.get_string()) : codec::to_text(event);
      if (text == kShutdown && !external) {
        return forbidden("Extension.InvalidEventType",
                         fmt::format("{}: ShutdownEventNotSupportedForInternalExtension", text));
      }
      if (text != kInvoke && text != kShutdown) {
        return forbidden("Extension.InvalidEventType", fmt::format("{}: ErrorInvalidEventType", text));
      }
      events.insert(text);
    }
  }
  if (!external) {
    if (closed_) return forbidden("Extension.RegistrationClosed", "Extension registration closed already");
    if (found != extensions_.end()) {
      return forbidden("Extension.InvalidExtensionState", "Extension with this name already registered");
    }
    if (extensions_.size() >= kMost) {
      return forbidden("Extension.TooManyExtensions", fmt::format("Extension limit ({}) reached", kMost));
    }
    extensions_.push_back({.name = name, .id = base::random_uuid()});
    found = std::prev(extensions_.end());
  }
  if (found->state != State::started) return refuse(*found, State::registered, found->name);
  found->state = State::registered;
  found->events = std::move(events);
  return registered(*found, request.headers.get_or("Lambda-Extension-Accept-Feature", ""));
}

net::Response Extensions::registered(const Extension& extension, std::string_view features) const {
  json::object body{
      {"functionVersion", function_.version}, {"functionName", function_.name}, {"handler", function_.handler}};
  if (asks_for(features, "accountId")) body["accountId"] = function_.account;
  auto response = json_answer(200, body);
  response.headers.add(std::string(kIdentifier), extension.id);
  return response;
}

std::optional<net::Response> Extensions::next(const net::Request& request) {
  if (auto refused = unknown(request)) return refused;
  Extension& extension = *find(request);
  if (extension.state != State::registered && extension.state != State::running) {
    return refuse(extension, State::ready, extension.id);
  }
  extension.state = State::ready;
  return std::nullopt;
}

std::optional<net::Response> Extensions::take_event(const net::Request& request) {
  Extension* extension = find(request);
  if (extension == nullptr) return forbidden("Extension.UnknownExtensionIdentifier", "Unknown extension");
  if (!extension->pending) return std::nullopt;
  extension->state = State::running;
  net::Response response{.status = 200,
                         .headers = {{"Content-Type", "application/json"}},
                         .body = *std::exchange(extension->pending, std::nullopt)};
  response.headers.add("Lambda-Extension-Event-Identifier", base::random_uuid());
  return response;
}

net::Response Extensions::fail(const net::Request& request, bool in_init) {
  constexpr std::string_view kType = "Lambda-Extension-Function-Error-Type";
  if (auto refused = unknown(request)) return *refused;
  if (request.headers.get_or(kType, "").empty()) {
    return forbidden("Extension.MissingHeader", fmt::format("{} not found", kType));
  }
  Extension& extension = *find(request);
  const State target = in_init ? State::init_error : State::exit_error;
  const bool may = extension.state == State::registered || extension.state == target ||
                   (!in_init && (extension.state == State::ready || extension.state == State::running));
  if (!may) return refuse(extension, target, extension.id);
  extension.state = target;
  return json_answer(202, {{"status", "OK"}});
}

bool Extensions::all_registered() const {
  return std::ranges::none_of(extensions_, [](const Extension& one) { return one.state == State::started; });
}

bool Extensions::all_ready() const {
  return std::ranges::all_of(extensions_,
                             [](const Extension& one) { return one.state == State::ready && !one.pending; });
}

bool Extensions::has_external() const {
  return std::ranges::any_of(extensions_, [](const Extension& one) { return one.external; });
}

void Extensions::invoke(const InvocationEvent& event) {
  json::object body{{"eventType", kInvoke},
                    {"deadlineMs", base::epoch_ms(event.deadline)},
                    {"requestId", event.request_id},
                    {"invokedFunctionArn", event.function_arn}};
  if (!event.trace_id.empty()) body["tracing"] = json::object{{"type", "X-Amzn-Trace-Id"}, {"value", event.trace_id}};
  for (Extension& one : extensions_) {
    if (one.events.contains(kInvoke)) one.pending = codec::to_text(body);
  }
}

void Extensions::shut_down(std::string_view reason, base::WallTime deadline) {
  const json::object body{
      {"eventType", kShutdown}, {"deadlineMs", base::epoch_ms(deadline)}, {"shutdownReason", reason}};
  for (Extension& one : extensions_) {
    if (one.events.contains(kShutdown)) one.pending = codec::to_text(body);
  }
}

bool Extensions::awaits_shutdown(std::string_view name) const {
  const Extension* extension = named(name);
  return extension != nullptr && extension->events.contains(kShutdown);
}

std::string Extensions::failure_of(std::string_view name) const {
  const Extension* extension = named(name);
  if (extension == nullptr) return {};
  if (extension->state == State::init_error) return "Extension.InitError";
  return extension->state == State::exit_error ? "Extension.ExitError" : "";
}

const Extensions::Extension* Extensions::named(std::string_view name) const {
  auto found = std::ranges::find_if(extensions_, [&](const Extension& one) { return one.name == name; });
  return found == extensions_.end() ? nullptr : &*found;
}

Extensions::Extension* Extensions::find(const net::Request& request) {
  const std::string id = request.headers.get_or(kIdentifier, "");
  auto found = std::ranges::find_if(extensions_,
                                    [&](const Extension& one) { return one.id == id && one.state != State::started; });
  return found == extensions_.end() ? nullptr : &*found;
}

std::optional<net::Response> Extensions::unknown(const net::Request& request) {
  const std::string id = request.headers.get_or(kIdentifier, "");
  if (id.empty()) {
    return forbidden("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header");
  }
  if (!is_uuid(id)) return forbidden("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier");
  if (find(request) != nullptr) return std::nullopt;
  return forbidden("Extension.UnknownExtensionIdentifier", fmt::format("Unknown extension {}", id));
}

std::string_view Extensions::name_of(State state) {
  switch (state) {
    case State::started:
      return "Started";
    case State::registered:
      return "Registered";
    case State::ready:
      return "Ready";
    case State::running:
      return "Running";
    case State::init_error:
      return "InitError";
    case State::exit_error:
      return "ExitError";
  }
  return "";
}

net::Response Extensions::refuse(const Extension& extension, State target, std::string_view called) {
  return forbidden(
      "Extension.InvalidExtensionState",
      fmt::format("State transition from {} to {} failed for extension {}. Error: State transition is not allowed",
                  name_of(extension.state), name_of(target), called));
}

}  // namespace runtime_api
