// HTTP proxies as the environment names them: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, the lower-case names first, as curl
// and Python read them. Pure.
//
// What is encrypted, and WebSockets, go through a tunnel (CONNECT); plain HTTP is sent to the proxy with the whole URL.
// This machine itself (localhost, loopback addresses) is never reached through a proxy. Not here: proxies that are
// reached by TLS or SOCKS, and proxy configuration files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/url.h"

namespace net {

struct Proxy {
  Url url;                         // without the user
  std::string authorization = {};  // the value of Proxy-Authorization; "" = none
  // Why it cannot be used (usage, with the variable's name and without its secret): said when a request needs it.
  std::optional<base::Error> problem = {};
};

struct Proxies {
  std::optional<Proxy> for_plain;       // http and ws
  std::optional<Proxy> for_encrypted;   // https and wss
  std::vector<std::string> exceptions;  // host suffixes, "host:port", addresses, "10.0.0.0/8", "*"

  // The proxy through which a URL is reached; null = none.
  const Proxy* proxy_of(const Url& url) const;
};

Proxies proxies_from_environment(const std::map<std::string, std::string>& environment);

}  // namespace net
