// The I/O of the bridge's two session machines: opens the connections and reads and writes the entry that the link
// machine wants, and posts what the session machine wants posted.
//
// Attempts go to an AttemptHandler; what became of them comes back through worker_ready() and answer(). One thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "aws/client.h"
#include "base/clock.h"
#include "base/notifier.h"
#include "base/result.h"
#include "base/task_group.h"
#include "bridge/link_machine.h"
#include "bridge/session_machine.h"
#include "net/tls.h"
#include "session/bridge_link.h"
#include "session/registrar.h"
#include "session/reporter.h"

namespace session {

using boost::asio::awaitable;

// What the driver hands on, in the machine's order. A call that the handler makes into the driver from here is worked
// off after it returns.
class AttemptHandler {
 public:
  virtual ~AttemptHandler() = default;
  virtual void announced(bridge::Announced announced) = 0;
  virtual void arrived(bridge::AttemptArrived attempt) = 0;
  virtual void start(bridge::AttemptId id) = 0;
  virtual void cancel(bridge::AttemptId id, std::string reason) = 0;
  // A streamed answer that had no room has some again.
  virtual void has_room(bridge::AttemptId id) = 0;
  virtual void delivered(bridge::Delivered delivered) = 0;
  virtual void undelivered(bridge::AttemptId id) = 0;
};

// What a handler says back.
class AttemptSink {
 public:
  virtual ~AttemptSink() = default;
  virtual void worker_ready(bridge::AttemptId id) = 0;
  virtual void answer(bridge::AttemptId id, bridge::Answer answer) = 0;
  // A streamed answer; see bridge::SessionMachine.
  virtual void stream_begin(bridge::AttemptId id, bridge::NameValues headers) = 0;
  virtual void stream_write(bridge::AttemptId id, std::string_view bytes) = 0;
  virtual void stream_end(bridge::AttemptId id, std::optional<bridge::Answer> error) = 0;
  virtual std::size_t stream_room(bridge::AttemptId id) const = 0;
  // The attempt gets no answer: it timed out, which Lambda says by itself, or was cancelled.
  virtual void abandon(bridge::AttemptId id) = 0;
};

struct BridgeConfig {
  aws::ClientConfig aws;
  std::string url;  // wss://… of the WebSocket stage
  std::string table;
  std::string owner;  // user@host
  std::string principal;
  std::shared_ptr<net::TlsContext> tls;
  // Finds out how long a message may be (message_size.h), beside the first connection; the claim waits a second for it.
  // Empty: not asked.
  std::function<awaitable<std::size_t>()> find_max_message = {};
  // Waits until this machine is in another network than before. Empty: nobody tells.
  std::function<awaitable<void>()> network_change = {};
  // How long the first connection is tried again when the API refuses it: after a deployment neither the API nor the
  // permission to use it is in force everywhere at once.
  base::Millis patience{5'000};
};

class BridgeDriver final : public AttemptSink {
 public:
  BridgeDriver(boost::asio::any_io_executor executor, BridgeConfig config, const base::Clock& clock,
               Reporter& reporter);
  ~BridgeDriver() override;

  // Opens the first link and takes over the registration. `handler` outlives the driver's last action, which comes
  // before run() returns an owner or finish() ends. Errors: connect, permission, ….
  awaitable<base::Result<>> connect(AttemptHandler& handler);

  // Serves until another session displaces this one (its owner is returned), the bridge is removed, or the coroutine is
  // cancelled. After a displacement what runs has had its 10 s of grace.
  awaitable<std::string> run();
  bool bridge_is_removed() const { return removed_; }

  // The end: takes connection and key out of the registration, so that stubs answer at once, lets running attempts end
  // for `grace`, and waits until every answer has left. Cancelling it cuts that short, and nothing else: after it no
  // task of the driver is left, and calls into it do nothing.
  awaitable<void> finish(base::Millis grace);

  void worker_ready(bridge::AttemptId id) override;
  void answer(bridge::AttemptId id, bridge::Answer answer) override;
  void stream_begin(bridge::AttemptId id, bridge::NameValues headers) override;
  void stream_write(bridge::AttemptId id, std::string_view bytes) override;
  void stream_end(bridge::AttemptId id, std::optional<bridge::Answer> error) override;
  std::size_t stream_room(bridge::AttemptId id) const override { return machine_.stream_room(id); }
  void abandon(bridge::AttemptId id) override;

 private:
  bridge::Instant now() const { return {clock_.now(), clock_.wall_now()}; }
  void perform(bridge::SessionActions actions);  // in order; what arises meanwhile comes after
  void act(bridge::SessionPost post);
  void act(bridge::Announced announced);
  void act(bridge::AttemptArrived attempt) { handler_->arrived(std::move(attempt)); }
  void act(bridge::StartAttempt start) { handler_->start(start.id); }
  void act(bridge::CancelAttempt cancel) { handler_->cancel(cancel.id, std::move(cancel.reason)); }
  void act(bridge::StreamRoom room) { handler_->has_room(room.id); }
  void act(bridge::Delivered delivered) { handler_->delivered(delivered); }
  void act(bridge::Undelivered undelivered) { handler_->undelivered(undelivered.id); }
  void act(bridge::PostDenied denied);
  void act(bridge::SayHello);
  void act(bridge::Drained);

  awaitable<void> post(bridge::SessionPost post);
  awaitable<void> watch(base::TaskGroup* tasks);
  awaitable<void> leave(base::Millis grace);
  awaitable<void> close_tasks();
  awaitable<void> keep_timer();
  void receive(const std::shared_ptr<BridgeLink>& link, std::string_view text);
  void report_drops(bool flush);

  // The link.
  void follow(bridge::LinkActions actions);
  void act(bridge::OpenLink);
  void act(bridge::ReadEntry read);
  void act(bridge::WriteEntry write);
  void act(bridge::LinkReady ready);
  void act(bridge::LinkTrouble);
  void act(bridge::NoLink);
  void act(bridge::BidFarewell farewell);
  void act(bridge::PingLink);
  void act(bridge::HelloLink);
  void act(bridge::DisplacedBy displaced);
  void act(bridge::BridgeRemoved);
  awaitable<void> open_link();
  awaitable<void> find_max_message();
  awaitable<void> follow_network();
  void set_max_message(std::size_t characters);
  awaitable<void> read_entry(bridge::TableUse use);
  awaitable<void> write_entry(bridge::WriteEntry write);
  awaitable<void> bid_farewell(bridge::Replaced replaced);
  awaitable<void> read_link(std::shared_ptr<BridgeLink> link);
  awaitable<void> say_hello(std::shared_ptr<BridgeLink> link);
  awaitable<void> ping(std::shared_ptr<BridgeLink> link);
  awaitable<void> keep_link_timer();

  boost::asio::any_io_executor executor_;
  BridgeConfig config_;
  const base::Clock& clock_;
  Reporter& reporter_;
  Registrar registrar_;
  bridge::LinkMachine link_machine_;
  bridge::SessionMachine machine_;
  AttemptHandler* handler_ = nullptr;

  std::shared_ptr<BridgeLink> link_;       // the registered one
  std::shared_ptr<BridgeLink> replaced_;   // the one before: open until it closes, or is replaced in its turn
  std::shared_ptr<BridgeLink> candidate_;  // opened, not registered yet
  base::Error link_error_;                 // why the last try to have a link failed
  boost::asio::steady_timer machine_timer_;
  boost::asio::steady_timer link_timer_;
  boost::asio::steady_timer connected_;  // cancelled when the first link is ready, or cannot be had
  boost::asio::steady_timer ended_;      // cancelled when the session is displaced
  boost::asio::steady_timer drained_;    // cancelled when the machine is drained
  std::deque<bridge::SessionAction> actions_;
  bool performing_ = false;
  bool is_drained_ = false;
  bool removed_ = false;
  bool closed_ = false;  // no task may begin any more
  base::SteadyTime last_drop_report_{};
  std::map<std::string, std::uint64_t> reported_drops_;
  std::string displaced_by_;
  bool finding_max_message_ = false;
  base::Notifier max_message_found_;
  // By environment, for posts to it when the session's own credentials are refused.
  std::map<bridge::EnvironmentId, std::shared_ptr<aws::CredentialsProvider>> lent_;
  bool lending_told_ = false;
  std::exception_ptr failure_;  // a task broke: run() throws it
  base::TaskGroup tasks_;
  base::TaskGroup requests_;  // of the link machine
  base::TaskGroup supervision_;
};

}  // namespace session
