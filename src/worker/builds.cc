#include "worker/builds.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace worker {

Builds::Builds(boost::asio::any_io_executor executor, std::size_t at_once)
    : at_once_(std::max<std::size_t>(at_once, 1)), tasks_(std::move(executor)) {}

awaitable<base::Result<>> Builds::build(Language& language, FunctionCode code, std::string folder,
                                        std::uint64_t revision, bool waited_for) {
  const std::string function = code.function;
  auto& known = builds_[function];
  if (!known) known = std::make_shared<Build>();
  const BuildPtr build = known;
  while (!build->built || *build->built < revision) {
    build->language = &language;
    build->code = code;
    build->folder = folder;
    build->wanted = std::max(build->wanted, revision);
    build->waited_for = build->waited_for || waited_for;
    if (!build->running) {
      if (!std::exchange(build->queued, true)) build->place = ++last_place_;
      start_next();
    }
    co_await build->changed.wait();
  }
  if (build->result.ok) co_return base::Result<>{};
  co_return base::fail(base::ErrorKind::build, fmt::format("{} does not build:\n{}", function, build->result.output));
}

std::set<std::string> Builds::inputs(const std::string& function) const {
  const auto found = builds_.find(function);
  if (found == builds_.end()) return {};
  const Build& build = *found->second;
  return build.result.ok && !build.result.inputs.empty() ? build.result.inputs
                                                         : build.language->layout_inputs(build.code);
}

void Builds::start_next() {
  while (running_ < at_once_) {
    BuildPtr next;
    for (const auto& [function, build] : builds_) {
      if (!build->queued) continue;
      const auto rank = [](const Build& of) { return std::tuple(!of.waited_for, of.place); };
      if (!next || rank(*build) < rank(*next)) next = build;
    }
    if (!next) return;
    next->queued = false;
    next->running = true;
    ++running_;
    tasks_.spawn(run(next));
  }
}

awaitable<void> Builds::run(BuildPtr build) {
  const auto revision = build->wanted;
  build->result = co_await build->language->build(build->code, build->folder);
  build->built = revision;
  build->running = false;
  build->waited_for = build->waited_for && build->wanted > revision;
  --running_;
  build->changed.notify_all();
  start_next();
}

awaitable<void> Builds::close() {
  co_await tasks_.close();
}

}  // namespace worker
