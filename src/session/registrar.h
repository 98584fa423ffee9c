// The session's entry in the bridge's table: reading it, and writing it on the conditions that bridge/registration.h
// describes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "aws/dynamodb.h"
#include "base/result.h"
#include "bridge/registration.h"

namespace session {

using boost::asio::awaitable;

class Registrar {
 public:
  Registrar(aws::ClientConfig config, std::string table) : config_(std::move(config)), table_(std::move(table)) {}

  awaitable<base::Result<std::optional<bridge::Registration>>> read();

  // Makes the item ours, whoever had it. The item that was replaced, if there was one.
  awaitable<base::Result<std::optional<bridge::Registration>>> claim(bridge::Registration own);

  struct Written {
    bool ours = true;
    std::optional<bridge::Registration> found;  // if it is not ours any more
  };
  // A new link of ours. A write that had succeeded although its answer was lost counts as ours.
  awaitable<base::Result<Written>> renew(bridge::Registration own);
  awaitable<base::Result<Written>> release(bridge::Registration own);

 private:
  awaitable<base::Result<Written>> write(bridge::ConditionalWrite write);

  aws::ClientConfig config_;
  std::string table_;
};

}  // namespace session
