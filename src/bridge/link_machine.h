// The session's link to the bridge and its entry in the table. Pure: what happened goes in with the time, actions come
// out, to be done in order. It opens connections and makes the newest the registered one, on the conditions of
// registration.h; it renews it before the API's 2 hours, keeps it from idling, and finds out when another session has
// taken over. It never registers again by itself after that.
//
// A request of the table may be answered late or never, and a write whose answer was lost may have succeeded: every
// answer names the use that its request had, and one of each use is under way at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridge/actions.h"
#include "bridge/registration.h"

namespace bridge {

enum class TableUse { claim, renewal, check };

// Connect and say hello, then link_opened() or link_failed(). A connection that was opened before, and of which no
// LinkReady was said, is closed.
struct OpenLink {};
// A consistent read, then entry_read() or table_failed().
struct ReadEntry {
  TableUse use;
};
// Then entry_written(), condition_failed() or table_failed().
struct WriteEntry {
  TableUse use;
  ConditionalWrite write = {};
};
// The connection opened last is registered. The one before stays open until it closes.
struct LinkReady {
  std::string connection_id = {};
  std::uint64_t link = 0;
};
// The link is lost and the first try to replace it failed; tries go on.
struct LinkTrouble {};
// No first link could be had.
struct NoLink {};
// Post kDisplacedText there, and delete that connection after 15 s.
struct BidFarewell {
  Replaced replaced = {};
};
struct PingLink {};
struct HelloLink {};
struct DisplacedBy {
  std::string owner = {};  // never empty
};
// The table is gone: the bridge comes back no more.
struct BridgeRemoved {};

using LinkAction = std::variant<OpenLink, ReadEntry, WriteEntry, LinkReady, LinkTrouble, NoLink, BidFarewell, PingLink,
                                HelloLink, DisplacedBy, BridgeRemoved>;
using LinkActions = std::vector<LinkAction>;

class LinkMachine {
 public:
  // `patience` is how long the first connection is tried again when it is refused. `seed` is for jitter.
  LinkMachine(Registration own, base::Millis patience, std::uint64_t seed);

  const Registration& own() const { return own_; }
  // How long a message may be; whoever registers from now on says so. Before link_opened() for the first link.
  void set_max_message(std::size_t characters) { own_.max_message = characters; }

  LinkActions start(Instant at);
  LinkActions link_opened(Instant at, std::string connection_id);
  LinkActions link_failed(Instant at, const Outcome& outcome);
  LinkActions link_lost(Instant at, std::string_view connection_id);  // any connection of ours closed
  LinkActions entry_read(Instant at, TableUse use, const std::optional<Registration>& found);
  LinkActions entry_written(Instant at, TableUse use);
  LinkActions condition_failed(Instant at, TableUse use, const std::optional<Registration>& found);
  LinkActions table_failed(Instant at, TableUse use, const Outcome& outcome);
  // Something says that another session took over: look, at most once a second.
  LinkActions displaced_hint(Instant at);
  // The link may be dead, though nothing says so; and what waits before it tries again need not wait.
  LinkActions network_changed(Instant at);
  // The end: no link is opened and nothing written any more but this, if there is something to take back.
  std::optional<ConditionalWrite> end();

  LinkActions timer(Instant at, bool attempts_are_open);
  std::optional<base::SteadyTime> next_timer() const;

 private:
  bool over() const { return ended_ || displaced_ || removed_; }
  void open(LinkActions& actions);
  void reopen(Instant at, LinkActions& actions);
  void fail(Instant at, const Outcome& outcome, LinkActions& actions);
  void become_ready(Instant at, LinkActions& actions);
  void read_claim(LinkActions& actions);
  void want_check(Instant at);
  void keep_alive(Instant at, bool attempts_are_open, LinkActions& actions);
  void displaced(const std::optional<Registration>& by, LinkActions& actions);

  Registration own_;
  base::Millis patience_;
  std::minstd_rand random_;
  bool ended_ = false;
  bool displaced_ = false;
  bool removed_ = false;

  // The link.
  base::SteadyTime give_up_at_{};
  bool established_ = false;   // a first link was ready
  bool opening_ = false;       // until it is registered, or failed
  bool lost_ = false;          // the registered one, and none is ready since
  bool trouble_told_ = false;  // since a link was ready
  std::string ready_id_;       // of the registered connection
  int tries_ = 0;              // to open a link, since one was steady
  base::SteadyTime ready_at_{};
  std::optional<base::SteadyTime> retry_at_;
  std::optional<base::SteadyTime> old_at_;

  // Keeping it alive.
  std::optional<base::SteadyTime> round_at_;
  base::WallTime last_round_{};
  base::SteadyTime last_ping_{};
  base::SteadyTime last_hello_{};

  // The entry.
  bool perhaps_registered_ = false;
  std::optional<Registration> found_;   // by the claim
  std::optional<Replaced> to_be_told_;  // by a claim, as soon as one succeeds
  std::optional<base::SteadyTime> claim_again_at_;
  bool checking_ = false;
  std::optional<base::SteadyTime> check_at_;
  std::optional<base::SteadyTime> last_check_;
};

}  // namespace bridge
