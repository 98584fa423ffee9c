// PRIVATE to net/: the server's side of a WebSocket's beginning.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "net/beast_stream.h"
#include "net/websocket.h"

namespace net {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

// Answers an upgrade request with 101 and the given headers. What came after the request must have been given back with
// unread(). Errors: invalid_input (the request is not a proper upgrade; it was answered 400 or 426), transport.
awaitable<base::Result<std::unique_ptr<WebSocket>>> accept_websocket(Stream stream, HttpRequest request,
                                                                     Headers headers, std::size_t max_message);

}  // namespace net
