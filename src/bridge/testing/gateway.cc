#include "bridge/testing/gateway.h"

#include <fmt/format.h>

#include <algorithm>

namespace bridge::testing {

using base::Millis;
using namespace std::chrono_literals;

namespace {

constexpr Millis kTimeout{2'000};  // after which a sender gives up
constexpr Millis kIdle = 10min;
constexpr Millis kOldest = 2h;
constexpr Millis kLatest{4'000};

}  // namespace

void Gateway::connect(Socket& socket, std::string_view name, Connected done) {
  timeline_.after(latency(), [this, &socket, name = std::string(name), done = std::move(done)] {
    if (socket_outcome.reach != Outcome::Reach::answered || socket_outcome.status != 200) {
      done(socket_outcome, "");
    } else if (timeline_.chance(weather_.refused)) {
      done({.status = 429, .detail = "Too Many Requests"}, "");
    } else {
      std::string id = fmt::format("{}-{}=", name, ++made_);
      connections_[id] = {.socket = &socket, .used = timeline_.now()};
      timeline_.after(kOldest, [this, id] { close(id, 1001); });
      watch_idle(id);
      done({}, id);
    }
  });
}

void Gateway::watch_idle(const std::string& id) {
  auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (timeline_.now() - found->second.used >= kIdle) {
    close(id, 1001);
  } else {
    timeline_.at(found->second.used + kIdle, [this, id] { watch_idle(id); });
  }
}

void Gateway::touch(const std::string& id) {
  auto found = connections_.find(id);
  if (found != connections_.end()) found->second.used = timeline_.now();
}

bool Gateway::answers_pings(const std::string& id) const {
  auto found = connections_.find(id);
  return found != connections_.end() && !found->second.stranded;
}

void Gateway::strand(const std::string& id) {
  auto found = connections_.find(id);
  if (found != connections_.end()) found->second.stranded = true;
}

void Gateway::close(const std::string& id, int code) {
  auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection connection = found->second;
  connections_.erase(found);
  timeline_.note("gateway", fmt::format("closes {} ({})", id, code));
  if (!connection.stranded) connection.socket->closed(id, code);
}

Gateway::Fate Gateway::fate() {
  const Outcome unknown{.reach = Outcome::Reach::maybe_sent, .status = 0};
  if (timeline_.chance(weather_.lost)) return {.outcome = unknown};
  if (timeline_.chance(weather_.late_unknown)) return {.outcome = unknown, .copies = 1};
  if (timeline_.chance(weather_.throttled)) return {.outcome = {.status = 429}};
  if (timeline_.chance(weather_.denied)) return {.outcome = {.status = 403, .detail = "AccessDenied"}};
  if (timeline_.chance(weather_.failing)) {
    return {.outcome = {.status = 502}, .copies = static_cast<int>(timeline_.below(2))};
  }
  if (timeline_.chance(weather_.swallowed)) return {};
  Fate fate{.copies = timeline_.chance(weather_.doubled) ? 2 : 1};
  if (timeline_.chance(weather_.late)) fate.late = timeline_.up_to(kLatest);
  return fate;
}

void Gateway::post(const std::string& id, std::string text, std::optional<Outcome> refusal, Posted done) {
  posts += 1;
  Fate fate;
  if (refusal) {
    fate.outcome = *refusal;
  } else if (text.size() > longest_message) {
    fate.outcome = {.status = 413};
  } else if (drop_nth_post && *drop_nth_post == 0) {
    drop_nth_post.reset();
  } else if (!connections_.contains(id)) {
    fate.outcome = {.status = 410};
  } else {
    fate = this->fate();
  }
  if (drop_nth_post) *drop_nth_post -= 1;
  if (timeline_.tracing) {
    timeline_.note("gateway",
                   fmt::format("post of {} characters to {}: {}, arrives {} times{}", text.size(), id,
                               fate.outcome.reach == Outcome::Reach::answered ? std::to_string(fate.outcome.status)
                                                                              : std::string("no answer"),
                               fate.copies, fate.late > Millis(0) ? ", late" : ""));
  }
  for (int copy = 0; copy < fate.copies; ++copy) {
    timeline_.after(latency() + fate.late + time_on_line(id, text.size()), [this, id, text] { arrive(id, text); });
  }
  const bool unknown = fate.outcome.reach == Outcome::Reach::maybe_sent;
  timeline_.after(unknown ? kTimeout : latency(), [done = std::move(done), outcome = fate.outcome] { done(outcome); });
}

// With what waits for the line before it.
base::Millis Gateway::time_on_line(const std::string& id, std::size_t characters) {
  auto found = connections_.find(id);
  if (line == 0 || found == connections_.end()) return Millis(0);
  base::SteadyTime& free = found->second.line_free;
  free = std::max(free, timeline_.now()) + Millis(characters / line);
  return std::chrono::duration_cast<Millis>(free - timeline_.now());
}

void Gateway::arrive(const std::string& id, const std::string& text) {
  auto found = connections_.find(id);
  if (found == connections_.end() || found->second.stranded) return;
  found->second.used = timeline_.now();
  if (text.size() > longest_frame) {
    close(id, 1009);
  } else {
    found->second.socket->text(id, text);
  }
}

}  // namespace bridge::testing
