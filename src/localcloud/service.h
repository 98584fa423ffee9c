// What the dispatcher and the services say to each other. A request reaches a service with its signature verified; the
// service names the IAM action and resource and asks Iam::authorize before it does anything.
//
// Errors of AWS travel as base::Error of kind `service` with AWS's own `code` and HTTP `status`; the service renders
// them in its protocol (JSON 1.0/1.1, query/XML, REST-XML, REST-JSON). What is not implemented answers 501 and names
// the operation.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "localcloud/identity.h"
#include "net/http_server.h"

namespace localcloud {

using boost::asio::awaitable;

struct Call {
  net::Request request;
  Principal caller;
  std::string service;  // the signature's scope: "lambda", "s3", "execute-api", …
  std::string region;
  std::string request_id;  // a fresh UUID, for x-amzn-RequestId
};

class Service {
 public:
  virtual ~Service() = default;
  // The operations that work, by their API names ("CreateQueue"): docs/local-cloud.md is made from it. What is not
  // listed answers not_implemented().
  virtual std::vector<std::string> operations() const { return {}; }
  virtual awaitable<net::Response> handle(Call call) = 0;
};

// An error as AWS words it.
inline tl::unexpected<base::Error> aws_error(int status, std::string code, std::string message) {
  return tl::unexpected<base::Error>(base::Error{
      .kind = base::ErrorKind::service, .message = std::move(message), .code = std::move(code), .status = status});
}

}  // namespace localcloud
