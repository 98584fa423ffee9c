// PRIVATE to net/: the heads of HTTP/1.1 messages as text, and Beast's fields as Headers.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/url.h"

namespace net {

// What a head says of the body that follows it.
enum class Framing { length, chunked, none };

// The request line and headers, with the empty line. Host and Content-Length, or Transfer-Encoding, are added if
// absent. Errors: invalid_input if a part would break the message (a line feed in a header), or contradicts the body.
base::Result<std::string> request_head(const Url& url, const Request& request, Framing framing = Framing::length);

// The status line and headers, with the empty line. `length` is the body's; a Content-Length or Transfer-Encoding of
// the handler's is replaced, but for an answer to HEAD, where its Content-Length stays. Errors: invalid_input.
base::Result<std::string> response_head(const Response& response, Framing framing, std::size_t length, bool keep_alive,
                                        bool to_head);

// "name: value" lines, as trailers have it. Errors: invalid_input.
base::Result<std::string> header_lines(const Headers& headers);

Headers to_headers(const boost::beast::http::fields& fields);

// True if a Connection header has the option ("close").
bool connection_has(const Headers& headers, std::string_view option);

}  // namespace net
