// A function in C++ with a client of the Runtime API of its own, of the plainest kind: what is tested is its debugger.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

static std::string request(const std::string& address, const std::string& text) {
  const auto colon = address.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<unsigned short>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  std::string answer;
  if (connect(connection, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
      send(connection, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) {
    char piece[4096];
    for (ssize_t size; (size = recv(connection, piece, sizeof piece, 0)) > 0;)
      answer.append(piece, static_cast<std::size_t>(size));
  }
  close(connection);
  return answer;
}

int main() {
  const std::string address = std::getenv("AWS_LAMBDA_RUNTIME_API");
  const std::string base = " /2018-06-01/runtime/invocation/";
  const std::string head = " HTTP/1.1\r\nConnection: close\r\nHost: " + address + "\r\n";
  for (;;) {
    const std::string event = request(address, "GET" + base + "next" + head + "\r\n");
    const std::string name = "Lambda-Runtime-Aws-Request-Id: ";
    const auto found = event.find(name);
    if (found == std::string::npos) return 1;
    const std::string id = event.substr(found + name.size(), 36);
    const std::string body = event.substr(event.find("\r\n\r\n") + 4);
    const unsigned long size = body.size();
    const std::string answer =
        "{\"pid\": " + std::to_string(getpid()) + ", \"size\": " + std::to_string(size) + ", \"event\": " + body + "}";
    request(address, "POST" + base + id + "/response" + head + "Content-Length: " + std::to_string(answer.size()) +
                         "\r\n\r\n" + answer);
  }
}
