// A model of the bridge's table: one item, consistent reads, conditional writes. A request may be throttled, its answer
// lost, and a write that its writer has given up may be applied late.
#pragma once

#include <functional>
#include <optional>

#include "bridge/registration.h"
#include "bridge/testing/gateway.h"

namespace bridge::testing {

class Table {
 public:
  Table(Timeline& timeline, const Weather& weather) : timeline_(timeline), weather_(weather) {}

  using Answered = std::function<void(Outcome, std::optional<Registration>)>;
  void read(Answered done);
  // The second argument of `done`: whether it was written, and what is there if not.
  struct Written {
    bool done = false;
    std::optional<Registration> found = {};
  };
  using WriteAnswered = std::function<void(Outcome, Written)>;
  void write(ConditionalWrite write, WriteAnswered done);

  std::optional<Registration> item;
  Outcome outcome;  // other than 200: every request ends so
  base::Millis read_time{5};
  int reads = 0;
  std::function<void()> before_next_write;  // somebody else is faster

 private:
  std::optional<Outcome> refusal();
  Written apply(const ConditionalWrite& write);

  Timeline& timeline_;
  const Weather& weather_;
};

}  // namespace bridge::testing
