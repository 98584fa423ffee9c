// A program that is kept running to build functions: it is asked and answers in lines of JSON, over a Unix socket in a
// private folder. It is started with the first question, and anew if it ended. It knows nothing of what is built.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/notifier.h"
#include "base/result.h"
#include "base/task_group.h"
#include "codec/json.h"
#include "os/files.h"
#include "os/spawner.h"

namespace worker {

using boost::asio::awaitable;

class BuildHelper {
 public:
  // The spawner outlives it.
  BuildHelper(boost::asio::any_io_executor executor, os::Spawner& spawner,
              std::map<std::string, std::string> environment);

  // The answer to a question; any number at a time. `command` starts the program, which gets the socket's path as its
  // last argument. Errors: local_resource, if it does not start, or ends twice before it answers.
  awaitable<base::Result<codec::json::object>> ask(std::vector<std::string> command, codec::json::object question);

  // Ends the program, and waits for it.
  awaitable<void> close();

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  awaitable<base::Result<>> start(std::vector<std::string> command);
  awaitable<void> read_answers(std::shared_ptr<Socket> socket);
  void take(std::string_view line);

  boost::asio::any_io_executor executor_;
  os::Spawner& spawner_;
  std::map<std::string, std::string> environment_;
  os::TemporaryDirectory folder_{"livelambda-build"};
  std::unique_ptr<os::Process> process_;
  std::shared_ptr<Socket> socket_;  // null: not running
  bool starting_ = false;
  bool closed_ = false;
  std::string unsent_;  // questions, in order
  bool sending_ = false;
  std::int64_t last_id_ = 0;
  std::map<std::int64_t, codec::json::object> answers_;
  base::Notifier changed_;
  base::TaskGroup tasks_;
};

}  // namespace worker
