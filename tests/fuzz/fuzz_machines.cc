// Both state machines of the bridge, a stub's and a session's, driven by a program of bytes: what they post arrives in
// any order, twice or never, beside frames that a peer with the right key made up. Whatever happens, an attempt is
// handed over at most once, is answered at most once, and never more than 32 posts are under way.
#include <limits>
#include <set>
#include <vector>

#include "base/clock.h"
#include "bridge/session_machine.h"
#include "bridge/stub_machine.h"
#include "fuzz.h"

namespace {

using base::Millis;
using fuzz::require;

bridge::Registration registration() {
  bridge::Registration made;
  made.session = std::string(32, 'a');
  made.key = std::string(32, 'k');
  made.endpoint = "https://api.example/live";
  made.connection_id = "session=";
  made.link = 1;
  return made;
}

template <typename Post>
struct Wire {
  std::vector<Post> posts;          // all, the latest at the end
  std::vector<std::uint64_t> open;  // tags without outcome
};

class World {
 public:
  explicit World(fuzz::Input input) : input_(input) {
    bridge::KeyPair keys = bridge::derive_keys(registration_.key, environment_);
    // Made-up frames have counters of their own, beyond those that the machines use.
    forged_stub_.emplace(key_id_of(registration_), environment_, keys.stub, 1'000);
    forged_session_.emplace(key_id_of(registration_), environment_, keys.session, 1'000);
  }

  void run() {
    session_.hello_answered(now(), base::epoch_ms(clock_.wall_now()));
    perform(session_.connected(now(), registration_.connection_id, registration_.link));
    perform(stub_.start(now()));
    for (int steps = 0; !input_.empty() && steps < kSteps; ++steps) step();
  }

 private:
  static constexpr int kSteps = 400;

  bridge::Instant now() const { return {clock_.now(), clock_.wall_now()}; }

  void step() {
    switch (input_.byte()) {
      case 'i':
        return invoke();
      case 'd':
        return deliver_to_session();
      case 'D':
        return deliver_to_stub();
      case 'p':
        return finish(session_wire_.open,
                      [this](auto tag, const auto& outcome) { perform(session_.post_finished(now(), tag, outcome)); });
      case 'P':
        return finish(stub_wire_.open,
                      [this](auto tag, const auto& outcome) { perform(stub_.post_finished(now(), tag, outcome)); });
      case 'r':
        return input_.byte() % 2 == 0 ? perform(stub_.registration_read(now(), registration_))
                                      : perform(stub_.registration_failed(now(), outcome()));
      case 'o':
        return perform(stub_.socket_opened(now(), "stub=", base::epoch_ms(clock_.wall_now())));
      case 'x':
        return input_.byte() % 2 == 0 ? perform(stub_.socket_failed(now(), outcome()))
                                      : perform(stub_.socket_lost(now()));
      case 't':
        return pass(Millis(input_.byte() * 50));
      case 'T':
        return pass(Millis(input_.byte() * 5'000));
      case 'f':
        return perform(session_.frame(now(), forged(*forged_stub_)));
      case 'F':
        return perform(stub_.frame(now(), forged(*forged_session_)));
      case 'g':
        return perform(session_.frame(now(), input_.text()));
      case 'G':
        return perform(stub_.frame(now(), input_.text()));
      default:
        return work();
    }
  }

  // What a worker does with the attempt that came last.
  void work() {
    if (attempts_.empty()) return;
    const bridge::AttemptId id = attempts_.back();
    switch (input_.byte() % 7) {
      case 0:
      case 1:
        return perform(session_.worker_ready(now(), id));
      case 2:
        if (!started_.contains(id)) return;
        return perform(
            session_.answer(now(), id, {.failed = false, .headers = {{"Content-Type", "a/b"}}, .body = "answer"}));
      case 3:
        if (started_.contains(id) && streams_.insert(id).second) perform(session_.stream_begin(now(), id, {}));
        return;
      case 4:
        if (!streams_.contains(id) || session_.stream_room(id) < kBurst) return;
        return perform(session_.stream_write(now(), id, std::string(kBurst, 'x')));
      case 5:
        if (streams_.contains(id)) perform(session_.stream_end(now(), id));
        return;
      default:
        return input_.byte() % 8 == 0 ? perform(session_.stop(now(), "ending", Millis(500)))
                                      : perform(session_.abandon(now(), id));
    }
  }

  void invoke() {
    if (!ready_) return;
    ready_ = false;
    answered_ = false;
    stub_wire_.open.clear();
    perform(stub_.invocation(now(), {.request_id = "request",
                                     .deadline_ms = base::epoch_ms(clock_.wall_now()) + 60'000,
                                     .event = std::string(input_.byte() * 300UL, 'e')}));
  }

  void pass(Millis time) {
    clock_.advance(time);
    if (stub_.next_timer() && *stub_.next_timer() <= clock_.now()) perform(stub_.timer(now()));
    if (session_.next_timer() && *session_.next_timer() <= clock_.now()) perform(session_.timer(now()));
  }

  // One of the latest posts: an input may deliver one twice, or late, or never.
  template <typename Post>
  const Post* pick(const Wire<Post>& wire) {
    const std::size_t back = input_.byte() % 8;
    return back < wire.posts.size() ? &wire.posts[wire.posts.size() - 1 - back] : nullptr;
  }
  void deliver_to_session() {
    if (const auto* post = pick(stub_wire_)) perform(session_.frame(now(), std::string(post->frame)));
  }
  void deliver_to_stub() {
    if (const auto* post = pick(session_wire_)) perform(stub_.frame(now(), std::string(post->frame)));
  }

  template <typename Report>
  void finish(std::vector<std::uint64_t>& open, Report report) {
    if (open.empty()) return;
    const auto at = open.begin() + static_cast<std::ptrdiff_t>(input_.byte() % open.size());
    const std::uint64_t tag = *at;
    open.erase(at);
    report(tag, outcome());
  }

  bridge::Outcome outcome() {
    static constexpr int kStatuses[] = {200, 200, 410, 429, 500, 403, 400};
    const std::uint8_t kind = input_.byte() % 9;
    if (kind == 7) return {.reach = bridge::Outcome::Reach::not_sent};
    if (kind == 8) return {.reach = bridge::Outcome::Reach::maybe_sent};
    return {.status = kStatuses[kind], .detail = "ExpiredToken"};
  }

  // A frame with the right key, whose header and content are the input's.
  std::string forged(bridge::Sealer& sealer) {
    bridge::FrameHeader header{.type = static_cast<bridge::MessageType>(input_.byte() % 11),
                               .invocation = input_.byte() % 4U,
                               .message_id = 1'000U + input_.byte()};
    header.chunks = 1U + input_.byte() % 4U;
    header.chunk = input_.byte() % header.chunks;
    const std::uint8_t age = input_.byte();
    header.sealed_at_ms = base::epoch_ms(clock_.wall_now()) - age * 100;
    if (age == 254) header.sealed_at_ms = std::numeric_limits<std::int64_t>::max();
    if (age == 255) header.sealed_at_ms = std::numeric_limits<std::int64_t>::min();
    header.connection_id = "stub=";
    header.link = input_.byte();
    const std::string_view fields = input_.text(), body = input_.text();
    header.compressed = input_.byte() % 16 == 1;
    header.fields_size = fields.size();
    header.full_size = (fields.size() + body.size()) * header.chunks;
    return sealer.seal(header, std::string(fields) + std::string(body));
  }

  void perform(bridge::SessionActions actions) {
    for (bridge::SessionAction& action : actions) {
      if (auto* post = std::get_if<bridge::SessionPost>(&action)) {
        session_wire_.open.push_back(post->tag);
        require(session_wire_.open.size() <= 32, "32 posts at most are under way");
        session_wire_.posts.push_back(std::move(*post));
      } else if (auto* arrived = std::get_if<bridge::AttemptArrived>(&action)) {
        require(arrived_.insert(arrived->id).second, "an attempt arrives once");
        attempts_.push_back(arrived->id);
      } else if (auto* start = std::get_if<bridge::StartAttempt>(&action)) {
        require(arrived_.contains(start->id), "what is started has arrived");
        require(started_.insert(start->id).second, "an attempt is handed over once");
      }
    }
  }

  void perform(bridge::StubActions actions) {
    for (bridge::StubAction& action : actions) {
      if (auto* post = std::get_if<bridge::StubPost>(&action)) {
        stub_wire_.open.push_back(post->tag);
        require(stub_wire_.open.size() <= 64, "posts under way are bounded");
        stub_wire_.posts.push_back(std::move(*post));
      } else if (std::holds_alternative<bridge::Respond>(action) ||
                 std::holds_alternative<bridge::RespondError>(action) ||
                 std::holds_alternative<bridge::StreamBegin>(action)) {
        require(!answered_, "an attempt is answered once");
        answered_ = true;
      } else if (std::holds_alternative<bridge::ReadyForNext>(action)) {
        ready_ = true;
      }
    }
  }

  static constexpr std::size_t kBurst = 10'000;

  fuzz::Input input_;
  base::FakeClock clock_;
  bridge::EnvironmentId environment_{{1, 2, 3}};
  bridge::Registration registration_ = registration();
  bridge::SessionMachine session_{registration_, 1};
  bridge::StubMachine stub_{
      bridge::StubOptions{.app = "app", .stage = "dev", .announce = {.function = "Api"}, .environment = environment_}};
  std::optional<bridge::Sealer> forged_stub_, forged_session_;
  Wire<bridge::SessionPost> session_wire_;
  Wire<bridge::StubPost> stub_wire_;
  std::vector<bridge::AttemptId> attempts_;
  std::set<bridge::AttemptId> arrived_, started_, streams_;
  bool ready_ = false;
  bool answered_ = true;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  World(fuzz::Input(data, size)).run();
  return 0;
}
