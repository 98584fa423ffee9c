// An invocation whose answer is read while the function runs: the invocation as a task, and its stream.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/notifier.h"
#include "base/result.h"
#include "base/task_group.h"
#include "localcloud/lambda/answer_stream.h"
#include "localcloud/lambda/lambda.h"

namespace localcloud {

class LambdaService;

// Begins when constructed. Whoever has one awaits close() at its end, or lets it be destroyed if cancelled; the
// function runs on in any case.
class StreamedInvocation {
 public:
  StreamedInvocation(LambdaService& service, const boost::asio::any_io_executor& executor, InvokeInput input,
                     bool wants_log_tail);
  ~StreamedInvocation() { state_->stream->abandon(); }
  StreamedInvocation(const StreamedInvocation&) = delete;
  StreamedInvocation& operator=(const StreamedInvocation&) = delete;

  // Returns when the function streams, or has answered as a whole. Errors: of invoke(), if it did not even run.
  awaitable<base::Result<>> until_begun();
  // The next piece of what it streams; nullopt at the end.
  awaitable<std::optional<std::string>> read() { return state_->stream->read(); }
  // How it ended, with the whole answer if it was not streamed.
  awaitable<base::Result<InvokeOutput>> finish();
  awaitable<void> close();

  const AnswerStream& stream() const { return *state_->stream; }

 private:
  struct State {
    std::shared_ptr<AnswerStream> stream = std::make_shared<AnswerStream>();
    std::optional<base::Result<InvokeOutput>> result;
    base::Notifier done;
  };
  static awaitable<void> run(LambdaService& service, InvokeInput input, bool wants_log_tail,
                             std::shared_ptr<State> state);

  std::shared_ptr<State> state_ = std::make_shared<State>();
  base::TaskGroup tasks_;
};

}  // namespace localcloud
