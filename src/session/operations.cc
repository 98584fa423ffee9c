#include "session/operations.h"

#include <boost/asio/this_coro.hpp>

#include "session/app_stacks.h"
#include "session/deployment.h"
#include "session/workspace.h"

namespace session {

namespace asio = boost::asio;

awaitable<base::Result<>> deploy(Options options, Surroundings with) {
  Workspace workspace(co_await asio::this_coro::executor, options, with);
  CO_TRY(co_await workspace.open());
  CO_TRY(co_await workspace.read(project::Purpose::real));
  co_return co_await deploy_real(workspace, options, with);
}

awaitable<base::Result<>> outputs(Options options, Surroundings with) {
  Workspace workspace(co_await asio::this_coro::executor, options, with);
  CO_TRY(co_await workspace.open());
  CO_TRY(co_await workspace.read(project::Purpose::live));
  AppStacks stacks(workspace);
  for (const app::Stack& stack : workspace.application().stacks) {
    CO_TRY(auto state, co_await stacks.glance(stack));
    if (!state.exists) {
      co_return base::fail(base::ErrorKind::deployment, "stack " + stack.name + " is not there",
                           "Run `livelambda start` or `livelambda deploy` first, or name another --stage.");
    }
    with.reporter.report(Outputs{stack.name, std::move(state.outputs)});
  }
  co_return base::Result<>();
}

}  // namespace session
