// Layers of live functions that are not of the app: somebody else's, by ARN. They are downloaded with the session's own
// rights, once, into the user's cache, by content.
#pragma once

#include <functional>
#include <string>

#include "app/model.h"
#include "aws/client.h"

namespace session {

using boost::asio::awaitable;

struct LayerAccount {
  aws::ClientConfig aws;
  std::string partition;  // of the caller's ARN: "aws"
  std::string account;
  std::string cache;  // absolute; "" = none, and nothing is downloaded
};

// Gives each such layer its archive on this machine (app::Layer::source). What cannot be had, or is known only after
// deployment, is told in a line, and its functions run without it.
awaitable<void> fetch_foreign_layers(app::Application& application, LayerAccount from,
                                     std::function<void(std::string)> tell);

}  // namespace session
