// A debug stack on loopback, as far as a session meets it: a WebSocket API with `hello` and @connections, and a table
// that holds one item and judges conditions. No signature is verified: that is aws/'s affair.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/task_group.h"
#include "bridge/registration.h"
#include "net/http_server.h"

namespace session::testing {

using boost::asio::awaitable;

class FakeBridge {
 public:
  explicit FakeBridge(boost::asio::any_io_executor executor);

  std::string url() const;       // ws://127.0.0.1:port/live
  std::string endpoint() const;  // of every service
  awaitable<void> close();

  // Connections of sessions, in the order of their making; the id is the index's.
  std::vector<std::string> connections;
  bool is_open(const std::string& connection_id) const { return sockets_.contains(connection_id); }
  awaitable<void> send(std::string connection_id, std::string text);
  void cut(const std::string& connection_id);
  awaitable<void> close_as_too_big(std::string connection_id);

  // What was posted to connections that are no session's. `on_post` says with which status; 200 if there is none.
  struct Post {
    std::string connection_id;
    std::string body;
  };
  std::vector<Post> posts;
  std::function<int(const Post&)> on_post;
  std::vector<std::string> deleted;
  int hellos = 0;

  std::string refuse_posts_of;  // an access key: 403
  // Posts to connections of sessions arrive there, but large ones: those close the connection with 1009.
  enum class ToSessions { swallow, deliver, refuse_large };
  ToSessions to_sessions = ToSessions::swallow;

  int refuse_upgrades = 0;  // with this status, if it is not 0
  int refusals = 0;
  std::string post_error;    // the code of a status that is none of success
  bool answer_hello = true;  // else silence
  int gets = 0;
  int puts = 0;
  int lose_answers_of_puts = 0;           // so many are written, and the connection then breaks
  std::function<void()> before_next_put;  // runs once, before the next write is judged

  std::optional<bridge::Registration> registration() const;
  std::optional<bridge::Item> item;

 private:
  awaitable<void> handle(net::Exchange& exchange);
  awaitable<void> serve_socket(net::Exchange& exchange);
  net::Response connection_request(const net::Request& request);
  net::Response get_item();
  net::Response put_item(const std::string& body);

  std::map<std::string, std::shared_ptr<net::WebSocket>> sockets_;
  std::unique_ptr<net::HttpServer> server_;
  base::TaskGroup tasks_;
};

// A registration of some other session.
bridge::Registration foreign_registration(const std::string& owner, const std::string& connection_id,
                                          const std::string& endpoint);

}  // namespace session::testing
