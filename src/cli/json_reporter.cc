#include "cli/json_reporter.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>

#include "codec/json.h"

namespace cli {
namespace {

namespace json = boost::json;
using namespace session;

// "2026-01-02T03:04:05.678Z"
std::string iso_time(base::WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(time)),
                     base::epoch_ms(time) % 1000);
}

double rounded(double ms) {
  return std::round(ms * 1000) / 1000;
}

// The object on one line. Boost.JSON writes 591.2 as 5.912E2, which is JSON but not what people read.
std::string to_line(const json::object& object) {
  std::string line = "{";
  for (const auto& [key, value] : object) {
    std::string text = value.is_double() ? fmt::format("{}", value.get_double()) : codec::to_text(value);
    line += fmt::format("{}{}:{}", line.size() > 1 ? "," : "", codec::to_text(json::value(key)), text);
  }
  return line + "}\n";
}

json::object to_object(const std::map<std::string, std::string>& strings) {
  json::object object;
  for (const auto& [name, value] : strings) object[name] = value;
  return object;
}

json::object to_json(const Target& target) {
  return {{"event", "target"},
          {"app", target.app},
          {"stage", target.stage},
          {"account", target.account},
          {"region", target.region},
          {"credentials", target.credentials},
          {"stacks", json::array(target.stacks.begin(), target.stacks.end())}};
}

json::object to_json(const InfrastructureChange& change) {
  return {{"event", "infrastructure"},
          {"stack", change.stack},
          {"changes", json::array(change.lines.begin(), change.lines.end())}};
}

json::object to_json(const Outputs& outputs) {
  return {{"event", "outputs"}, {"stack", outputs.stack}, {"outputs", to_object(outputs.outputs)}};
}

json::object to_json(const DeployProgress& progress) {
  return {{"event", "deploy"},     {"stack", progress.stack},   {"resource", progress.resource},
          {"type", progress.type}, {"status", progress.status}, {"reason", progress.reason}};
}

json::object to_json(const Ready& ready) {
  json::array functions;
  for (const FunctionInfo& function : ready.functions) {
    functions.push_back(json::object{{"logicalId", function.logical_id},
                                     {"name", function.name},
                                     {"runtime", function.runtime},
                                     {"handler", function.handler},
                                     {"source", function.source}});
  }
  return {{"event", "ready"},
          {"stage", ready.stage},
          {"app", ready.app},
          {"outputs", to_object(ready.outputs)},
          {"functions", functions}};
}

json::object to_json(const InvocationReport& report) {
  bool finished = report.phase == InvocationReport::Phase::finished;
  json::object object{{"event", "invocation"},
                      {"phase", finished ? "finished" : "started"},
                      {"requestId", report.request_id},
                      {"function", report.function},
                      {"trigger", report.trigger},
                      {"environment", report.environment},
                      {"pid", report.pid}};
  if (finished) {
    object["status"] = report.status;
    object["ms"] = rounded(report.ms);
    object["overheadMs"] = rounded(report.overhead_ms);
    if (report.memory_size_mb > 0) object["memorySizeMb"] = report.memory_size_mb;
    if (report.max_memory_mb > 0) object["maxMemoryUsedMb"] = report.max_memory_mb;
    if (report.init_ms) object["initMs"] = rounded(*report.init_ms);
    if (!report.error.empty()) object["error"] = report.error;
  }
  return object;
}

json::object to_json(const LogLine& log) {
  return {{"event", "log"}, {"requestId", log.request_id}, {"function", log.function}, {"line", log.line}};
}

json::object to_json(const BuildReport& build) {
  return {{"event", build.reload ? "reload" : "build"},
          {"function", build.function},
          {"ms", rounded(build.ms)},
          {"status", build.status},
          {"output", build.output}};
}

json::object to_json(const DebuggerReport& debugger) {
  return {{"event", "debugger"},         {"function", debugger.function},       {"debugger", debugger.debugger},
          {"address", debugger.address}, {"environment", debugger.environment}, {"pid", debugger.pid},
          {"waits", debugger.waits}};
}

json::object to_json(const Displaced& displaced) {
  return {{"event", "displaced"}, {"by", displaced.by}};
}

json::object to_json(const Dropped& dropped) {
  return {{"event", "dropped"}, {"reason", dropped.reason}, {"count", dropped.count}};
}

}  // namespace

void JsonReporter::report(const session::Report& report) {
  std::visit([this](const auto& one) { show(one); }, report);
}

template <typename Event>
void JsonReporter::show(const Event& event) {
  write(to_json(event));
}

void JsonReporter::show(const Notice& notice) {
  fmt::print(stderr, "livelambda: {}\n", notice.text);
}

void JsonReporter::show(const ToolOutput& output) {
  fmt::print(stderr, "{}\n", output.line);
}

void JsonReporter::show(const Question& question) {
  fmt::print(stderr, "{}", question.text);
}

void JsonReporter::error(const base::Error& error) {
  json::object object{
      {"event", "error"}, {"kind", base::to_string(error.kind)}, {"message", error.message}, {"hint", error.hint}};
  if (!error.file.empty()) object["file"] = error.file;
  if (error.line > 0) object["line"] = error.line;
  write(std::move(object));
}

void JsonReporter::stopped(int status) {
  write({{"event", "stopped"}, {"status", status}});
}

void JsonReporter::write(json::object object) {
  object["time"] = iso_time(clock_.wall_now());
  std::string line = to_line(object);
  std::fwrite(line.data(), 1, line.size(), out_);
  std::fflush(out_);
}

}  // namespace cli
