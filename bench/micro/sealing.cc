// What sealing and opening one frame costs: AES-256-GCM, its header, base64. A frame of 1,000 bytes, and full ones of
// both sizes that API Gateway carries.
#include "bridge/sealing.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace {

using namespace bridge;

constexpr KeyId kKeyId{1, 2, 3, 4};
constexpr EnvironmentId kEnvironment{};
constexpr std::size_t kFrames = 64;  // sealed beforehand: an Opener takes each but once

const KeyPair& keys() {
  static const KeyPair pair = derive_keys(std::string(32, 'k'), kEnvironment);
  return pair;
}

FrameHeader header() {
  return {.type = MessageType::invoke,
          .invocation = 7,
          .message_id = 21,
          .sealed_at_ms = 1'767'323'045'123,
          .connection_id = "Rx4dfc8uoAMCJfA=",
          .link = 3,
          .full_size = 1'000,
          .fields_size = 300};
}

void seal(benchmark::State& state) {
  Sealer sealer(kKeyId, kEnvironment, keys().session);
  const std::string chunk(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sealer.seal(header(), chunk));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// From the text of a message to the chunk in it.
void open(benchmark::State& state) {
  Sealer sealer(kKeyId, kEnvironment, keys().session);
  const std::string chunk(static_cast<std::size_t>(state.range(0)), 'x');
  std::vector<std::string> texts;
  while (texts.size() < kFrames) texts.push_back(sealer.seal(header(), chunk));
  const Opener fresh(kKeyId, keys().session, keys().stub);
  Opener opener = fresh;
  std::size_t next = 0;
  for (auto _ : state) {
    if (next == kFrames) {
      opener = fresh;
      next = 0;
    }
    auto frame = decode_frame(texts[next++]);
    auto opened = frame ? opener.open(*frame) : tl::unexpected(frame.error());
    if (!opened || opened->chunk.size() != chunk.size()) {
      state.SkipWithError("a frame did not open");
      break;
    }
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  for (std::size_t size : {std::size_t{1'000}, chunk_capacity(kDefaultMaxMessage), chunk_capacity(kLargeMaxMessage)}) {
    benchmark->Arg(static_cast<std::int64_t>(size));
  }
}

BENCHMARK(seal)->Apply(sizes);
BENCHMARK(open)->Apply(sizes);

}  // namespace
