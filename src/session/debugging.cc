#include "session/debugging.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "app/settings.h"
#include "codec/json.h"
#include "os/files.h"
#include "worker/editor_terminal.h"

namespace session {
namespace {

constexpr std::uint16_t kFirstPort = 9229;  // Node's own, which Chrome looks at by itself
constexpr int kMostPorts = 1000;

std::map<std::string, std::uint16_t> read_ports(const std::string& file) {
  std::map<std::string, std::uint16_t> ports;
  auto document = codec::parse_json(os::read_file(file).value_or("{}"));
  if (!document || !document->is_object()) return ports;
  for (const auto& [function, port] : document->get_object()) {
    const auto* number = port.if_int64();
    if (number == nullptr || *number < 1024 || *number > std::numeric_limits<std::uint16_t>::max()) continue;
    ports[function] = static_cast<std::uint16_t>(*number);
  }
  return ports;
}

}  // namespace

base::Result<std::set<std::string>> functions_to_inspect(const std::vector<std::string>& names,
                                                         const app::Application& application) {
  std::vector<app::FunctionSettings> wanted;
  wanted.reserve(names.size());
  for (const std::string& name : names) wanted.push_back({.name = name});
  TRY(app::check_functions({.functions = wanted}, application));
  std::set<std::string> inspected;
  std::string why_not;
  for (const app::Stack& root : application.stacks) {
    app::for_each_stack(root, [&](const app::Stack& stack) {
      for (const app::Function& function : stack.functions) {
        const std::string path = stack.path_of(function);
        const auto is_named = [&](const app::FunctionSettings& one) {
          return app::is_meant(one, path, function.construct_path);
        };
        if (!names.empty() && std::ranges::none_of(wanted, is_named)) continue;
        if (function.live) inspected.insert(path);
        if (!function.live && !names.empty()) why_not = fmt::format("{} {}", path, app::to_string(function.why_not));
      }
    });
  }
  if (inspected.empty() && !why_not.empty()) {
    return base::fail(base::ErrorKind::usage, why_not, "There is nothing to debug on this machine.");
  }
  return inspected;
}

Debugging::Debugging(boost::asio::any_io_executor executor, os::Spawner& spawner, Reporter& reporter,
                     DebuggingOptions options)
    : executor_(std::move(executor)),
      spawner_(spawner),
      reporter_(reporter),
      options_(std::move(options)),
      ports_(read_ports(options_.ports_file)) {}

Debugging::~Debugging() = default;

awaitable<base::Result<>> Debugging::open(worker::Launcher& launcher, std::vector<worker::FunctionCode> codes,
                                          bool all) {
  for (worker::FunctionCode& code : codes) {
    auto debugger = co_await launcher.debugger(code);
    if (!debugger && all) {
      reporter_.report(Notice{fmt::format("{} runs without a debugger: {}{}", code.function, debugger.error().message,
                                          debugger.error().hint.empty() ? "" : "; " + debugger.error().hint)});
      continue;
    }
    if (!debugger) co_return base::fail(debugger.error());
    const std::string function = code.function;
    Entry entry{.function = {.code = std::move(code), .debugger = std::move(*debugger)}, .relay = {}};
    CO_TRY(take_port(entry));
    entries_.emplace(function, std::move(entry));
  }
  co_return keep_ports();
}

// The port that it had before; else, or if somebody else has that now, the first that is nobody's.
base::Result<> Debugging::take_port(Entry& entry) {
  const std::string& function = entry.function.code.function;
  const auto known = ports_.find(function);
  const std::uint16_t wanted = known == ports_.end() ? 0 : known->second;
  worker::DebugRelayOptions options{.environment = options_.environment,
                                    .on_trouble = [this, function](const std::string& why) {
                                      reporter_.report(Notice{fmt::format("the debugger of {}: {}", function, why)});
                                    }};
  std::vector<std::uint16_t> candidates;
  if (wanted != 0) candidates.push_back(wanted);
  for (std::uint16_t port = kFirstPort; port < kFirstPort + kMostPorts; ++port) {
    if (std::ranges::none_of(ports_, [&](const auto& one) { return one.second == port; })) candidates.push_back(port);
  }
  base::Error last;
  for (const std::uint16_t port : candidates) {
    auto relay = worker::DebugRelay::listen(executor_, spawner_, port, options);
    if (!relay) {
      last = relay.error();
      continue;
    }
    if (wanted != 0 && port != wanted) {
      reporter_.report(
          Notice{fmt::format("port {} is taken: the debugger of {} is on {} from now on", wanted, function, port)});
    }
    entry.relay = std::move(*relay);
    entry.function.port = port;
    ports_[function] = port;
    return {};
  }
  return base::fail(last);
}

base::Result<> Debugging::keep_ports() {
  if (entries_.empty()) return {};
  codec::json::object document;
  for (const auto& [function, port] : ports_) document[function] = port;
  return os::write_file(options_.ports_file, codec::to_text(document) + "\n", 0600);
}

std::vector<DebuggedFunction> Debugging::functions() const {
  std::vector<DebuggedFunction> functions;
  functions.reserve(entries_.size());
  for (const auto& [path, entry] : entries_) functions.push_back(entry.function);
  return functions;
}

// It does not say whether it did, so a worker that it may hold is never killed for its deadline.
base::Result<worker::DebugTargetPtr> Debugging::let_editor_attach(worker::WorkerSpec& spec) const {
  if (!worker::editor_attaches(options_.environment, spec.code.runtime)) return nullptr;
  if (spec.code.runtime.starts_with("python")) {
    TRY(spec.debug_port, worker::find_free_port(executor_));
  }
  spec.held = [] { return true; };
  return nullptr;
}

base::Result<worker::DebugTargetPtr> Debugging::prepare(worker::WorkerSpec& spec) {
  auto entry = entries_.find(spec.code.function);
  if (entry == entries_.end()) {
    return let_editor_attach(spec);
  }
  auto target = std::make_shared<worker::DebugTarget>();
  target->function = spec.code.function;
  target->debugger = entry->second.function.debugger;
  if (target->debugger.attach.empty()) {
    TRY(target->port, worker::find_free_port(executor_));
  }
  spec.debug_port = target->port;
  spec.debugger_first = target->port != 0 && entry->second.relay->expects_client();
  spec.memory_limit_mb = 0;  // the debugger needs memory of its own
  const bool by_itself = worker::editor_attaches(options_.environment, spec.code.runtime);
  spec.held = [target, by_itself] { return by_itself || target->clients > 0; };
  return target;
}

void Debugging::running(const worker::WorkerSpec& spec, const worker::DebugTargetPtr& target, pid_t pid,
                        const std::string& environment) {
  Entry& entry = entries_.at(target->function);
  target->pid = pid;
  entry.relay->add(target);
  reporter_.report(DebuggerReport{
      .function = target->function,
      .debugger = std::string(worker::to_string(target->debugger.kind)),
      .address = fmt::format("127.0.0.1:{}", target->extra_port == 0 ? entry.function.port : target->extra_port),
      .environment = environment,
      .pid = pid,
      .waits = spec.debugger_first});
}

void Debugging::ends(const worker::DebugTargetPtr& target, bool now) {
  entries_.at(target->function).relay->remove(target, now);
}

void Debugging::nobody_came(const std::string& function) {
  entries_.at(function).relay->expect_nobody();
}

awaitable<void> Debugging::close() {
  for (auto& [function, entry] : entries_) co_await entry.relay->close();
}

}  // namespace session
