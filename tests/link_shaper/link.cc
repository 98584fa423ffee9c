#include "link.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <sstream>

namespace link_shaper {
namespace {

constexpr int kPacketsAtOnce = 64;  // of one device, before the others have their turn

tl::unexpected<base::Error> misused(const std::string& what) {
  return base::fail(base::ErrorKind::usage, what);
}

// "1.5", "10%", "1mbit": the number, which one of these units follows.
base::Result<double> parse(const std::string& text, std::initializer_list<std::pair<std::string_view, double>> units) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (auto [name, factor] : units) {
    if (error == std::errc() && std::isfinite(number) && number >= 0 && name == unit) return number * factor;
  }
  return misused(fmt::format("'{}' is not understood", text));
}

base::Result<Nanos> parse_time(const std::string& text) {
  TRY(double nanos, parse(text, {{"", 1e6}, {"ms", 1e6}, {"us", 1e3}, {"s", 1e9}}));
  return Nanos(std::llround(std::min(nanos, 1e15)));
}

base::Result<double> parse_probability(const std::string& text) {
  TRY(double probability, parse(text, {{"%", 0.01}}));
  if (probability > 1) return misused(fmt::format("'{}' is more than 100%", text));
  return probability;
}

base::Result<> change(Settings& settings, const std::string& name, const std::string& value) {
  if (name == "delay") {
    TRY(settings.delay, parse_time(value));
  } else if (name == "jitter") {
    TRY(settings.jitter, parse_time(value));
  } else if (name == "held") {
    TRY(settings.held_back, parse_time(value));
  } else if (name == "loss") {
    TRY(settings.loss, parse_probability(value));
  } else if (name == "reorder") {
    TRY(settings.reorder, parse_probability(value));
  } else if (name == "rate") {
    TRY(settings.bits_per_second, parse(value, {{"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}}));
  } else if (name == "queue") {
    TRY(double bytes, parse(value, {{"", 1}, {"k", 1024}, {"m", 1024 * 1024}}));
    settings.queue_bytes = static_cast<std::size_t>(std::min(bytes, 1e12));
  } else {
    return misused(fmt::format("there is no '{}'", name));
  }
  return {};
}

base::Result<Settings> changed(Settings settings, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "cut" || words[i] == "uncut") {
      settings.cut = words[i] == "cut";
    } else if (i + 1 == words.size()) {
      return misused(fmt::format("'{}' has no value", words[i]));
    } else {
      TRY(change(settings, words[i], words[i + 1]));
      ++i;
    }
  }
  return settings;
}

std::string text_of(const Counts& counts) {
  return fmt::format(R"({{"packets":{},"bytes":{},"delivered":{},"cut":{},"lost":{},"overflowed":{},"reordered":{}}})",
                     counts.packets, counts.bytes, counts.delivered, counts.cut, counts.lost, counts.overflowed,
                     counts.reordered);
}

}  // namespace

Link::Link(Tun a, Tun b, std::vector<Renaming> renamings, std::uint64_t seed)
    : a_(std::move(a)), b_(std::move(b)), renamings_(std::move(renamings)), up_(seed), down_(seed + 1) {}

std::string Link::command(const std::string& line) {
  auto answer = try_command(line);
  return answer ? *answer : "error: " + answer.error().message;
}

base::Result<std::string> Link::try_command(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  if (words.empty()) return misused("an empty command");
  if (words == std::vector<std::string>{"stats"}) return stats();
  if (words == std::vector<std::string>{"clear"}) {
    up_.settings = down_.settings = Settings();
    data_left_.reset();
    return "ok";
  }
  if (words[0] == "cut-after" && words.size() == 2) {
    TRY(double segments, parse(words[1], {{"", 1}}));
    data_left_ = static_cast<std::uint64_t>(std::min(segments, 1e15));
    return "ok";
  }
  if (words[0] == "address" && words.size() == 3 && (words[1] == "a" || words[1] == "b")) {
    TRY((words[1] == "a" ? a_ : b_).set_address(words[2]));
    return "ok";
  }
  const std::string way = words[0];
  if (way == "up" || way == "down") words.erase(words.begin());
  TRY(Settings up, changed(up_.settings, words));
  TRY(Settings down, changed(down_.settings, words));
  if (way != "down") up_.settings = up;
  if (way != "up") down_.settings = down;
  return "ok";
}

std::string Link::stats() const {
  return fmt::format(R"({{"up":{},"down":{}}})", text_of(up_.counts()), text_of(down_.counts()));
}

void Link::offer(std::string packet, Direction& direction, Clock::time_point now) {
  const bool counts = data_left_ && carries_data(packet);
  if (counts && *data_left_ == 0) {
    up_.settings.cut = down_.settings.cut = true;
    data_left_.reset();
    has_cut_ = true;
  } else if (counts) {
    --*data_left_;
  }
  direction.offer(std::move(packet), now);
}

void Link::move(Clock::time_point now) {
  for (int i = 0; i < kPacketsAtOnce; ++i) {
    auto packet = a_.read();
    if (!packet) break;
    offer(std::move(*packet), up_, now);
  }
  for (int i = 0; i < kPacketsAtOnce; ++i) {
    auto packet = b_.read();
    if (!packet) break;
    rename_addresses(*packet, renamings_, Way::out_of_host);
    offer(std::move(*packet), down_, now);
  }
  while (auto packet = up_.take(now)) {
    rename_addresses(*packet, renamings_, Way::into_host);
    b_.write(*packet);
  }
  while (auto packet = down_.take(now)) a_.write(*packet);
}

std::optional<Clock::time_point> Link::next_due() const {
  auto up = up_.next_due();
  auto down = down_.next_due();
  if (!up || !down) return up ? up : down;
  return std::min(*up, *down);
}

base::Result<> run(Link& link, int commands) {
  std::string unfinished;
  while (true) {
    pollfd polled[] = {{commands, POLLIN, 0}, {link.fd_a(), POLLIN, 0}, {link.fd_b(), POLLIN, 0}};
    timespec wait{};
    auto due = link.next_due();
    if (due) {
      auto left = std::max(Nanos(*due - Clock::now()), Nanos::zero());
      wait = {.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    }
    if (::ppoll(polled, std::size(polled), due ? &wait : nullptr, nullptr) < 0 && errno != EINTR) {
      return base::fail(base::ErrorKind::local_resource, "poll failed");
    }
    link.move(Clock::now());
    if (link.has_cut()) fmt::print("event cut\n");
    if (polled[0].revents != 0) {
      char buffer[4096];
      auto size = ::read(commands, buffer, sizeof buffer);
      if (size <= 0) return {};
      unfinished.append(buffer, static_cast<std::size_t>(size));
      for (auto end = unfinished.find('\n'); end != unfinished.npos; end = unfinished.find('\n')) {
        fmt::print("{}\n", link.command(unfinished.substr(0, end)));
        unfinished.erase(0, end + 1);
      }
    }
    std::fflush(stdout);
  }
}

}  // namespace link_shaper
