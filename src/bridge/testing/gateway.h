// A model of API Gateway's WebSocket API: connections with their limits, and posts that it answers as the weather has
// it: taken and delivered never, late, twice or out of order, or refused. A peer's own end is its affair: one that
// sleeps gets what came when it wakes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/testing/timeline.h"

namespace bridge::testing {

// Chances in percent, and times.
struct Weather {
  int lost = 0;          // the post times out, nothing arrives
  int late_unknown = 0;  // it arrives, and the sender sees a timeout
  int throttled = 0;     // 429
  int failing = 0;       // 5xx, arrived or not
  int denied = 0;        // 403
  int doubled = 0;       // arrives twice
  int swallowed = 0;     // 200, and nothing arrives
  int late = 0;          // 200, and it arrives up to 4 s later, after what was posted after it
  int refused = 0;       // `$connect` is answered 429
  int table_throttled = 0;
  int table_unanswered = 0;  // read or written, and the answer is lost
  int table_late = 0;        // a write that the writer gave up is applied seconds later
  base::Millis slowest{20};
};

// What a connection ends in.
class Socket {
 public:
  virtual ~Socket() = default;
  virtual void text(const std::string& connection_id, std::string text) = 0;
  virtual void closed(const std::string& connection_id, int code) = 0;
};

class Gateway {
 public:
  Gateway(Timeline& timeline, const Weather& weather) : timeline_(timeline), weather_(weather) {}

  using Connected = std::function<void(Outcome, std::string connection_id)>;
  using Posted = std::function<void(Outcome)>;
  void connect(Socket& socket, std::string_view name, Connected done);
  // `refusal` is what the sender's rights make of it. `done` comes once.
  void post(const std::string& connection_id, std::string text, std::optional<Outcome> refusal, Posted done);
  void touch(const std::string& connection_id);  // a hello: it does not idle

  bool is_open(const std::string& connection_id) const { return connections_.contains(connection_id); }
  bool answers_pings(const std::string& connection_id) const;
  void close(const std::string& connection_id, int code = 1000);
  void cut(const std::string& connection_id) { connections_.erase(connection_id); }  // nobody tells the peer
  // The peer is gone, and the gateway does not see it: posts are taken, and go nowhere.
  void strand(const std::string& connection_id);

  base::Millis latency() { return base::Millis(1) + timeline_.up_to(weather_.slowest - base::Millis(1)); }

  Outcome socket_outcome;                      // other than 200: upgrades fail
  std::optional<std::uint64_t> drop_nth_post;  // counted from here; swallowed with 200
  std::size_t line = 0;                        // characters a connection delivers in a ms; 0: no limit
  std::size_t longest_message = 131'072;       // 413 beyond
  std::size_t longest_frame = 131'072;         // 1009 beyond, to the receiver
  std::uint64_t posts = 0;

 private:
  struct Connection {
    Socket* socket;
    base::SteadyTime used;
    base::SteadyTime line_free;
    bool stranded = false;
  };
  struct Fate {
    Outcome outcome;
    int copies = 0;
    base::Millis late{0};
  };
  Fate fate();
  base::Millis time_on_line(const std::string& connection_id, std::size_t characters);
  void arrive(const std::string& connection_id, const std::string& text);
  void watch_idle(const std::string& connection_id);

  Timeline& timeline_;
  const Weather& weather_;
  std::map<std::string, Connection> connections_;
  int made_ = 0;
};

}  // namespace bridge::testing
