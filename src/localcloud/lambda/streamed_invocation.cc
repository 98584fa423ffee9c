#include "localcloud/lambda/streamed_invocation.h"

#include "localcloud/lambda/lambda_service.h"

namespace localcloud {

StreamedInvocation::StreamedInvocation(LambdaService& service, const boost::asio::any_io_executor& executor,
                                       InvokeInput input, bool wants_log_tail)
    : tasks_(executor) {
  tasks_.spawn(run(service, std::move(input), wants_log_tail, state_));
}

awaitable<void> StreamedInvocation::run(LambdaService& service, InvokeInput input, bool wants_log_tail,
                                        std::shared_ptr<State> state) {
  auto result = co_await service.invoke_with(std::move(input), wants_log_tail, state->stream);
  if (!result) state->stream->close(result.error().code, {});
  state->result = std::move(result);
  state->done.notify_all();
}

awaitable<base::Result<>> StreamedInvocation::until_begun() {
  co_await state_->stream->until_begun();
  if (state_->stream->begun()) co_return base::Result<>();
  while (!state_->result) co_await state_->done.wait();
  if (!*state_->result) co_return base::fail(state_->result->error());
  co_return base::Result<>();
}

awaitable<base::Result<InvokeOutput>> StreamedInvocation::finish() {
  while (!state_->result) co_await state_->done.wait();
  co_return *state_->result;
}

awaitable<void> StreamedInvocation::close() {
  state_->stream->abandon();
  return tasks_.close();
}

}  // namespace localcloud
