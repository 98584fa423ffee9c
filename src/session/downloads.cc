#include "session/downloads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace session {
namespace {

constexpr std::size_t kMostNames = 3;  // in a line; of the others their number

std::string names_of(const std::vector<worker::Download>& downloads) {
  std::vector<std::string> names;
  names.reserve(downloads.size());
  for (const auto& download : downloads) names.push_back(download.what);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

awaitable<base::Result<>> Downloads::fetch(worker::Launcher& launcher, std::vector<worker::FunctionCode> codes) {
  CO_TRY(auto downloads, co_await launcher.missing(std::move(codes)));
  std::erase_if(downloads, [this](const auto& download) { return declined_.contains(download.folder); });
  if (downloads.empty()) co_return base::Result<>();
  if (!co_await are_wanted(names_of(downloads))) {
    for (const worker::Download& download : downloads) declined_.insert(download.folder);
    co_return base::Result<>();
  }
  for (worker::Download& download : downloads) {
    with_.reporter.report(Notice{fmt::format("Fetching {} …", download.what)});
    CO_TRY(co_await worker::fetch(with_.spawner, std::move(download), options_.environment));
  }
  co_return base::Result<>();
}

awaitable<bool> Downloads::are_wanted(std::string what) {
  if (options_.yes) co_return true;
  if (!with_.terminal.is_interactive()) {
    with_.reporter.report(
        Notice{fmt::format("not on this machine: {}. `livelambda start --yes` fetches it once.", what)});
    co_return false;
  }
  with_.terminal.forget();
  with_.reporter.report(Question{fmt::format("Not on this machine: {}. Fetch it once, for all apps? [Y/n] ", what)});
  const auto answer = co_await with_.terminal.next_line();
  co_return answer && (answer->empty() || *answer == "y" || *answer == "Y" || *answer == "yes");
}

std::vector<std::string> group_warnings(const std::vector<std::pair<std::string, std::string>>& by_function) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const auto& [function, warning] : by_function) {
    if (warning.empty()) continue;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == warning; });
    if (group == groups.end()) group = groups.insert(group, {warning, {}});
    group->second.push_back(function);
  }
  std::vector<std::string> lines;
  for (auto& [warning, functions] : groups) {
    const auto more = functions.size() - std::min(functions.size(), kMostNames);
    functions.resize(functions.size() - more);
    lines.push_back(fmt::format("{}{}: {}", fmt::join(functions, ", "),
                                more > 0 ? fmt::format(" and {} more", more) : "", warning));
  }
  return lines;
}

}  // namespace session
