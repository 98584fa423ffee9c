// Two hosts and what is between them: packets of two devices through two directions, in one loop, with settings that
// change while it runs.
//
// Commands are lines; each is answered with one line: `ok`, `error: …`, or what was asked for.
//
//   [up|down] [delay MS] [jitter MS] [loss N%] [reorder N%] [held MS] [rate N[k|m]bit] [queue N[k]]     up is from a to
//   b; else both ways [up|down] cut | uncut cut-after N       both ways, after N more TCP segments with data in either;
//   `event cut` is a line of its own when that is so clear             no shaping, no cut address a|b A     the host
//   has another address now stats             JSON: the counts of both directions
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "packet.h"
#include "shaping.h"
#include "tun.h"

namespace link_shaper {

class Link {
 public:
  // `renamings` are those of host b.
  Link(Tun a, Tun b, std::vector<Renaming> renamings, std::uint64_t seed);

  // The answer, without a line's end.
  std::string command(const std::string& line);
  void move(Clock::time_point now);
  std::optional<Clock::time_point> next_due() const;
  int fd_a() const { return a_.fd(); }
  int fd_b() const { return b_.fd(); }
  // True once, after cut-after has cut.
  bool has_cut() { return std::exchange(has_cut_, false); }

 private:
  base::Result<std::string> try_command(const std::string& line);
  void offer(std::string packet, Direction& direction, Clock::time_point now);
  std::string stats() const;

  Tun a_;
  Tun b_;
  std::vector<Renaming> renamings_;
  Direction up_;
  Direction down_;
  std::optional<std::uint64_t> data_left_;
  bool has_cut_ = false;
};

// Reads commands from this descriptor until it ends, which ends the link; answers on stdout.
base::Result<> run(Link& link, int commands);

}  // namespace link_shaper
