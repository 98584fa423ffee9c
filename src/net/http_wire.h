// PRIVATE to net/: the heads of HTTP/1.1 messages as text, and Beast's fields as Headers.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/optional/optional.hpp>
#include <cstdint>
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

// Room for what one read from a connection may bring: a small message in one go. Beast fills the room that is there,
// and by itself makes 512 bytes of it.
void make_room(boost::beast::flat_buffer& buffer);
// And for a body of that many bytes that is still to come, in few; of unknown length if there is none.
void make_room(boost::beast::flat_buffer& buffer, boost::optional<std::uint64_t> length);

Headers to_headers(const boost::beast::http::fields& fields);

// True if a Connection header has the option ("close").
bool connection_has(const Headers& headers, std::string_view option);

}  // namespace net
