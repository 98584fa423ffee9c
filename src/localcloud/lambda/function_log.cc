#include "localcloud/lambda/function_log.h"

#include <fmt/format.h>

#include <cmath>

#include "base/ids.h"
#include "localcloud/logs/logs.h"
#include "localcloud/wire.h"

namespace localcloud {

namespace {
constexpr std::size_t kTailBytes = 4096;
}

std::string report_line(const InvocationReport& report) {
  std::string line = fmt::format(
      "REPORT RequestId: {}\tDuration: {:.2f} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
      report.request_id, report.duration_ms,
      static_cast<std::int64_t>(std::ceil(report.duration_ms + report.init_ms.value_or(0))), report.memory_mb,
      report.max_memory_mb);
  if (report.init_ms) line += fmt::format("Init Duration: {:.2f} ms\t", *report.init_ms);
  if (!report.status.empty()) line += fmt::format("Status: {}\t", report.status);
  if (!report.error_type.empty()) line += fmt::format("Error Type: {}\t", report.error_type);
  return line;
}

FunctionLog::FunctionLog(Cloud& cloud, std::string group, std::string_view version)
    : cloud_(cloud), group_(std::move(group)) {
  std::string date = iso_time(cloud.clock->now()).substr(0, 10);  // "2026-01-02"
  std::replace(date.begin(), date.end(), '-', '/');
  stream_ = fmt::format("{}/[{}]{}", date, version, base::to_hex(base::random_bytes<16>()));
}

void FunctionLog::line(std::string_view text) {
  cloud_.logs->append(group_, stream_, text);
  tail_ += text;
  tail_ += '\n';
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

}  // namespace localcloud
