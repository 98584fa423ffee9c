// The I/O of the stub machine: does its actions, and tells it what happened. One execution environment, one thread.
//
// Every answer of `next` counts as a thaw: posts and reads that are still under way end, unheard. Connections to the
// bridge and the Runtime API's are kept apart, since the latter stay good.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <string>

#include "aws/client.h"
#include "base/clock.h"
#include "base/task_group.h"
#include "bridge/stub_machine.h"
#include "net/http_client.h"
#include "net/websocket.h"
#include "stub/config.h"
#include "stub/runtime_client.h"

namespace stub {

using boost::asio::awaitable;

class Driver {
 public:
  Driver(boost::asio::any_io_executor executor, Config config, std::shared_ptr<net::TlsContext> tls,
         const base::Clock& clock);
  ~Driver();

  // Serves until the machine ends the process, or Lambda's Runtime API is gone.
  awaitable<void> run();

 private:
  bridge::Instant now() const { return {clock_.now(), clock_.wall_now()}; }
  void perform(bridge::StubActions actions);  // in order; what arises meanwhile comes after
  void act(bridge::OpenSocket);
  void act(bridge::StubPost post);
  void act(bridge::ReadRegistration);
  void act(bridge::Ping);
  template <typename ForLambda>  // an answer, whole or streamed, ReadyForNext, Exit
  void act(ForLambda action) {
    for_lambda_.emplace_back(std::move(action));
    lambda_wanted_.cancel();
  }

  awaitable<void> open_socket();
  awaitable<void> abort_without_hello(std::shared_ptr<net::WebSocket> socket);
  awaitable<void> read_socket(std::shared_ptr<net::WebSocket> socket);
  awaitable<void> ping(std::shared_ptr<net::WebSocket> socket);
  awaitable<void> post(bridge::StubPost post);
  awaitable<void> read_registration();
  awaitable<void> talk_to_lambda();
  awaitable<base::Result<>> tell_lambda(bridge::StubAction answer);
  awaitable<base::Result<>> finish_stream(std::optional<RuntimeClient::StreamError> error);
  awaitable<void> keep_timer();
  void receive(const std::shared_ptr<net::WebSocket>& socket, std::string_view text);

  const base::Clock& clock_;
  std::unique_ptr<net::HttpClient> bridge_http_;
  std::unique_ptr<net::HttpClient> runtime_http_;
  std::shared_ptr<net::TlsContext> tls_;
  Config config_;
  aws::ClientConfig aws_;
  RuntimeClient runtime_;
  bridge::StubMachine machine_;
  std::shared_ptr<net::WebSocket> socket_;  // the newest that said hello
  std::deque<bridge::StubAction> actions_;
  bool performing_ = false;
  // What talk_to_lambda() does next, in the machine's order: answers, then `next`, or the end.
  std::deque<bridge::StubAction> for_lambda_;
  std::unique_ptr<net::RequestStream> stream_;  // the answer that is being streamed; null too once Lambda broke it off
  boost::asio::steady_timer lambda_wanted_;     // cancelled when for_lambda_ has something
  boost::asio::steady_timer machine_timer_;
  base::TaskGroup requests_;  // posts and reads: a thaw ends them
  base::TaskGroup tasks_;
};

}  // namespace stub
