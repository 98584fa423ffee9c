// The local cloud of `start --local`: a process of its own, `livelambda local`, shared by the sessions of one app
// folder. The first session starts it and records it in `.livelambda/local.json`; others join the one recorded. A
// session says that it is there by an open connection, and leaves when it ends cleanly; the last one to leave ends the
// cloud.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/task_group.h"
#include "net/http_client.h"
#include "os/spawner.h"

namespace cli {

using boost::asio::awaitable;

class LocalCloudProcess {
 public:
  // Joins or starts. `program` is this executable's path; `arguments` are of a cloud that is started. Errors:
  // local_resource.
  static awaitable<base::Result<std::unique_ptr<LocalCloudProcess>>> join(std::string state_folder, std::string program,
                                                                          std::vector<std::string> arguments,
                                                                          os::Spawner* spawner);

  // What AWS's tools read: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
  std::map<std::string, std::string> environment() const;

  awaitable<void> leave();

 private:
  LocalCloudProcess(boost::asio::any_io_executor executor, std::unique_ptr<net::HttpClient> http);
  awaitable<void> hold();
  awaitable<bool> try_to_join(std::string record);

  std::string endpoint_;
  std::string region_;
  std::string access_key_id_;
  std::string secret_access_key_;
  std::string session_;  // this session's name in the cloud's count
  std::unique_ptr<net::HttpClient> http_;
  base::TaskGroup tasks_;
};

}  // namespace cli
