#include "session/confirm.h"

namespace session {

awaitable<bool> confirm(Surroundings with, deploy::Question question) {
  if (!with.terminal.is_interactive()) co_return true;
  with.terminal.forget();
  with.reporter.report(Question{question.words + ": "});
  auto answer = co_await with.terminal.next_line();
  co_return answer && *answer == question.answer;
}

}  // namespace session
