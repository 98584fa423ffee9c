// Small texts of HTTP front ends: times, messages, UTF-8.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "net/http.h"

namespace localcloud {

bool is_utf8(std::string_view text);
// Every byte that is not part of a character becomes U+FFFD.
std::string repaired_utf8(std::string_view text);

std::string common_log_time(base::WallTime time);  // "12/Mar/2020:19:03:58 +0000"

std::string lower_case(std::string_view text);

// {"message":"…"} with its status.
net::Response message_response(int status, std::string_view message);

// "a, b,c" → {"a","b","c"}.
std::vector<std::string> comma_list(std::string_view text);

}  // namespace localcloud
