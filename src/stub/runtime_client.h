// The stub's side of Lambda's Runtime API (aws-facts §4): the next event, and its answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/result.h"
#include "bridge/message.h"
#include "net/http_client.h"

namespace stub {

using boost::asio::awaitable;

class RuntimeClient {
 public:
  // `http` outlives it. `address` is "host:port".
  RuntimeClient(net::HttpClient& http, std::string address);

  // Waits as long as Lambda lets it; deadline_ms is by this machine's clock, which is Lambda's.
  awaitable<base::Result<bridge::Invocation>> next();
  // 413 is no error: Lambda answers its caller with Function.ResponseSizeTooLarge.
  awaitable<base::Result<>> respond(std::string request_id, bridge::NameValues headers, std::string body);
  awaitable<base::Result<>> respond_error(std::string request_id, std::string error_type, bridge::NameValues headers,
                                          std::string body);

 private:
  awaitable<base::Result<>> post(std::string path, bridge::NameValues headers, std::string body);

  net::HttpClient& http_;
  std::string base_;
};

}  // namespace stub
