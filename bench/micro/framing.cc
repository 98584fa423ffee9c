// What it costs to turn an invocation into chunks and back, without their sealing: JSON, zstd, cutting, headers,
// reassembly. The event is JSON as APIs send it, of 1 KB and 1 MB, or bytes that zstd cannot make smaller.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

#include "bridge/outgoing.h"
#include "bridge/reassembly.h"

namespace {

using namespace bridge;

std::string json_event(std::size_t size) {
  std::mt19937_64 random(1);
  std::string text = R"({"items":[)";
  while (text.size() < size) {
    text += fmt::format(R"({{"id":"{:016x}","quantity":{},"state":"shipped"}},)", random(), random() % 100);
  }
  text.back() = ']';
  return text + "}";
}

std::string random_event(std::size_t size) {
  std::mt19937_64 random(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

Message invoke_with(std::string event) {
  return Invoke{.invocation = {.request_id = "8f8c0b2e-6d9c-4c7e-9b57-0d2a6a1f3a77",
                               .function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:shop-dev-Orders",
                               .trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
                               .content_type = "application/json",
                               .event = std::move(event)},
                .milliseconds_left = 2'999,
                .composed_at_ms = 1'767'323'045'123};
}

void cut(benchmark::State& state, std::string (*event)(std::size_t)) {
  const Message message = invoke_with(event(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    Outgoing outgoing(message, 1, 2, kDefaultMaxMessage);
    benchmark::DoNotOptimize(outgoing.bytes(outgoing.chunks() - 1));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void reassemble(benchmark::State& state, std::string (*event)(std::size_t)) {
  const Outgoing outgoing(invoke_with(event(static_cast<std::size_t>(state.range(0)))), 1, 2, kDefaultMaxMessage);
  for (auto _ : state) {
    Reassembler reassembler;
    Reassembler::Added added;
    for (std::uint32_t chunk = 0; chunk < outgoing.chunks(); ++chunk) {
      added = reassembler.add(outgoing.header(chunk), std::string(outgoing.bytes(chunk)));
    }
    if (!unpack(outgoing.header(0), std::move(added.bytes))) {
      state.SkipWithError("a message did not come back");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void frame_header(benchmark::State& state) {
  const FrameHeader header{.type = MessageType::invoke,
                           .invocation = 7,
                           .message_id = 21,
                           .chunk = 3,
                           .chunks = 40,
                           .sealed_at_ms = 1'767'323'045'123,
                           .connection_id = "Rx4dfc8uoAMCJfA=",
                           .link = 3,
                           .compressed = true,
                           .full_size = 1'000'300,
                           .fields_size = 300};
  for (auto _ : state) {
    if (!parse_header(encode_header(header))) {
      state.SkipWithError("a header did not come back");
      break;
    }
  }
}

BENCHMARK_CAPTURE(cut, json, json_event)->Arg(1'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(cut, random, random_event)->Arg(1'000'000);
BENCHMARK_CAPTURE(reassemble, json, json_event)->Arg(1'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(reassemble, random, random_event)->Arg(1'000'000);
BENCHMARK(frame_header);

}  // namespace
