// Dates as AWS's services and tools write them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace aws {

// "Tue, 15 Nov 1994 08:12:31 GMT" (RFC 9110 §5.6.7, the form that is sent today).
std::optional<base::WallTime> parse_http_date(std::string_view text);

// ISO 8601 with a zone: "2026-01-02T03:04:05Z", "…05.678+00:00", "…05UTC". Fractions of seconds are dropped.
std::optional<base::WallTime> parse_iso_date(std::string_view text);

// "2026-01-02T03:04:05Z".
std::string iso_date(base::WallTime time);

}  // namespace aws
