// The session's entry in the bridge's table: reads it, and writes it on the conditions of bridge/registration.h. What
// follows from it is the link machine's affair.
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

  struct Written {
    bool done = true;
    std::optional<bridge::Registration> found;  // if the condition failed; also by an earlier try of this write
  };
  awaitable<base::Result<Written>> write(bridge::ConditionalWrite write);

 private:
  aws::ClientConfig config_;
  std::string table_;
};

}  // namespace session
