// PRIVATE to net/: what a TlsContext is made of.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "net/tls.h"

namespace net {

class SslContext final : public TlsContext {
 public:
  explicit SslContext(boost::asio::ssl::context::method method) : context(method) {}
  boost::asio::ssl::context context;
};

// Every TlsContext is an SslContext: only tls.cc makes them.
inline boost::asio::ssl::context& ssl_context(TlsContext& tls) {
  return static_cast<SslContext&>(tls).context;
}

}  // namespace net
