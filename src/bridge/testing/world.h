// A small world for the two machines: a clock, a table, a WebSocket API that loses, doubles and reorders as told,
// sessions whose workers answer after a while, and one stub with a Lambda before it. Single-threaded, deterministic by
// seed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bridge/session_machine.h"
#include "bridge/stub_machine.h"

namespace bridge::testing {

// Chances in percent, and times.
struct Weather {
  int lost = 0;          // the post times out, nothing arrives
  int late_unknown = 0;  // it arrives, and the sender sees a timeout
  int throttled = 0;     // 429
  int failing = 0;       // 5xx, arrived or not
  int doubled = 0;       // arrives twice
  int swallowed = 0;     // 200, and nothing arrives
  base::Millis slowest{20};
};

// How one invocation ended, as Lambda sees it.
struct Ending {
  bool failed = false;
  std::string error_type;
  std::string body;
  base::Millis after{0};
  bool streamed = false;  // `body` is what came before the end, or before the error
};

struct FakeSession {
  Registration registration;
  std::unique_ptr<SessionMachine> machine;
  base::Millis build_time{0};
  base::Millis run_time{5};
  bool alive = true;
  bool stopped = false;
  bool drained = false;
  std::map<AttemptId, Invocation> invocations;
  std::map<AttemptId, int> executions;
  std::set<AttemptId> cancelled;
  std::vector<Announced> announced;
  std::vector<Delivered> delivered;
  std::function<Answer(const Invocation&)> handler;
  // What a streamed answer has left to write; set by `streams`.
  struct Streaming {
    std::string rest;
    bool waits_for_room = false;
  };
  bool streams = false;  // answers come as streams, `burst` bytes every `pause`
  std::size_t burst = 50'000;
  base::Millis pause{3};
  bool breaks_off = false;  // a stream ends with an error
  std::map<AttemptId, Streaming> streaming;
};

class World {
 public:
  explicit World(std::uint64_t seed);

  // Sessions.
  std::size_t add_session(std::string owner, bool registered = true);
  FakeSession& session(std::size_t index) { return *sessions_[index]; }
  void kill(std::size_t index);          // kill -9: its connection closes, nothing is said
  void reconnect(std::size_t index);     // a new link, registered
  void cut_session(std::size_t index);   // its connection closes; it does not know
  void displace(std::size_t old_index);  // the hint was read: stop()
  void end_cleanly(std::size_t index);

  // The stub.
  void start_stub();
  void cut_stub();  // its WebSocket closes while it is frozen: it does not know
  void invoke(std::string event, base::Millis timeout = base::Millis(60'000));
  bool answered() const { return ending_.has_value(); }
  const std::optional<Ending>& ending() const { return ending_; }
  bool ready() const { return ready_; }
  bool exited() const { return exited_; }

  void run_for(base::Millis time);
  // Runs until the invocation is answered or its deadline has passed.
  void run_invocation();
  Instant now() const { return {clock_.now(), clock_.wall_now()}; }
  void at(base::Millis after, std::function<void()> what);

  int executions(std::uint64_t attempt) const;  // over all sessions

  Weather weather;
  std::optional<Registration> table;
  Outcome table_outcome;                       // other than 200: reads fail
  Outcome socket_outcome;                      // other than 200: upgrades fail
  std::optional<Outcome> post_outcome;         // every post of the stub ends so
  std::optional<std::uint64_t> drop_nth_post;  // counted from here; swallowed with 200
  std::int64_t aws_offset_ms = 7'200'000;      // AWS's clock is not the machines'
  base::Millis read_time{5};
  bool pongs = true;
  base::Millis lambda_takes{2};  // a streamed piece
  std::vector<StubPost> stub_posts;
  std::vector<SessionPost> session_posts;
  int sockets_opened = 0;
  int reads = 0;
  StubOptions stub_options;
  std::unique_ptr<StubMachine> stub;

 private:
  struct Event {
    base::SteadyTime when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const { return when != other.when ? when > other.when : order > other.order; }
  };
  struct Delivery {
    Outcome outcome;
    int copies = 0;
  };

  bool chance(int percent);
  base::Millis since_invoked() const;
  base::Millis latency();
  Delivery deliver(const std::string& connection_id);
  void arrive(const std::string& connection_id, const std::string& frame);
  void perform(StubActions actions);
  void perform(std::size_t index, SessionActions actions);
  void open_socket();
  void write_stream(std::size_t index, AttemptId id);
  bool step(base::SteadyTime until);

  std::mt19937_64 random_;
  base::FakeClock clock_;
  std::priority_queue<Event> events_;
  std::uint64_t order_ = 0;
  std::vector<std::unique_ptr<FakeSession>> sessions_;
  std::map<std::string, std::size_t> session_connections_;
  std::set<std::string> stub_connections_;
  std::string stub_connection_;
  int connections_made_ = 0;
  std::uint64_t thaw_ = 0;
  std::uint64_t invocations_ = 0;
  bool ready_ = false;
  bool exited_ = false;
  std::string request_id_;
  base::SteadyTime invoked_;
  base::SteadyTime deadline_;
  std::optional<Ending> ending_;
  std::optional<std::string> stream_;  // of the invocation, as far as Lambda has it
};

}  // namespace bridge::testing
