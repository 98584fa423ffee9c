// A CloudFormation with fake types, driven through its query API; background work is run to its end after every call.
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/task_group.h"
#include "localcloud/cloudformation/cloudformation.h"
#include "localcloud/cloudformation/testing/fake_types.h"
#include "localcloud/local_clock.h"
#include "net/url.h"

namespace localcloud::testing {

class FakeApi {
 public:
  using Parameters = std::map<std::string, std::string>;

  FakeApi() : clock_(loop_.get_executor()), tasks_(loop_.get_executor()) {
    cloud_.executor = loop_.get_executor();
    cloud_.tasks = &tasks_;
    cloud_.clock = &clock_;
    service_ = make_cloudformation(cloud_, fake_types(log));
  }

  net::Response call(std::string action, Parameters parameters = {}) {
    auto response = begin(std::move(action), std::move(parameters));
    finish();
    return response;
  }

  // The answer alone; resources under way in the background wait for finish().
  net::Response begin(std::string action, Parameters parameters = {}) {
    parameters["Action"] = std::move(action);
    Call request;
    request.request.method = "POST";
    request.request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    for (const auto& [name, value] : parameters) {
      request.request.body += (request.request.body.empty() ? "" : "&") + name + "=" + net::percent_encode(value);
    }
    log.hold = true;
    net::Response response;
    base::run_until_done(loop_, run(*service_, std::move(request), response));
    return response;
  }

  void finish() {
    log.hold = false;
    base::run_until_done(loop_, tasks_.join());
  }

  FakeLog log;

 private:
  static awaitable<void> run(CloudFormation& service, Call request, net::Response& response) {
    response = co_await service.handle(std::move(request));
  }

  boost::asio::io_context loop_;
  LocalClock clock_;
  base::TaskGroup tasks_;
  Cloud cloud_;
  std::unique_ptr<CloudFormation> service_;
};

// The texts of every <tag> in an answer, in order.
inline std::vector<std::string> texts_of(const net::Response& response, const std::string& tag) {
  std::vector<std::string> found;
  const auto open = "<" + tag + ">";
  for (auto at = response.body.find(open); at != std::string::npos; at = response.body.find(open, at + 1)) {
    const auto from = at + open.size();
    found.push_back(response.body.substr(from, response.body.find("</" + tag + ">", from) - from));
  }
  return found;
}

inline std::string text_of(const net::Response& response, const std::string& tag) {
  const auto all = texts_of(response, tag);
  return all.empty() ? "" : all.front();
}

}  // namespace localcloud::testing
