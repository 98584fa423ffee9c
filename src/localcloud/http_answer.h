// What a function's answer means as an HTTP response: payload format 2.0 with its inferred answers, 1.0, and the
// stricter one of REST APIs (AGW-guide http-api-develop-integrations-lambda.md, set-up-lambda-proxy-integrations.md).
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace localcloud {

enum class ProxyFormat { http_v2, http_v1, rest };

// nullopt: malformed (500 of an HTTP API, 502 of a REST API). `decode_base64`: of a REST API, whether the client
// accepts one of its binary types; HTTP APIs always decode.
std::optional<net::Response> read_proxy_response(std::string_view payload, ProxyFormat format, bool decode_base64);

}  // namespace localcloud
