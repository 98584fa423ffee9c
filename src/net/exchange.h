// PRIVATE to net/: the Exchange of one request on a server's connection.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <string>

#include "net/beast_stream.h"
#include "net/body_reader.h"
#include "net/http_server.h"
#include "net/websocket_accept.h"

namespace net {

class ConnectionExchange final : public Exchange {
 public:
  // `buffer` is the connection's, with what came after the request. `body`: what is left of it to read, or null.
  ConnectionExchange(Stream stream, boost::beast::flat_buffer& buffer, HttpRequest message,
                     std::unique_ptr<BodyReader> body, std::string remote_address);

  Request& request() override { return request_; }
  awaitable<base::Result<std::string>> read_piece() override;
  std::string remote_address() const override { return remote_address_; }
  bool wants_websocket() const override;
  awaitable<base::Result<>> respond(Response response) override;
  awaitable<base::Result<std::unique_ptr<WebSocket>>> accept_websocket(Headers headers,
                                                                       std::size_t max_message) override;
  awaitable<base::Result<>> begin_stream(Response head) override;
  awaitable<base::Result<>> write_piece(std::string piece) override;
  awaitable<base::Result<>> end_stream(Headers trailers) override;
  awaitable<void> client_gone() override;

  enum class Answer { none, streaming, whole, taken_over };
  Answer answer() const { return answer_; }
  // After a whole answer: another request may follow on the connection.
  bool keep_alive() const { return keep_alive_; }

 private:
  bool bodiless(int status) const;
  bool must_close(const Headers& headers) const;
  awaitable<base::Result<>> write(std::string first, std::string second);

  Stream stream_;
  boost::beast::flat_buffer& buffer_;
  HttpRequest message_;  // without the body, which is in request_
  Request request_;
  std::unique_ptr<BodyReader> body_;
  std::string remote_address_;
  Answer answer_ = Answer::none;
  bool keep_alive_;
  bool to_head_;
  bool chunked_ = false;  // the stream's pieces are sent as chunks
  bool silent_ = false;   // the stream's pieces are not sent at all
};

}  // namespace net
