#include "localcloud/apigateway/recorder.h"

#include "base/log.h"
#include "codec/json.h"
#include "localcloud/http_text.h"

namespace localcloud {

Recorder::Recorder(const std::string& file) {
  if (file.empty()) return;
  out_.open(file, std::ios::app | std::ios::binary);
  if (!out_) base::log_error("--record-websockets: {} cannot be written", file);
}

void Recorder::record(std::string_view direction, std::string_view connection_id, std::string_view data) {
  if (!out_.is_open()) return;
  codec::json::object line;
  line["direction"] = direction;
  line["connectionId"] = connection_id;
  line["data"] = repaired_utf8(data);
  out_ << codec::to_text(line) << '\n' << std::flush;
}

}  // namespace localcloud
