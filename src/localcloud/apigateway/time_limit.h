// Work that may take only so long, by the local clock.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "base/notifier.h"
#include "base/task_group.h"
#include "localcloud/cloud.h"

namespace localcloud {

using boost::asio::awaitable;

namespace limited {

template <typename T>
struct Outcome {
  std::optional<T> value;
  bool late = false;
  base::Notifier changed;
};

template <typename T>
awaitable<void> work(awaitable<T> what, std::shared_ptr<Outcome<T>> outcome) {
  outcome->value = co_await std::move(what);
  outcome->changed.notify_all();
}

template <typename T>
awaitable<void> be_late(LocalClock* clock, base::Millis limit, std::shared_ptr<Outcome<T>> outcome) {
  co_await clock->sleep_for(limit);
  outcome->late = true;
  outcome->changed.notify_all();
}

}  // namespace limited

// What the work brings; nullopt: the time was over first, and the work is cancelled.
template <typename T>
awaitable<std::optional<T>> within(Cloud& cloud, base::Millis limit, awaitable<T> what) {
  auto outcome = std::make_shared<limited::Outcome<T>>();
  base::TaskGroup tasks(co_await boost::asio::this_coro::executor);
  tasks.spawn(limited::work(std::move(what), outcome));
  tasks.spawn(limited::be_late(cloud.clock, limit, outcome));
  while (!outcome->value && !outcome->late) co_await outcome->changed.wait();
  co_await tasks.close();
  co_return std::move(outcome->value);
}

}  // namespace localcloud
