#include "aws/retry.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

#include "aws/times.h"

namespace aws {
namespace {

constexpr int kMostTokens = 500;

template <std::size_t N>
bool is_one_of(const std::string_view (&codes)[N], std::string_view code) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

bool is_throttled(const base::Error& error) {
  static constexpr std::string_view kCodes[] = {"Throttling",
                                                "ThrottlingException",
                                                "ThrottledException",
                                                "RequestThrottledException",
                                                "TooManyRequestsException",
                                                "ProvisionedThroughputExceededException",
                                                "TransactionInProgressException",
                                                "RequestLimitExceeded",
                                                "BandwidthLimitExceeded",
                                                "LimitExceededException",
                                                "RequestThrottled",
                                                "SlowDown",
                                                "PriorRequestNotComplete",
                                                "EC2ThrottledException"};
  return error.status == 429 || is_one_of(kCodes, error.code);
}

bool is_transient(const base::Error& error) {
  static constexpr std::string_view kCodes[] = {"RequestTimeout", "RequestTimeoutException", "IDPCommunicationError"};
  static constexpr int kStatuses[] = {500, 502, 503, 504};
  return error.kind == base::ErrorKind::connect || error.kind == base::ErrorKind::transport ||
         is_one_of(kCodes, error.code) ||
         std::find(std::begin(kStatuses), std::end(kStatuses), error.status) != std::end(kStatuses);
}

int cost_of(FailureKind kind) {
  return kind == FailureKind::throttled ? 5 : 14;
}

std::optional<base::Millis> number_of(const net::Headers& headers, std::string_view name, int unit) {
  auto value = headers.get(name);
  int number = 0;
  if (!value) return std::nullopt;
  auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || number < 0 || number > 1'000'000) {
    return std::nullopt;
  }
  return base::Millis(std::int64_t{number} * unit);
}

}  // namespace

FailureKind failure_kind(const base::Error& error) {
  if (is_throttled(error)) return FailureKind::throttled;
  return is_transient(error) ? FailureKind::transient : FailureKind::final;
}

bool take_tokens(CallMemory& memory, FailureKind kind) {
  if (memory.retry_tokens < cost_of(kind)) return false;
  memory.retry_tokens -= cost_of(kind);
  return true;
}

void give_tokens(CallMemory& memory, std::optional<FailureKind> last_retry) {
  memory.retry_tokens = std::min(kMostTokens, memory.retry_tokens + (last_retry ? cost_of(*last_retry) : 1));
}

base::Millis retry_pause(FailureKind kind, int retry, double random, const net::Headers* answer) {
  constexpr double kLongest = 20'000;
  constexpr base::Millis kMostAsked{5'000};
  double scale = kind == FailureKind::throttled ? 1'000 : 50;
  base::Millis pause(static_cast<std::int64_t>(random * std::min(scale * std::exp2(retry - 1), kLongest)));
  if (answer == nullptr) return pause;
  auto asked = number_of(*answer, "x-amz-retry-after", 1);
  if (!asked) asked = number_of(*answer, "Retry-After", 1'000);
  return asked ? std::max(pause, std::min(*asked, pause + kMostAsked)) : pause;
}

bool correct_clock(CallMemory& memory, const base::Error& error, const net::Headers& answer, base::WallTime now) {
  static constexpr std::string_view kSkewed[] = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"};
  static constexpr std::string_view kPerhapsSkewed[] = {"InvalidSignatureException", "SignatureDoesNotMatch",
                                                        "AuthFailure"};
  // What services tolerate is 5 minutes and more; a wrong signature has other causes too.
  constexpr std::chrono::seconds kMuch = std::chrono::minutes(4);
  bool certain = is_one_of(kSkewed, error.code);
  if (!certain && !is_one_of(kPerhapsSkewed, error.code)) return false;
  auto date = answer.get("Date");
  auto theirs = date ? parse_http_date(*date) : std::nullopt;
  if (!theirs) return false;
  auto offset = std::chrono::duration_cast<std::chrono::seconds>(*theirs - now);
  if (std::chrono::abs(offset - memory.clock_offset) < (certain ? std::chrono::seconds(2) : kMuch)) return false;
  memory.clock_offset = offset;
  return true;
}

}  // namespace aws
