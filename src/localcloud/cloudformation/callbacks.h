// Addresses of the local cloud that what CloudFormation has started answers to: the ResponseURL of custom resources,
// the handle of wait conditions. Where AWS gives presigned URLs of a bucket of its own, these are control calls: PUT
// /_local/cloudformation/{token}, whose token is what gives the right.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/notifier.h"
#include "localcloud/cloud.h"

namespace localcloud {

using boost::asio::awaitable;

class Callbacks {
 public:
  explicit Callbacks(Cloud& cloud) : cloud_(cloud) {}

  std::string open();  // a fresh address
  void close(std::string_view url);
  // What came, in order; waits until there are at least `count` or until `until` on the local clock.
  awaitable<std::vector<std::string>> wait(std::string url, std::size_t count, base::WallTime until);
  // A body that was put to the address with this token; false if there is none.
  bool put(std::string_view token, std::string body);

 private:
  awaitable<void> wake_at(base::WallTime until);

  Cloud& cloud_;
  std::map<std::string, std::vector<std::string>, std::less<>> received_;  // by address
  base::Notifier changed_;
};

}  // namespace localcloud
