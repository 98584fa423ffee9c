// An absolute URL, http, https, ws or wss. The target is kept exactly as written: signatures depend on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace net {

struct Url {
  std::string scheme;      // lower case
  std::string host;        // without brackets
  std::uint16_t port = 0;  // the scheme's default if none is written
  std::string target;      // path and query as they go on the wire; at least "/"

  bool secure() const { return scheme == "https" || scheme == "wss"; }
  // "host" or "host:port" as the Host header has it (no port if it is the scheme's default; brackets for IPv6).
  std::string authority() const;
  std::string origin() const;  // "https://host:port", always with the port: a key of connection pools
  std::string path() const;    // the target up to '?'
  std::string query() const;   // what follows '?', without it
  std::string to_string() const;
};

// Errors: invalid_input.
base::Result<Url> parse_url(std::string_view text);

// Percent-encodes everything but A-Z a-z 0-9 - . _ ~ (RFC 3986 unreserved), and '/' if `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);
// Decodes %XX; anything malformed stays as it is. '+' stays '+'.
std::string percent_decode(std::string_view text);

}  // namespace net
