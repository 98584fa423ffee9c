#include "localcloud/cloudformation/callbacks.h"

#include <fmt/format.h>

#include <utility>

#include "base/ids.h"
#include "base/task_group.h"
#include "localcloud/local_clock.h"

namespace localcloud {
namespace {

std::string address_of(const Cloud& cloud, std::string_view token) {
  return fmt::format("{}/_local/cloudformation/{}", cloud.endpoint, token);
}

}  // namespace

std::string Callbacks::open() {
  return received_.try_emplace(address_of(cloud_, base::random_uuid())).first->first;
}

void Callbacks::close(std::string_view url) {
  if (const auto found = received_.find(url); found != received_.end()) received_.erase(found);
}

bool Callbacks::put(std::string_view token, std::string body) {
  const auto found = received_.find(address_of(cloud_, token));
  if (found == received_.end()) return false;
  found->second.push_back(std::move(body));
  changed_.notify_all();
  return true;
}

awaitable<void> Callbacks::wake_at(base::WallTime until) {
  co_await cloud_.clock->sleep_until(until);
  changed_.notify_all();
}

awaitable<std::vector<std::string>> Callbacks::wait(std::string url, std::size_t count, base::WallTime until) {
  base::TaskGroup timer(cloud_.executor);
  timer.spawn(wake_at(until));
  const auto bodies = [&] {
    const auto found = received_.find(url);
    return found == received_.end() ? std::vector<std::string>() : found->second;
  };
  while (bodies().size() < count && cloud_.clock->now() < until) co_await changed_.wait();
  co_await timer.close();
  co_return bodies();
}

}  // namespace localcloud
