#include "net/request_stream.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/beast_stream.h"
#include "net/http_wire.h"

namespace net {
namespace {

namespace http = boost::beast::http;

class ChunkedRequest final : public RequestStream {
 public:
  ChunkedRequest(Stream stream, std::string origin) : stream_(std::move(stream)), origin_(std::move(origin)) {}
  ~ChunkedRequest() override { stream_.close(); }
  ChunkedRequest(const ChunkedRequest&) = delete;
  ChunkedRequest& operator=(const ChunkedRequest&) = delete;

  awaitable<base::Result<>> send(std::string text) {
    error_code error;
    co_await asio::async_write(stream_, asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    co_await checkpoint();
    if (error) co_return broken(error);
    co_return base::Result<>();
  }

  awaitable<base::Result<>> write(std::string piece) override {
    if (piece.empty()) co_return base::Result<>();
    co_return co_await send(fmt::format("{:x}\r\n", piece.size()) + piece + "\r\n");
  }

  awaitable<base::Result<Response>> finish(Headers trailers) override {
    CO_TRY(auto lines, header_lines(trailers));
    // Even if the end could not be sent there may be an answer that says why (413).
    auto sent = co_await send("0\r\n" + lines + "\r\n");
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> message;
    error_code error;
    co_await http::async_read(stream_, buffer, message, asio::redirect_error(asio::use_awaitable, error));
    co_await checkpoint();
    if (!error && message.result_int() < 100) error = http::error::bad_status;
    if (error) {
      if (!sent) co_return base::fail(sent.error());
      co_return broken(error);
    }
    co_return Response{static_cast<int>(message.result_int()), to_headers(message.base()), std::move(message.body())};
  }

 private:
  tl::unexpected<base::Error> broken(error_code error) const {
    return base::fail(base::ErrorKind::transport,
                      fmt::format("the request to {} broke off: {}", origin_, error.message()));
  }

  Stream stream_;
  std::string origin_;
};

}  // namespace

awaitable<base::Result<std::unique_ptr<RequestStream>>> open_request(Url url, Request request,
                                                                     std::chrono::milliseconds connect_timeout,
                                                                     std::shared_ptr<TlsContext> tls) {
  std::string first = std::move(request.body);
  request.body.clear();
  CO_TRY(auto head, request_head(url, request, Framing::chunked));
  CO_TRY(auto stream, co_await open_stream(url, connect_timeout, std::move(tls)));
  auto opened = std::make_unique<ChunkedRequest>(std::move(stream), url.origin());
  CO_TRY(co_await opened->send(std::move(head)));
  CO_TRY(co_await opened->write(std::move(first)));
  co_return opened;
}

}  // namespace net
