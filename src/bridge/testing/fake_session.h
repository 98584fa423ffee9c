// A developer's laptop in a simulation: both session machines, workers that answer after a while, and the weaknesses of
// laptops. What the session does over the network it does at the modelled gateway and table.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bridge/link_machine.h"
#include "bridge/session_machine.h"
#include "bridge/testing/ledger.h"
#include "bridge/testing/table.h"

namespace bridge::testing {

// What every peer stands in.
struct Surroundings {
  Timeline& timeline;
  Gateway& gateway;
  Table& table;
  Ledger& ledger;
};

class FakeSession final : public Socket {
 public:
  FakeSession(Surroundings with, std::string name, std::string owner, base::Millis clock_skew, std::size_t max_message);

  void start();
  bool ready() const { return !connection_id_.empty(); }  // it has registered a link
  const std::string& connection_id() const { return connection_id_; }

  void kill();        // kill -9: its connection closes, nothing is said
  void drop_link();   // its connection closes; it does not know
  void reconnect();   // it sees that its connection has closed
  void go_offline();  // nothing leaves or arrives; the gateway does not see it
  void go_online() { offline_ = false; }
  void end_cleanly();  // the first Ctrl+C
  void sleep() { computer_.sleep(); }
  void wake() { computer_.wake(); }
  void hint_displaced();

  Instant now() const { return computer_.now(); }
  std::size_t unwritten() const;  // of streamed answers
  std::size_t held_bytes() const { return machine_.held_bytes(); }

  // Socket
  void text(const std::string& connection_id, std::string text) override;
  void closed(const std::string& connection_id, int code) override;

  base::Millis build_time{0};
  base::Millis run_time{5};
  std::function<Answer(const Invocation&)> handler;
  bool streams = false;  // answers come as streams, `burst` bytes every `pause`
  std::size_t burst = 50'000;
  base::Millis pause{3};
  bool breaks_off = false;                     // a stream ends with an error
  bool alive = true;                           // else it reads nothing and says nothing
  std::optional<Outcome> credentials_expired;  // how AWS refuses every request of it
  std::function<void(const AttemptId&)> on_start = {};

  // What became of it.
  bool displaced = false;
  bool drained = false;
  bool gave_up = false;  // it got no first link
  std::vector<Announced> announced;
  std::vector<Delivered> delivered;
  std::map<AttemptId, Invocation> invocations;
  std::map<AttemptId, int> executions;
  std::set<AttemptId> cancelled;
  std::vector<SessionPost> posts;
  bool keeps_posts = false;  // in `posts`

  SessionMachine& machine() { return machine_; }

 private:
  struct Streaming {
    std::string rest;
    bool waits_for_room = false;
  };
  void perform(SessionActions actions);
  void follow(LinkActions actions);
  void act(SessionPost post);
  void act(Announced announced);
  void act(AttemptArrived attempt);
  void act(StartAttempt start);
  void act(CancelAttempt cancel);
  void act(StreamRoom room);
  void act(Delivered one);
  void act(Undelivered) {}
  void act(PostDenied) {}
  void act(SayHello);
  void act(Drained) { drained = true; }
  void act(OpenLink);
  void act(ReadEntry read);
  void act(WriteEntry write);
  void act(LinkReady ready);
  void act(LinkTrouble) {}
  void act(NoLink);
  void act(BidFarewell farewell);
  void act(PingLink);
  void act(HelloLink);
  void act(DisplacedBy by);
  void act(BridgeRemoved) {}
  void read_entry(TableUse use, int tries);
  void write_entry(WriteEntry write, int tries);
  void finish(const AttemptId& id);
  void write_stream(const AttemptId& id);
  bool runs(const AttemptId& id) const { return alive && !cancelled.contains(id); }
  void arm();

  Surroundings with_;
  std::string name_;
  Machine computer_;
  LinkMachine link_;
  SessionMachine machine_;
  std::string connection_id_;                               // of the registered link
  std::map<std::string, std::vector<std::string>> unread_;  // of links that are not registered yet
  std::set<std::string> read_;                              // links that were
  std::set<std::string> known_closed_;
  int pings_unanswered_ = 0;
  bool offline_ = false;
  std::map<AttemptId, Streaming> streaming_;
  std::map<AttemptId, base::SteadyTime> deadlines_;
};

}  // namespace bridge::testing
