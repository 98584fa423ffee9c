// Environments between a bridge and workers that do what a test says.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/task_group.h"
#include "session/environments.h"
#include "session/testing/recording_reporter.h"
#include "session/testing/scripted_launcher.h"

namespace session::testing {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// The bridge, as far as Environments speak to it. An attempt may start as soon as its worker is ready, unless told
// otherwise.
class FakeSink final : public AttemptSink {
 public:
  void worker_ready(bridge::AttemptId id) override {
    ready.push_back(id);
    if (start_when_ready) environments->start(id);
  }
  void answer(bridge::AttemptId id, bridge::Answer answer) override { answers[id] = std::move(answer); }
  void stream_begin(bridge::AttemptId id, bridge::NameValues headers) override { streams[id].headers = headers; }
  void stream_write(bridge::AttemptId id, std::string_view bytes) override {
    streams[id].body += bytes;
    room -= bytes.size();
  }
  void stream_end(bridge::AttemptId id, std::optional<bridge::Answer> error) override {
    streams[id].ended = true;
    streams[id].error = std::move(error);
  }
  std::size_t stream_room(bridge::AttemptId) const override { return room; }
  void abandon(bridge::AttemptId id) override { abandoned.push_back(id); }

  struct Stream {
    bridge::NameValues headers;
    std::string body;
    bool ended = false;
    std::optional<bridge::Answer> error;
  };
  std::size_t room = 1'000'000;
  std::map<bridge::AttemptId, Stream> streams;
  Environments* environments = nullptr;
  bool start_when_ready = true;
  std::vector<bridge::AttemptId> ready;
  std::map<bridge::AttemptId, bridge::Answer> answers;
  std::vector<bridge::AttemptId> abandoned;
};

inline worker::FunctionCode code(std::string function, std::string handler) {
  return {.function = std::move(function), .runtime = "nodejs22.x", .handler = std::move(handler), .source = "/app"};
}

inline std::map<std::string, LiveFunction> functions() {
  return {{"dev-app-Api-1",
           {.info = {.logical_id = "Api",
                     .name = "dev-app-Api-1",
                     .runtime = "nodejs22.x",
                     .handler = "api.handler",
                     .source = "/app"},
            .code = code("Api", "api.handler"),
            .timeout = 3s}},
          {"dev-app-Sns-1",
           {.info = {.logical_id = "Sns",
                     .name = "dev-app-Sns-1",
                     .runtime = "nodejs22.x",
                     .handler = "sns.handler",
                     .source = "/app"},
            .code = code("Sns", "sns.handler"),
            .timeout = 3s}}};
}

inline bridge::EnvironmentId environment(std::uint8_t number) {
  bridge::EnvironmentId id;
  id.bytes[0] = number;
  return id;
}

struct World {
  explicit World(asio::any_io_executor executor, Debugging* debugging = nullptr)
      : environments(executor, launcher, sink, clock, reporter, functions(), {.idle_per_function = 3}, debugging) {
    sink.environments = &environments;
  }

  Script& script() { return launcher.script(); }

  void announce(std::uint8_t number, const std::string& function = "dev-app-Api-1",
                bridge::NameValues variables = {{"TABLE", "orders"}}) {
    environments.announced(
        {.environment = environment(number), .announce = {.function = function, .environment = std::move(variables)}});
  }
  bridge::AttemptId arrive(std::uint8_t number, std::uint64_t attempt = 1, std::string event = "{}") {
    bridge::AttemptId id{environment(number), attempt};
    environments.arrived({.id = id,
                          .invocation = {.request_id = request(number, attempt),
                                         .deadline_ms = base::epoch_ms(clock.wall_now() + 3s),
                                         .trace_id = "Root=1-2",
                                         .event = std::move(event)},
                          .arrived = clock.now(),
                          .deadline = clock.now() + 3s});
    return id;
  }
  static std::string request(std::uint8_t number, std::uint64_t attempt = 1) {
    return fmt::format("request-{}-{}", number, attempt);
  }
  bool answered(bridge::AttemptId id) const { return sink.answers.contains(id); }
  bool taken(std::size_t count) { return script().taken.size() == count; }

  base::FakeClock clock;
  ScriptedLauncher launcher;
  FakeSink sink;
  RecordingReporter reporter;
  Environments environments;
};

using Scenario = asio::awaitable<void> (*)(World&);

inline asio::awaitable<void> play(Scenario scenario) {
  World world(co_await asio::this_coro::executor);
  co_await scenario(world);
  co_await world.environments.close();
  EXPECT_EQ(world.script().alive, 0U) << "a worker was left";
}

inline void run(Scenario scenario) {
  asio::io_context loop;
  base::run_until_done(loop, play(scenario));
}

}  // namespace session::testing
