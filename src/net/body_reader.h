// PRIVATE to net/: the body of a request, read piece by piece while its handler runs.
#pragma once

#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <string>

#include "net/beast_stream.h"
#include "net/http.h"

namespace net {

class BodyReader {
 public:
  using Head = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  // `buffer` is the connection's and outlives this.
  BodyReader(Stream stream, boost::beast::flat_buffer& buffer, Head&& head);

  // The next bytes, up to 64 KiB, as they come; "" only at the end. Errors: transport, after which the connection is
  // of no use.
  awaitable<base::Result<std::string>> read();
  bool done() const { return parser_.is_done(); }
  // Trailers included, once done.
  Headers headers() const;

 private:
  Stream stream_;
  boost::beast::flat_buffer& buffer_;
  boost::beast::http::request_parser<boost::beast::http::buffer_body> parser_;
  std::array<char, 64 * 1024> piece_;
};

}  // namespace net
