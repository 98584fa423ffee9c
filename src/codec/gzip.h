// gzip (RFC 1952), for the one payload that AWS hands to functions compressed: CloudWatch Logs' subscriptions.
#pragma once

#include <string>
#include <string_view>

namespace codec {

std::string gzip(std::string_view text);

}  // namespace codec
