// --record-websockets: what WebSocket APIs carry, as JSON lines {"direction","connectionId","data"} appended to a file.
// "in" came from a client, "out" went to one as an answer or an error, "post" is the body of a POST @connections.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace localcloud {

class Recorder {
 public:
  explicit Recorder(const std::string& file);  // empty: records nothing
  void record(std::string_view direction, std::string_view connection_id, std::string_view data);

 private:
  std::ofstream out_;
};

}  // namespace localcloud
