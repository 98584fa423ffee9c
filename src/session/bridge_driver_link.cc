// The link machine's I/O.
#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "base/log.h"
#include "bridge/plain_text.h"
#include "session/bridge_driver.h"

namespace session {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kDisplacementGrace = 10s;  // for what runs when another session takes over
constexpr std::uint16_t kTooBig = 1009;   // RFC 6455 §7.4.1
constexpr auto kMaxMessagePatience = 1s;
constexpr auto kFarewell = 15s;  // then the replaced connection is deleted
constexpr aws::CallOptions kPost{.attempts = 1, .timeout = 2s, .connect_timeout = 1s};

}  // namespace

void BridgeDriver::follow(bridge::LinkActions actions) {
  if (closed_) return;
  for (auto& action : actions) {
    std::visit([this](auto& one) { act(std::move(one)); }, action);
  }
  link_timer_.cancel();  // keep_link_timer() sets it anew
}

awaitable<void> BridgeDriver::keep_link_timer() {
  while (true) {
    link_timer_.expires_at(link_machine_.next_timer().value_or(asio::steady_timer::time_point::max()));
    co_await base::wait_on(link_timer_);
    auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    report_drops(true);
    auto due = link_machine_.next_timer();
    if (due && *due <= clock_.now()) follow(link_machine_.timer(now(), machine_.open_attempts() > 0));
  }
}

void BridgeDriver::act(bridge::OpenLink) {
  candidate_ = nullptr;
  requests_.spawn(open_link());
}

void BridgeDriver::act(bridge::ReadEntry read) {
  requests_.spawn(read_entry(read.use));
}

void BridgeDriver::act(bridge::WriteEntry write) {
  requests_.spawn(write_entry(std::move(write)));
}

void BridgeDriver::act(bridge::LinkReady ready) {
  if (replaced_) replaced_->abort();  // in another network it is dead, and nobody says so
  replaced_ = std::exchange(link_, std::exchange(candidate_, nullptr));
  machine_.hello_answered(now(), link_->aws_time_ms());
  perform(machine_.connected(now(), std::move(ready.connection_id), ready.link));
  tasks_.spawn(read_link(link_));
  connected_.cancel();
}

void BridgeDriver::act(bridge::LinkTrouble) {
  reporter_.report(Notice{fmt::format("the connection to the bridge is lost ({}); trying again", link_error_.message)});
}

void BridgeDriver::act(bridge::NoLink) {
  connected_.cancel();
}

void BridgeDriver::act(bridge::BidFarewell farewell) {
  tasks_.spawn(bid_farewell(std::move(farewell.replaced)));
}

void BridgeDriver::act(bridge::PingLink) {
  if (link_) tasks_.spawn(ping(link_));
}

void BridgeDriver::act(bridge::HelloLink) {
  if (link_) tasks_.spawn(say_hello(link_));
}

void BridgeDriver::act(bridge::DisplacedBy displaced) {
  candidate_ = nullptr;
  displaced_by_ = std::move(displaced.owner);
  reporter_.report(Displaced{displaced_by_});
  perform(machine_.stop(now(), "another client has connected: " + displaced_by_, kDisplacementGrace));
  ended_.cancel();
}

void BridgeDriver::act(bridge::BridgeRemoved) {
  removed_ = true;
  ended_.cancel();
}

awaitable<void> BridgeDriver::open_link() {
  auto opened = co_await BridgeLink::open(config_.aws, config_.url, config_.tls);
  if (!opened) {
    link_error_ = std::move(opened.error());
    follow(link_machine_.link_failed(now(), bridge::to_outcome(link_error_)));
    co_return;
  }
  candidate_ = std::move(*opened);
  follow(link_machine_.link_opened(now(), candidate_->connection_id()));
}

awaitable<void> BridgeDriver::follow_network() {
  while (true) {
    co_await config_.network_change();
    config_.aws.http->close_idle();  // connections from an address that is gone
    follow(link_machine_.network_changed(now()));
  }
}

// What is found out later counts for messages of this session, and in the table from its next link on.
awaitable<void> BridgeDriver::find_max_message() {
  set_max_message(co_await config_.find_max_message());
  finding_max_message_ = false;
  max_message_found_.notify_all();
}

void BridgeDriver::set_max_message(std::size_t characters) {
  link_machine_.set_max_message(characters);
  machine_.set_max_message(characters);
}

awaitable<void> BridgeDriver::read_entry(bridge::TableUse use) {
  auto found = co_await registrar_.read();
  if (use == bridge::TableUse::claim) {
    base::SteadyTime until = clock_.now() + kMaxMessagePatience;
    while (finding_max_message_ && clock_.now() < until) co_await max_message_found_.wait(until);
  }
  if (!found) {
    link_error_ = std::move(found.error());
    follow(link_machine_.table_failed(now(), use, bridge::to_outcome(link_error_)));
    co_return;
  }
  follow(link_machine_.entry_read(now(), use, *found));
}

awaitable<void> BridgeDriver::write_entry(bridge::WriteEntry write) {
  auto written = co_await registrar_.write(std::move(write.write));
  if (!written) {
    link_error_ = std::move(written.error());
    follow(link_machine_.table_failed(now(), write.use, bridge::to_outcome(link_error_)));
  } else if (written->done) {
    follow(link_machine_.entry_written(now(), write.use));
  } else {
    follow(link_machine_.condition_failed(now(), write.use, written->found));
  }
}

awaitable<void> BridgeDriver::bid_farewell(bridge::Replaced replaced) {
  auto told = co_await aws::post_to_connection(config_.aws, replaced.endpoint, replaced.connection_id,
                                               std::string(bridge::kDisplacedText), kPost);
  if (!told && told.error().status == 410) co_return;  // nobody is there any more
  co_await base::sleep_for(kFarewell);
  auto deleted = co_await aws::delete_connection(config_.aws, replaced.endpoint, replaced.connection_id);
  if (!deleted) base::log_warn("the replaced connection could not be closed: {}", deleted.error().message);
}

awaitable<void> BridgeDriver::read_link(std::shared_ptr<BridgeLink> link) {
  while (true) {
    auto text = co_await link->read();
    if (!text && text.error().status == kTooBig) set_max_message(bridge::kDefaultMaxMessage);
    if (!text) break;
    receive(link, *text);
  }
  follow(link_machine_.link_lost(now(), link->connection_id()));
}

awaitable<void> BridgeDriver::say_hello(std::shared_ptr<BridgeLink> link) {
  auto sent = co_await link->say_hello();
  if (!sent) link->abort();
}

awaitable<void> BridgeDriver::ping(std::shared_ptr<BridgeLink> link) {
  if (!co_await link->ping()) link->abort();
}

}  // namespace session
