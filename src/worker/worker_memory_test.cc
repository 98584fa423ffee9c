// What a worker's process group has in memory, as the kernel counts it.
#include <gmock/gmock.h>

#include "worker/testing/node_worker.h"

namespace worker {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using Kind = WorkerOutcome::Kind;
using testing::error_message;
using testing::error_type;
using testing::NodeWorker;

TEST_F(NodeWorker, TellsWhatItLoadedForAndHadInMemory) {
  file("api.mjs", R"js(
      const kept = [];
      export const handler = async (e) => { kept.push(Buffer.alloc(e.mb << 20, 1)); return kept.length; };)js");
  run([](NodeWorker& t) -> awaitable<void> {
    auto worker = co_await t.start("api.handler");
    auto first = co_await worker->invoke(t.event("id-1", R"({"mb":1})"));
    EXPECT_TRUE(first.init);
    EXPECT_THAT(first.peak_memory_mb, AllOf(Ge(10), Le(200)));
    auto second = co_await worker->invoke(t.event("id-2", R"({"mb":300})"));
    EXPECT_FALSE(second.init);
    EXPECT_GE(second.peak_memory_mb, first.peak_memory_mb + 290);
    EXPECT_GE(worker->memory_mb(), 300);
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, IsKilledWithMoreInMemoryThanItMayHave) {
  file("api.mjs", R"js(
      let kept;
      export const handler = async (e) => { kept = Buffer.alloc(e.mb << 20, 1); return "fits"; };)js");
  run([](NodeWorker& t) -> awaitable<void> {
    t.memory_limit_mb_ = 256;
    auto worker = co_await t.start("api.handler");
    EXPECT_EQ((co_await worker->invoke(t.event("id-1", R"({"mb":1})"))).kind, Kind::result);
    auto outcome = co_await worker->invoke(t.event("id-2", R"({"mb":400})"));
    EXPECT_EQ(outcome.kind, Kind::exited);
    EXPECT_EQ(error_type(outcome), "Runtime.ExitError");
    EXPECT_EQ(error_message(outcome), "RequestId: id-2 Error: Runtime exited with error: signal: killed");
    EXPECT_EQ(outcome.peak_memory_mb, 256);
    EXPECT_FALSE(worker->usable());
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, CountsTheMemoryOfItsWholeProcessGroup) {
  file("child.mjs", "globalThis.kept = Buffer.alloc(400 << 20, 1); setInterval(() => {}, 1000);");
  file("api.mjs", R"js(
      import { spawn } from "node:child_process";
      const child = new URL("child.mjs", import.meta.url).pathname;
      export const handler = () => new Promise((resolve) => spawn(process.execPath, [child]).on("exit", resolve));)js");
  run([](NodeWorker& t) -> awaitable<void> {
    t.memory_limit_mb_ = 400;
    auto worker = co_await t.start("api.handler");
    auto outcome = co_await worker->invoke(t.event("id-1"));
    EXPECT_EQ(outcome.kind, Kind::exited);
    EXPECT_EQ(error_message(outcome), "RequestId: id-1 Error: Runtime exited with error: signal: killed");
    co_await worker->close();
  }(*this));
}

TEST_F(NodeWorker, CountsMemoryWhileItLoads) {
  file("api.mjs", "globalThis.kept = Buffer.alloc(400 << 20, 1); await new Promise((r) => setTimeout(r, 60000));");
  run([](NodeWorker& t) -> awaitable<void> {
    t.memory_limit_mb_ = 256;
    auto worker = co_await t.start("api.handler");
    auto outcome = co_await worker->initialised();
    EXPECT_EQ(outcome.kind, Kind::init_failed);
    EXPECT_EQ(error_message(outcome), "Error: Runtime exited with error: signal: killed");
    co_await worker->close();
  }(*this));
}

}  // namespace
}  // namespace worker
