#include "session/code_watch.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace session {

CodeWatch::CodeWatch(boost::asio::any_io_executor executor, std::string app_folder, worker::Launcher& launcher,
                     const base::Clock& clock, Callbacks callbacks)
    : executor_(executor),
      app_folder_(std::move(app_folder)),
      launcher_(launcher),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      tasks_(std::move(executor)) {}

base::Result<> CodeWatch::watch(std::vector<worker::FunctionSource> functions) {
  functions_ = std::move(functions);
  for (worker::FunctionSource& function : functions_) function.inputs = launcher_.inputs(function.function);
  TRY(watch_all());
  if (!std::exchange(learns_, true)) tasks_.spawn(learn());
  return {};
}

// After all is watched: what is changed from now on is told, and is not learned.
boost::asio::awaitable<void> CodeWatch::learn() {
  const auto since = clock_.wall_now();
  auto folders = worker::folders_to_watch(app_folder_, functions_);
  for (const auto& link : links_) folders.insert(link.target);
  worker::Contents::Hashes known;
  co_await reading_.run([&known, since, &folders] { known = worker::Contents::known_before(since, folders); });
  contents_.learn(std::move(known));
}

void CodeWatch::look_at_inputs(const std::string& function) {
  auto built = std::ranges::find(functions_, function, &worker::FunctionSource::function);
  if (built == functions_.end()) return;
  built->inputs = launcher_.inputs(function);
  for (const auto& folder : worker::folders_of_inputs(app_folder_, {&*built, 1})) try_to_watch(folder);
}

base::Result<> CodeWatch::watch_all() {
  links_ = worker::linked_folders(app_folder_, functions_);
  for (const auto& folder : worker::folders_to_watch(app_folder_, functions_)) {
    TRY(watch_folder(sources_, folder, worker::skip_directory));
  }
  for (const auto& link : links_) try_to_watch(link.target);
  for (const auto& folder : worker::layers_to_watch(functions_)) {
    TRY(watch_folder(layers_, folder, worker::skip_in_layer));
  }
  return {};
}

// What lies elsewhere: the session can do without.
void CodeWatch::try_to_watch(const std::string& folder) {
  if (auto watched = watch_folder(sources_, folder, worker::skip_directory); !watched)
    callbacks_.failed(watched.error());
}

base::Result<> CodeWatch::watch_folder(std::unique_ptr<os::Watcher>& watcher, const std::string& folder, Skip skip) {
  if (watcher) return watcher->add(folder);
  TRY(watcher, os::watch(executor_, {folder}, skip));
  tasks_.spawn(report(*watcher));
  return {};
}

boost::asio::awaitable<void> CodeWatch::report(os::Watcher& watcher) {
  while (true) handle(co_await watcher.next());
}

void CodeWatch::handle(os::Changes changes) {
  for (worker::FunctionSource& function : functions_) function.inputs = launcher_.inputs(function.function);
  callbacks_.changed(changes);
  std::error_code ignored;
  const bool is_linked = std::ranges::any_of(
      changes.paths, [&](const std::string& path) { return std::filesystem::is_symlink(path, ignored); });
  if (is_linked || changes.overflow) {
    if (auto watched = watch_all(); !watched) callbacks_.failed(watched.error());
  }
  changes = worker::with_links(contents_.without_same(std::move(changes)), links_);
  const auto touched = worker::touched_functions(changes, app_folder_, functions_);
  if (!touched.empty()) callbacks_.touched(touched);
}

boost::asio::awaitable<void> CodeWatch::close() {
  co_await tasks_.close();
}

}  // namespace session
