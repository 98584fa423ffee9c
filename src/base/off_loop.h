// Threads for work that would keep the loop waiting: zipping, reading many files.
//
// run() resumes on the loop of its caller, after the work. It cannot be cancelled: work that has begun is waited for.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>

namespace base {

class OffLoop {
 public:
  explicit OffLoop(std::size_t threads) : threads_(threads) {}
  // Waits for what runs.
  ~OffLoop() { threads_.join(); }
  OffLoop(const OffLoop&) = delete;
  OffLoop& operator=(const OffLoop&) = delete;

  // `work` touches nothing that the loop touches meanwhile, and does not throw.
  boost::asio::awaitable<void> run(std::function<void()> work);

 private:
  boost::asio::thread_pool threads_;
};

}  // namespace base
