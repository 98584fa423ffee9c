#include "net/body_reader.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>

#include "net/http_wire.h"

namespace net {

namespace {
namespace http = boost::beast::http;
constexpr auto kPieceTimeout = std::chrono::minutes(20);  // a function may be silent for as long as it may run
}  // namespace

BodyReader::BodyReader(Stream stream, boost::beast::flat_buffer& buffer, Head&& head)
    : stream_(std::move(stream)), buffer_(buffer), parser_(std::move(head)) {
  parser_.body_limit(boost::none);
}

awaitable<base::Result<std::string>> BodyReader::read() {
  Deadline deadline(stream_, kPieceTimeout);
  while (!parser_.is_done()) {
    parser_.get().body().data = piece_.data();
    parser_.get().body().size = piece_.size();
    error_code error;
    co_await http::async_read_some(stream_, buffer_, parser_, asio::redirect_error(asio::use_awaitable, error));
    if (error && error != http::error::need_buffer) {
      co_await checkpoint();
      stream_.close();
      co_return base::fail(base::ErrorKind::transport, "the client is gone: " + error.message());
    }
    std::size_t read = piece_.size() - parser_.get().body().size;
    if (read > 0) co_return std::string(piece_.data(), read);
  }
  co_return std::string();
}

Headers BodyReader::headers() const {
  return to_headers(parser_.get().base());
}

}  // namespace net
