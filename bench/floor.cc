// The hops of a live invocation without any work: what sockets and processes cost by themselves on this machine.
//   floor cloud ADDRESS | stub CLOUD | session CLOUD | worker SESSION    prints where it listens, if it does
// A caller's request goes  caller -> cloud -> stub -> cloud -> session -> worker  and the same way back, each arrow as
// the real parts do it: an HTTP exchange over a kept connection, and a message pushed on a socket where the real one is
// a WebSocket's. Nothing is signed, sealed, read or kept; one invocation at a time.
#include <poll.h>

#include <cstdio>
#include <map>
#include <vector>

#include "loopback.h"

namespace {

using loopback::Reader;

std::string message(std::string_view first_line, std::string_view body) {
  std::string text(first_line);
  text.append("\r\nContent-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
  return text.append("\r\n\r\n").append(body);
}
std::string ok(std::string_view body) {
  return message("HTTP/1.1 200 OK", body);
}
std::string post(std::string_view path, std::string_view body) {
  return message(std::string("POST ").append(path) + " HTTP/1.1\r\nHost: 127.0.0.1", body);
}

void announce(const std::string& address) {
  std::puts(address.c_str());
  std::fflush(stdout);
}

// A connection and what was read from it; whoever loses one ends.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {
    if (fd < 0) std::exit(1);
  }
  void send(std::string_view text) {
    if (!loopback::write_all(fd_, text)) std::exit(0);
  }
  std::string receive() {
    if (!loopback::read_message(fd_, reader_)) std::exit(0);
    std::string body(reader_.body());
    reader_.next();
    return body;
  }
  std::string exchange(std::string_view request) {
    send(request);
    return receive();
  }

 private:
  int fd_;
  Reader reader_;
};

// Who waits for what, by descriptor; -1 = nobody does.
class Cloud {
 public:
  void take(int from, std::string_view head, std::string_view body) {
    auto is = [&](std::string_view path) { return head.substr(head.find(' ') + 1).starts_with(path); };
    if (is("/next")) {
      next_ = from;
    } else if (is("/socket/")) {
      (is("/socket/stub") ? stub_ : session_) = from;
    } else if (is("/post/")) {
      loopback::write_all(is("/post/stub") ? stub_ : session_, ok(body));
      loopback::write_all(from, ok(""));
    } else if (is("/response")) {
      loopback::write_all(from, ok(""));
      loopback::write_all(caller_, ok(body));
    } else {
      caller_ = from;
      event_ = body;
    }
    if (next_ >= 0 && caller_ >= 0 && !event_.empty()) {
      loopback::write_all(next_, ok(event_));
      next_ = -1;
      event_.clear();
    }
  }

 private:
  int next_ = -1;
  int caller_ = -1;
  int stub_ = -1;
  int session_ = -1;
  std::string event_;
};

int run_cloud(std::string_view at) {
  auto [listener, address] = loopback::listen_at(at);
  announce(address);
  Cloud cloud;
  std::map<int, Reader> readers;
  std::vector<pollfd> waiting{{listener, POLLIN, 0}};
  for (;;) {
    poll(waiting.data(), waiting.size(), -1);
    for (std::size_t n = waiting.size(); n-- > 1;) {
      if (waiting[n].revents == 0) continue;
      int fd = waiting[n].fd;
      auto& reader = readers[fd];
      if (!reader.fill(fd)) {
        close(fd);
        readers.erase(fd);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(n));
        continue;
      }
      while (reader.complete()) {
        cloud.take(fd, reader.head(), reader.body());
        reader.next();
      }
    }
    if (waiting[0].revents != 0) {
      int fd = accept(listener, nullptr, nullptr);
      loopback::send_at_once(fd);
      waiting.push_back({fd, POLLIN, 0});
    }
  }
}

int run_stub(std::string_view cloud) {
  Peer runtime_api(loopback::connect_to(cloud));
  Peer posts(loopback::connect_to(cloud));
  Peer socket(loopback::connect_to(cloud));
  socket.send("GET /socket/stub HTTP/1.1\r\n\r\n");
  for (;;) {
    auto event = runtime_api.exchange("GET /next HTTP/1.1\r\n\r\n");
    posts.exchange(post("/post/session", event));
    runtime_api.exchange(post("/response", socket.receive()));
  }
}

int run_session(std::string_view cloud) {
  auto [listener, address] = loopback::listen_at("127.0.0.1:0");
  announce(address);
  Peer posts(loopback::connect_to(cloud));
  Peer socket(loopback::connect_to(cloud));
  socket.send("GET /socket/session HTTP/1.1\r\n\r\n");
  int accepted = accept(listener, nullptr, nullptr);
  loopback::send_at_once(accepted);
  Peer worker(accepted);
  for (;;) {
    worker.receive();
    worker.send(ok(socket.receive()));
    auto answer = worker.receive();
    worker.send(ok(""));
    posts.exchange(post("/post/stub", answer));
  }
}

int run_worker(std::string_view session) {
  Peer api(loopback::connect_to(session));
  for (;;) {
    auto event = api.exchange("GET /next HTTP/1.1\r\n\r\n");
    api.exchange(post("/response", event));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  std::string_view role = arguments[1];
  if (role == "cloud") return run_cloud(arguments[2]);
  if (role == "stub") return run_stub(arguments[2]);
  if (role == "session") return run_session(arguments[2]);
  return role == "worker" ? run_worker(arguments[2]) : 2;
}
