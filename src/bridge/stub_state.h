// Inside the stub machine. Not for others to include.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bridge/no_session.h"
#include "bridge/outgoing.h"
#include "bridge/post_queue.h"
#include "bridge/reassembly.h"
#include "bridge/stream.h"
#include "bridge/stub_machine.h"

namespace bridge {

using base::SteadyTime;

struct StubMachine::State {
  // The way to one session: its keys, and where it is.
  struct Channel {
    Channel(const Registration& named, const EnvironmentId& environment, const KeyPair& keys, std::uint64_t counter)
        : registration(named),
          key_id(key_id_of(named)),
          sealer(key_id, environment, keys.stub, counter),
          opener(key_id, keys.session, keys.stub) {}

    Registration registration;  // connection_id and link are the newest seen, in a frame or in the table
    KeyId key_id;
    Sealer sealer;
    Opener opener;
    Reassembler reassembler;
    bool announced = false;  // whole, certainly
    bool silent = false;     // gave no word to an attempt, and none since
  };

  struct Attempt {
    explicit Attempt(std::uint64_t with_number) : number(with_number) {}

    std::uint64_t number;
    Invocation invocation;
    SteadyTime deadline;
    std::optional<bool> http;  // is the event certainly HTTP?
    std::string target;        // the connection it was last sent to, or asked about at
    std::string session;       // it was, or is being, sent to; empty = to none yet
    std::unique_ptr<Outgoing> invoke;
    bool pinned = false;      // all its frames may have arrived there
    SteadyTime pinned_since;  // when that became so
    SteadyTime pinned_at;     // the same, or the last new link of that session
    bool heard = false;       // any word from that session about it
    SteadyTime last_heard;
    bool accepted = false;
    bool ask_when_pinned = false;           // frames left without the address that we have by now
    bool expired = false;                   // past its deadline: Lambda ends it
    std::set<std::string> dead;             // connections that answered 410, or refused
    std::set<std::string> refused;          // sessions
    std::optional<SteadyTime> dead_since;   // not pinned, and what the table names is dead
    std::optional<SteadyTime> lost_since;   // pinned and heard: 410, or an ask without reply
    std::optional<SteadyTime> other_until;  // pinned: the table names another session, or none
    std::optional<SteadyTime> ask_at;
    std::optional<SteadyTime> reply_due;   // of an ask
    std::optional<SteadyTime> missing_at;  // an answer came in part
    std::optional<IncomingStream> stream;  // from the first piece of a streamed answer
    bool stream_begun = false;             // Lambda has its headers: an error can but break it off
    bool silence_checked = false;          // the read that follows 5 s of silence is under way
  };

  // A road that does not work, since when and why: posts, the table, our own WebSocket.
  struct Trouble {
    SteadyTime since;
    Outcome outcome;
  };
  enum class Road { posts, table, socket };
  bool working() const { return attempt && !attempt->expired; }

  static constexpr base::Millis kLostFor{30'000};

  explicit State(StubOptions with);

  // The own connection and Init (stub_machine.cc).
  void open_socket(Instant at, StubActions& actions);
  void ping(Instant at, StubActions& actions);
  void check_init(Instant at, StubActions& actions);
  void check_socket(Instant at, StubActions& actions);

  // The table (stub_table.cc).
  void read_table(StubActions& actions);
  void take_registration(Instant at, const std::optional<Registration>& registration, StubActions& actions);
  Channel& channel_to(const Registration& registration);
  void decide(Instant at, StubActions& actions);
  void decide_free(Instant at, StubActions& actions);
  void decide_pinned(Instant at, StubActions& actions);
  void target_dead(Instant at, const std::string& connection_id, StubActions& actions);
  void note_trouble(Road road, Instant at, const Outcome& outcome);
  void check_trouble(Instant at, StubActions& actions);
  std::optional<SteadyTime> trouble_limit(Road road) const;

  // Sending (stub_delivery.cc).
  void dispatch(Instant at, Channel& channel);
  void cut_small();
  void announce_to(Channel& channel);
  void drop_posts();
  void queue(const Outgoing& message, const std::vector<std::uint32_t>& chunks, bool persistent);
  void say(Instant at, const Message& message, StubActions& actions);
  void ask(Instant at, StubActions& actions);
  void pump(Instant at, StubActions& actions);
  void leave(Instant at, const PostQueue::Leaving& leaving, StubActions& actions);
  void finish_post(Instant at, const PostQueue::Finished& finished, const Outcome& outcome, StubActions& actions);
  void check_pinned(Instant at, StubActions& actions);
  std::optional<SteadyTime> silence_limit() const;
  void check_silence(Instant at, StubActions& actions);
  void check_attempt(Instant at, StubActions& actions);

  // Hearing and answering (stub_answer.cc).
  void receive(Instant at, std::string_view text, StubActions& actions);
  void handle(Instant at, Channel& channel, const FrameHeader& header, Message message, StubActions& actions);
  void handle_missing(Instant at, Channel& channel, const Missing& missing);
  void answer(Answer answer, bool exit, StubActions& actions);
  void stream(Instant at, StreamPiece piece, StubActions& actions);
  void finish_attempt(bool exit, StubActions& actions);
  void answer_nobody(std::string_view type, const std::string& text, StubActions& actions, bool exit = false);
  void answer_disconnected(Instant at, const std::string& text, StubActions& actions, bool exit = false);
  void cancel(Instant at, StubActions& actions);
  std::string nobody_text(const std::string& why) const;
  std::string owner() const;  // of the session that the table or the attempt names
  bool is_http();             // the attempt's event

  Channel* current();             // of the attempt, else of the table
  Channel* channel_of_attempt();  // nullptr if it was sent to none

  StubOptions options;
  std::minstd_rand random;
  AwsClock aws_clock;
  PostQueue posts;
  DropCounts dropped;

  bool init_done = false;
  SteadyTime init_until;

  // Our own WebSocket.
  bool socket_open = false;
  bool socket_opening = false;
  std::string connection_id;
  std::uint64_t link = 0;
  SteadyTime socket_opened;
  int socket_failures = 0;
  bool socket_settled = false;
  std::optional<SteadyTime> socket_retry;
  std::optional<SteadyTime> pong_due;
  int pings_unanswered = 0;  // on this socket

  // The table, as last read.
  std::optional<Registration> table;  // the item, if there was one
  bool table_known = false;
  bool reading = false;
  int read_failures = 0;
  std::optional<SteadyTime> read_at;

  std::map<std::string, std::unique_ptr<Channel>> channels;  // by session
  std::uint64_t next_message_id = 1;
  std::map<std::uint64_t, Outgoing> control;  // announce, ask, missing, cancel: until posted
  std::map<Road, Trouble> trouble;
  bool road_proven = false;  // a post was answered since the thaw

  std::uint64_t last_number = 0;
  std::vector<std::uint64_t> finished;
  std::optional<Attempt> attempt;
};

}  // namespace bridge
