// The stub's side of Lambda's Runtime API (aws-facts §4): the next event, and its answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "bridge/message.h"
#include "net/http_client.h"
#include "net/request_stream.h"

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
  // A streamed response, over a connection of its own: writes wait for Lambda. finish_stream() ends it, with an error
  // if there is one: then what was written is all that the caller gets.
  struct StreamError {
    std::string type;
    std::string body;
  };
  awaitable<base::Result<std::unique_ptr<net::RequestStream>>> begin_stream(std::string request_id,
                                                                            bridge::NameValues headers);
  awaitable<base::Result<>> finish_stream(std::unique_ptr<net::RequestStream> stream, std::optional<StreamError> error);
  awaitable<base::Result<>> respond_error(std::string request_id, std::string error_type, bridge::NameValues headers,
                                          std::string body);

 private:
  awaitable<base::Result<>> post(std::string path, bridge::NameValues headers, std::string body);

  net::HttpClient& http_;
  std::string base_;
};

}  // namespace stub
