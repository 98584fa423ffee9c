// The product's Runtime API on its own, so that AWS's runtime clients can be run against it: runtime_api::Endpoint with
// a pipe at each side. Its standard input has an event a line, its standard output has what became of it:
//
//   > {"request_id":"1","body":"BASE64","deadline_ms":4102444800000,"function_arn":…,"trace_id":…,"client_context":…,
//      "cognito_identity":…,"tenant_id":…}
//   < {"address":"127.0.0.1:41234"}                         once, at the start
//   < {"kind":"taken"}                                      the runtime has asked for it
//   <
//   {"kind":"answered","streamed":false,"stream_type":…,"stream":"BASE64","failure":false,"body":"BASE64","content_type":…,"error_type":…,"xray_error_cause":…}
//   < {"kind":"init_failed", the same members}
//
// One event at a time: the next line is sent after "answered". Ends with its input.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <istream>
#include <string>

#include "base/clock.h"
#include "base/task_group.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "runtime_api/endpoint.h"

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

void print(const json::object& line) {
  std::puts(json::serialize(line).c_str());
  std::fflush(stdout);
}

// What has come of a streamed response.
struct Stream {
  std::string content_type;
  std::string body;
};

asio::awaitable<bool> keep_piece(Stream& stream, std::string piece) {
  stream.body += piece;
  co_return true;
}

void print_answer(const char* kind, const runtime_api::Answer& answer, const Stream& stream) {
  print({{"kind", kind},
         {"streamed", answer.streamed},
         {"stream_type", stream.content_type},
         {"stream", codec::base64_encode(stream.body)},
         {"failure", answer.failure},
         {"body", codec::base64_encode(answer.body)},
         {"content_type", answer.content_type},
         {"error_type", answer.error_type},
         {"xray_error_cause", answer.xray_error_cause}});
}

base::Result<runtime_api::InvocationEvent> read_event(const std::string& line) {
  TRY(auto value, codec::parse_json(line));
  TRY(auto body, codec::base64_decode(codec::find_string(value, "body")));
  const auto* deadline = codec::find(value, "deadline_ms");
  return runtime_api::InvocationEvent{
      .request_id = codec::find_string(value, "request_id"),
      .body = std::move(body),
      .deadline = base::from_epoch_ms(deadline != nullptr && deadline->is_int64() ? deadline->get_int64() : 0),
      .function_arn = codec::find_string(value, "function_arn"),
      .trace_id = codec::find_string(value, "trace_id"),
      .client_context = codec::find_string(value, "client_context"),
      .cognito_identity = codec::find_string(value, "cognito_identity"),
      .tenant_id = codec::find_string(value, "tenant_id")};
}

asio::awaitable<void> offer_events(runtime_api::Endpoint& endpoint) {
  asio::posix::stream_descriptor input(co_await asio::this_coro::executor, ::dup(STDIN_FILENO));
  asio::streambuf buffer;
  for (;;) {
    boost::system::error_code error;
    co_await asio::async_read_until(input, buffer, '\n', asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    std::string line;
    std::istream stream(&buffer);
    std::getline(stream, line);
    auto event = read_event(line);
    if (!event) {
      std::fprintf(stderr, "no event: %s\n", event.error().message.c_str());
      co_return;
    }
    endpoint.offer(std::move(*event));
  }
}

asio::awaitable<void> serve(runtime_api::Endpoint& endpoint) {
  base::TaskGroup tasks(co_await asio::this_coro::executor);
  tasks.spawn(endpoint.run());
  co_await offer_events(endpoint);
  co_await tasks.close();
}

}  // namespace

int main() {
  asio::io_context loop;
  runtime_api::EndpointCallbacks callbacks;
  callbacks.waiting = [] {};
  callbacks.handed_over = [] { print({{"kind", "taken"}}); };
  Stream stream;
  callbacks.stream_begun = [&](std::string content_type) { stream = {.content_type = std::move(content_type)}; };
  callbacks.stream_piece = [&](std::string piece) { return keep_piece(stream, std::move(piece)); };
  callbacks.answered = [&](const runtime_api::Answer& answer) {
    print_answer("answered", answer, stream);
    stream = {};
  };
  callbacks.init_failed = [&](const runtime_api::Answer& answer) { print_answer("init_failed", answer, stream); };
  auto endpoint = runtime_api::Endpoint::listen(loop.get_executor(), std::move(callbacks));
  if (!endpoint) {
    std::fprintf(stderr, "%s\n", endpoint.error().message.c_str());
    return 1;
  }
  print({{"address", (*endpoint)->address()}});
  base::run_until_done(loop, serve(**endpoint));
}
