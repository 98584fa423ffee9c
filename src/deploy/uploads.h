// Packages on their way to the debug stack's bucket, while the stacks before them are deployed: each is looked for
// first (keys are made of contents, so what is there is right), and only what is missing is made, off the loop, and
// sent.
//
//   Uploads uploads(executor, s3, on_upload);
//   uploads.add(key, make_body);        // as soon as the key is known
//   uploads.start(bucket);              // as soon as the bucket is
//   CO_TRY(co_await uploads.finish());
//   co_await uploads.close();           // however it went: before its destruction
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "aws/s3.h"
#include "base/off_loop.h"
#include "base/task_group.h"

namespace deploy {

struct UploadEvent {
  std::string key;
  std::size_t bytes = 0;
  bool done = false;  // else it begins
};
using OnUpload = std::function<void(const UploadEvent&)>;

class Uploads {
 public:
  // Called on a thread of its own. Errors end the uploads.
  using MakeBody = std::function<base::Result<std::string>()>;

  // `s3` outlives it. `on_upload` is told of what is sent, not of what was there.
  Uploads(boost::asio::any_io_executor executor, aws::S3& s3, OnUpload on_upload);

  // A key that was added before is left out.
  void add(std::string key, MakeBody make_body);
  // At most eight go at the same time.
  void start(std::string bucket);
  // Until all that was added is there. The first error; the others are not begun then. Before start(): internal, if
  // there is anything to send.
  base::awaitable<base::Result<>> finish();
  // Cancels what is still on its way and waits until nothing touches this any more. In a cancelled coroutine as
  // TaskGroup::close().
  base::awaitable<void> close() { return tasks_.close(); }

 private:
  struct Item {
    std::string key;
    MakeBody make_body;
  };

  void spawn_workers();
  base::awaitable<void> work();
  base::awaitable<base::Result<>> send(Item item);

  aws::S3& s3_;
  OnUpload on_upload_;
  std::string bucket_;
  std::set<std::string> known_;
  std::deque<Item> waiting_;
  std::size_t open_ = 0;  // added and not sent
  std::size_t workers_ = 0;
  std::optional<base::Error> error_;
  base::OffLoop off_loop_;
  base::TaskGroup tasks_;
};

}  // namespace deploy
