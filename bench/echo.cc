// A native Lambda function for benchmarks: answers every event with itself, over one connection to the Runtime API, in
// one read and one write each where the kernel allows it. What it costs is what the platform around it costs.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

int connect_to(std::string_view api) {
  auto colon = api.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(api.data() + colon + 1)));
  inet_pton(AF_INET, std::string(api.substr(0, colon)).c_str(), &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::exit(1);
  return fd;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    auto sent = write(fd, text.data(), text.size());
    if (sent <= 0) std::exit(1);
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string_view header(std::string_view head, std::string_view name) {
  for (std::size_t at = 0; at + name.size() < head.size(); ++at) {
    if (head[at] != '\n' || strncasecmp(head.data() + at + 1, name.data(), name.size()) != 0) continue;
    auto begin = at + 1 + name.size();
    while (head[begin] == ' ') ++begin;
    return head.substr(begin, head.find('\r', begin) - begin);
  }
  return {};
}

// One answer with a Content-Length; `buffer` keeps its head and body.
std::string_view read_answer(int fd, std::string& buffer) {
  buffer.clear();
  std::size_t end = 0;
  std::size_t wanted = 0;
  while (end == 0 || buffer.size() < wanted) {
    char piece[65536];
    auto got = read(fd, piece, sizeof piece);
    if (got <= 0) std::exit(0);
    buffer.append(piece, static_cast<std::size_t>(got));
    auto at = buffer.find("\r\n\r\n");
    if (end == 0 && at != std::string::npos) {
      end = at + 4;
      auto length = header(std::string_view(buffer).substr(0, end), "content-length:");
      wanted = end + static_cast<std::size_t>(std::atoi(std::string(length).c_str()));
    }
  }
  return std::string_view(buffer).substr(end);
}

}  // namespace

int main() {
  const char* api = std::getenv("AWS_LAMBDA_RUNTIME_API");
  if (api == nullptr) return 1;
  int fd = connect_to(api);
  auto host = std::string(" HTTP/1.1\r\nHost: ") + api + "\r\n";
  std::string event;
  std::string answer;
  for (;;) {
    write_all(fd, "GET /2018-06-01/runtime/invocation/next" + host + "\r\n");
    auto body = read_answer(fd, event);
    std::string id(header(event, "lambda-runtime-aws-request-id:"));
    std::string request = "POST /2018-06-01/runtime/invocation/" + id + "/response" + host;
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    write_all(fd, request.append(body));
    read_answer(fd, answer);
  }
}
