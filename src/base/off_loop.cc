#include "base/off_loop.h"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace base {

namespace asio = boost::asio;

asio::awaitable<void> OffLoop::run(std::function<void()> work) {
  auto begin = [this](auto resume, std::function<void()> todo) {
    auto loop = asio::get_associated_executor(resume);
    asio::post(threads_,
               [resume = std::move(resume), todo = std::move(todo), guard = asio::make_work_guard(loop)]() mutable {
                 todo();
                 // The loop may end as soon as it resumed: what holds it goes with that.
                 const asio::any_io_executor back = guard.get_executor();
                 asio::post(back, [resume = std::move(resume), held = std::move(guard)]() mutable { resume(); });
               });
  };
  co_await asio::async_initiate<decltype(asio::use_awaitable), void()>(begin, asio::use_awaitable, std::move(work));
}

}  // namespace base
